/** Normal deviate of 95 %. */
const DEVIATE = 1.96

/** One reading: when, in hours, and what. */
export interface Reading {
  readonly hours: number
  readonly value: number
}

/** Growth an hour, and the interval that holds it with 95 %. */
export interface Slope {
  readonly middle: number
  readonly low: number
  readonly high: number
}

/**
 * Theil-Sen: the median of the slopes of all pairs, with the interval that follows from Kendall's statistic. It holds for readings that
 * do not depend on their neighbours: give medians of stretches, not every second. `NaN` with fewer than three.
 */
export function slopeOf(readings: readonly Reading[]): Slope {
  const slopes = readings
    .flatMap((later, at) =>
      readings.slice(0, at).map((earlier) => (later.value - earlier.value) / (later.hours - earlier.hours)),
    )
    .toSorted((one, other) => one - other)
  const { length } = readings
  const deviation = DEVIATE * Math.sqrt((length * (length - 1) * (2 * length + 5)) / 18)
  const at = (index: number): number =>
    slopes[Math.max(0, Math.min(slopes.length - 1, Math.round(index)))] ?? NaN
  return {
    middle: at((slopes.length - 1) / 2),
    low: at((slopes.length - deviation) / 2),
    high: at((slopes.length + deviation) / 2 - 1),
  }
}

/** The median of each stretch of `hours`. */
export function stretches(readings: readonly Reading[], hours: number): readonly Reading[] {
  const groups = Map.groupBy(readings, (reading) => Math.floor(reading.hours / hours))
  return [...groups.values()].map((group) => ({
    hours: quantile(
      group.map((reading) => reading.hours),
      0.5,
    ),
    value: quantile(
      group.map((reading) => reading.value),
      0.5,
    ),
  }))
}

/** `NaN` of none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN
}
