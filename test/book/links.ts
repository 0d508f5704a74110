import type { LinkRule } from '../../src/book/sync.ts'
import type { Columns } from '../../src/core/columns.ts'

const firstOf = (columns: Columns, at: number): number => columns.first[at] ?? Number.NaN
const lastOf = (columns: Columns, at: number): number => columns.last[at] ?? Number.NaN
const previousOf = (columns: Columns, at: number): number => columns.previous[at] ?? Number.NaN

/** `U` and `u` (Binance spot): a delta covers `U` to `u` and follows when it begins no later than one past the book. */
export const SPOT: LinkRule = {
  snapshot: 'request',
  judge(sequence, columns, at) {
    if (lastOf(columns, at) <= sequence) return 'old'
    return firstOf(columns, at) <= sequence + 1 ? 'next' : 'gap'
  },
}

/** `pu` (Binance USD-M): only `pu` links, and the first delta may span the snapshot instead. */
export const FUTURES: LinkRule = {
  snapshot: 'request',
  judge(sequence, columns, at, anchored) {
    const last = lastOf(columns, at)
    if (last < sequence || (anchored && last === sequence)) return 'old'
    if (previousOf(columns, at) === sequence) return 'next'
    return !anchored && firstOf(columns, at) <= sequence ? 'next' : 'gap'
  },
}

/** `prevSeqId` and `seqId` (OKX), `prev_change_id` and `change_id` (Deribit): each delta names the one before it. */
export const CHAIN: LinkRule = {
  snapshot: 'stream',
  judge(sequence, columns, at) {
    if (previousOf(columns, at) === sequence) return 'next'
    return lastOf(columns, at) <= sequence ? 'old' : 'gap'
  },
}
