import type { Book } from '../../book/book.ts'
import type { Side } from '../../book/side.ts'
import type { LinkRule } from '../../book/sync.ts'
import { judgeChain } from '../chain.ts'
import { crc32 } from '../crc32.ts'

/** Levels a side that the legacy checksum covers. */
const CHECKSUM_DEPTH = 25

/**
 * The chain of the `books` channels (sheet 6, sequence rules). An update names the `seqId` before it: equal is next, also when its
 * own `seqId` is equal (a heartbeat of a quiet book) or lower (a maintenance reset). Frames from before 2023 have no numbers and
 * are guarded by the checksum alone.
 */
export const okxLink: LinkRule = {
  snapshot: 'stream',
  judge(sequence, columns, at) {
    const isUnnumbered = Number.isNaN(sequence) || Number.isNaN(columns.previous[at] ?? Number.NaN)
    return isUnnumbered ? 'next' : judgeChain(sequence, columns, at)
  },
  checksum: bookChecksum,
}

/**
 * Signed CRC32 over `bid:size:ask:size:…` of the best 25 levels (sheet 6, legacy algorithm); where one side is shorter the other
 * goes on alone. OKX writes no trailing zeros, so the exact texts of the book are its original strings.
 */
export function bookChecksum(book: Book): number {
  const parts: string[] = []
  const add = (side: Side, depth: number): void => {
    if (depth < side.count) parts.push(book.priceText(side, depth), book.sizeText(side, depth))
  }
  for (let depth = 0; depth < CHECKSUM_DEPTH; depth++) {
    add(book.bids, depth)
    add(book.asks, depth)
  }
  return crc32(parts.join(':'))
}
