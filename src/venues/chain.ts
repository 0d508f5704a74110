import type { Verdict } from '../book/sync.ts'
import type { Columns } from '../core/columns.ts'

/** Judges a delta that names the sequence before it: that of the book is next, an exact repeat is old, all else is a gap. */
export function judgeChain(sequence: number, columns: Columns, at: number): Verdict {
  const previous = columns.previous[at] ?? Number.NaN
  const last = columns.last[at] ?? Number.NaN
  if (previous === sequence) return 'next'
  return last === sequence && previous < last ? 'old' : 'gap'
}
