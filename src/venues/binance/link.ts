import type { LinkRule } from '../../book/sync.ts'

/** `lastUpdateId` of a book that has never had an order: whatever comes first follows it. */
const NEVER_USED = -1

/**
 * Spot (sheet binance-spot.md, section 5): a diff covers the ids `U` to `u`, and the next begins at most one after the last.
 * Diffs may overlap what the book has: levels are absolute.
 */
export const spotLink: LinkRule = {
  snapshot: 'request',
  judge: (sequence, columns, at, anchored) => {
    const first = columns.first[at] ?? Number.NaN
    const last = columns.last[at] ?? Number.NaN
    if (sequence === NEVER_USED && !anchored) return 'next'
    if (last <= sequence) return 'old'
    return first <= sequence + 1 ? 'next' : 'gap'
  },
}

/**
 * USD-M (sheet binance-derivatives.md, section 4): only `pu` links a diff to the one before; `U` says nothing there. The first
 * after a snapshot straddles it, or follows it exactly.
 */
export const derivativesLink: LinkRule = {
  snapshot: 'request',
  judge: (sequence, columns, at, anchored) => {
    const first = columns.first[at] ?? Number.NaN
    const last = columns.last[at] ?? Number.NaN
    const follows = columns.previous[at] === sequence
    if (anchored) {
      if (follows) return 'next'
      return last <= sequence ? 'old' : 'gap'
    }
    if (follows || sequence === NEVER_USED) return 'next'
    if (last < sequence) return 'old'
    return first <= sequence ? 'next' : 'gap'
  },
}
