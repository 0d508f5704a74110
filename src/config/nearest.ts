/** The candidate that `word` most likely meant; `undefined` when none is close. Case and `-` against `_` do not count. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = folded(word)
  let best: string | undefined
  let bestDistance = Math.floor(wanted.length / 3) + 1
  for (const candidate of candidates) {
    const distance = editDistance(wanted, folded(candidate))
    if (distance >= bestDistance) continue
    best = candidate
    bestDistance = distance
  }
  return best
}

const WORD_LIMIT = 64

const folded = (word: string): string => word.slice(0, WORD_LIMIT).toLowerCase().replaceAll('-', '_')

/** How many inserts, deletes, replacements and swaps of neighbours make `one` into `other`. */
export function editDistance(one: string, other: string): number {
  let before: readonly number[] = []
  let row: readonly number[] = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let at = 1; at <= one.length; at++) {
    const next = [at]
    for (let to = 1; to <= other.length; to++) {
      const differs = one[at - 1] === other[to - 1] ? 0 : 1
      const least = Math.min(cost(row, to) + 1, cost(next, to - 1) + 1, cost(row, to - 1) + differs)
      const isSwap = at > 1 && one[at - 1] === other[to - 2] && one[at - 2] === other[to - 1]
      next.push(isSwap ? Math.min(least, cost(before, to - 2) + 1) : least)
    }
    before = row
    row = next
  }
  return cost(row, other.length)
}

const cost = (row: readonly number[], at: number): number => row[at] ?? Number.POSITIVE_INFINITY
