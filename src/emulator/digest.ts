import { createHash } from 'node:crypto'
import type { TruthBook } from './model.ts'

/**
 * SHA-256 of a book in its canonical form: bids from best to worst, then asks, one line `<b|a> <price> <size>` a level, decimals in
 * plain notation without trailing zeros. Two books are equal when their digests are.
 */
export function digestOf({ bids, asks }: Pick<TruthBook, 'bids' | 'asks'>): string {
  const hash = createHash('sha256')
  for (const [price, size] of bids) hash.update(`b ${price} ${size}\n`)
  for (const [price, size] of asks) hash.update(`a ${price} ${size}\n`)
  return hash.digest('hex')
}
