/** A duration as Prometheus writes it. */
export type Duration = `${number}${'s' | 'm' | 'h' | 'd'}`

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** Seconds of a duration. */
export const secondsOf = (duration: Duration): number =>
  Number.parseFloat(duration) * (UNIT_SECONDS[duration.at(-1) ?? ''] ?? Number.NaN)

/** Samples by series, in the notation of promtool. */
export type CaseSeries = Readonly<Record<string, string>>

/** Cases have a sample every 15 s, as the scrapes. */
export const CASE_INTERVAL: Duration = '15s'
const SAMPLES_PER_MINUTE = 4

/** A series by its labels. */
export function series(metric: string, labels: Readonly<Record<string, string>>): string {
  const told = Object.entries(labels).map(([name, value]) => `${name}="${value}"`)
  return `${metric}{${told.join(',')}}`
}

// `vxn` and `v+dxn` are n + 1 samples, `_xn` is n.
const repeats = (minutes: number): number => minutes * SAMPLES_PER_MINUTE - 1

/** The same value for so long. */
export const steady = (value: number, minutes: number): string => `${value}x${repeats(minutes)}`

/** From `first`, more by `step` with every sample, for so long. */
export const growing = (first: number, step: number, minutes: number): string =>
  `${first}${step < 0 ? '-' : '+'}${Math.abs(step)}x${repeats(minutes)}`

/** No samples for so long. */
export const missing = (minutes: number): string => `_x${minutes * SAMPLES_PER_MINUTE}`

/** A scrape that answers without the series: it ends at once. Where scrapes are `missing`, it ends five minutes later. */
export const GONE = 'stale'

/** One after the other. */
export const sequence = (...parts: readonly string[]): string => parts.join(' ')
