import type { Book } from '../../book/book.ts'
import type { Side } from '../../book/side.ts'
import type { LinkRule, Verdict } from '../../book/sync.ts'
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
  snapshot: 'either',
  judge(sequence, columns, at, anchored) {
    const previous = columns.previous[at] ?? Number.NaN
    if (Number.isNaN(sequence) || Number.isNaN(previous)) return 'next'
    return anchored
      ? judgeChain(sequence, columns, at)
      : judgeFirst(sequence, previous, columns.last[at] ?? 0)
  },
  checksum: bookChecksum,
}

/**
 * The first update after a snapshot. One that was asked for by REST falls anywhere: the update that spans it is next (sheet 6, "no WS
 * snapshot": `prevSeqId <= snapSeq < seqId`), a lower `seqId` on the snapshot's own number is a reset.
 */
function judgeFirst(sequence: number, previous: number, last: number): Verdict {
  if (previous === sequence) return 'next'
  if (last <= sequence) return 'old'
  return previous < sequence ? 'next' : 'gap'
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
