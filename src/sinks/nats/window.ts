/** Records in flight where a window begins, and after a failure. */
export const WINDOW_FIRST = 1_024
/** Fewer in flight would leave the server without work while an acknowledgement travels. */
export const WINDOW_MIN = 64
/**
 * An acknowledgement that takes longer has mostly waited behind others: the window is larger than the server needs. On loopback it
 * needs some 20 ms of work in hand to be busy all the time.
 */
export const LATENCY_TARGET_US = 50_000
/** Grown by so many a round trip while they are quick, by halves below `GROWTH_STEP` times two. */
export const GROWTH_STEP = 512
/** What is left after a slow round trip. */
export const SHRINK_FACTOR = 0.7

/** One round trip: from publishing a record to its acknowledgement. */
export interface RoundTrip {
  readonly latencyUs: number
  /** Whether the window held publishing back meanwhile; if not, nothing is known about a larger one. */
  readonly isHeldBack: boolean
}

/**
 * How many records may be in flight after a round trip: more by a step while it was quick and the window was in the way, a part
 * less when it was slow; between `WINDOW_MIN` and `max`.
 */
export function nextWindow(records: number, trip: RoundTrip, max: number): number {
  const most = Math.max(1, max)
  const least = Math.min(WINDOW_MIN, most)
  if (trip.latencyUs > LATENCY_TARGET_US) return clamp(Math.floor(records * SHRINK_FACTOR), least, most)
  if (!trip.isHeldBack) return clamp(records, least, most)
  return clamp(records + Math.min(GROWTH_STEP, Math.ceil(records / 2)), least, most)
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value))
