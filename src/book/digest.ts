import { formatDecimal } from '../core/decimal.ts'
import type { Book } from './book.ts'
import type { Side } from './side.ts'

/** Lines handed to the hash at once: enough to make the call cheap, few enough to make no large strings. */
const CHUNK_LINES = 512

/** A running hash, such as `createHash('sha256')` of `node:crypto`. */
export interface TextHash {
  update(text: string): unknown
}

/**
 * The whole book as text: bids from best to worst, then asks, one line `<b|a> <price> <size>\n` per level, plain decimals without
 * trailing zeros. Two books are equal exactly when their dumps are.
 */
export function canonicalDump(book: Book): string {
  let text = ''
  fullDepthDigest(book, { update: (chunk) => (text += chunk) })
  return text
}

/** Feeds the canonical dump of `book` to `hash`, and answers that hash. */
export function fullDepthDigest<Hash extends TextHash>(book: Book, hash: Hash): Hash {
  dumpSide(book, book.bids, { mark: 'b ', hash })
  dumpSide(book, book.asks, { mark: 'a ', hash })
  return hash
}

function dumpSide(book: Book, side: Side, to: { readonly mark: string; readonly hash: TextHash }): void {
  const { priceDecimals, sizeDecimals } = book
  let chunk = ''
  for (let depth = 0; depth < side.count; depth++) {
    const price = formatDecimal(side.price(depth), priceDecimals)
    chunk += `${to.mark}${price} ${formatDecimal(side.size(depth), sizeDecimals)}\n`
    if (depth % CHUNK_LINES !== CHUNK_LINES - 1) continue
    to.hash.update(chunk)
    chunk = ''
  }
  if (chunk !== '') to.hash.update(chunk)
}
