/** A value at a time, min. */
export interface Point {
  readonly minute: number
  readonly value: number
}

/** Theil-Sen: the median of the slopes between any two points, per minute. `undefined` where there are not two. */
export function medianSlope(points: readonly Point[]): number | undefined {
  const slopes = pairs(points).map(([from, to]) => (to.value - from.value) / (to.minute - from.minute))
  slopes.sort((one, other) => one - other)
  const upper = slopes[slopes.length >> 1]
  if (upper === undefined || slopes.length % 2 === 1) return upper
  return (upper + (slopes[(slopes.length >> 1) - 1] ?? upper)) / 2
}

/**
 * Mann-Kendall: how many standard deviations the order of the values is from chance, above 0 where they rise. Equal values say
 * nothing, and are allowed for.
 */
export function risingDeviations(points: readonly Point[]): number {
  let score = 0
  for (const [from, to] of pairs(points)) score += Math.sign(to.value - from.value)
  const variance = spread(points.length) - tiedSpread(points)
  if (score === 0 || variance <= 0) return 0
  return (score - Math.sign(score)) / Math.sqrt(variance)
}

function tiedSpread(points: readonly Point[]): number {
  const counts = new Map<number, number>()
  for (const { value } of points) counts.set(value, (counts.get(value) ?? 0) + 1)
  let sum = 0
  for (const count of counts.values()) sum += spread(count)
  return sum
}

function spread(count: number): number {
  return (count * (count - 1) * (2 * count + 5)) / 18
}

function pairs(points: readonly Point[]): (readonly [Point, Point])[] {
  return points.flatMap((from, index) => points.slice(index + 1).map((to) => [from, to] as const))
}
