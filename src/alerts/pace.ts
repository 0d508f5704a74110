/** DingTalk takes 20 messages of a robot in a minute and then none for ten: two are left for clocks that differ and for others. */
export const MESSAGES_LIMIT = 18
export const WINDOW_US = 60_000_000

/**
 * Says when the next message may go out: at most `MESSAGES_LIMIT` in any 60 s. A message counts until 60 s after its answer, since it may
 * have arrived at any moment until then. Steady time, µs. Pure.
 */
export class Pace {
  /** When each stops counting, the oldest first; `Infinity` while it has no answer. */
  readonly #freeUs: number[]

  /** `agesUs`: how long ago earlier ones were answered. One from the future (a clock was set) counts in full. */
  constructor(agesUs: readonly number[], nowUs: number) {
    this.#freeUs = agesUs.map((ageUs) => nowUs - Math.max(0, ageUs) + WINDOW_US).toSorted((a, b) => a - b)
  }

  /** The earliest time for another one; in the past where there is room. */
  dueUs(): number {
    return this.#freeUs.length < MESSAGES_LIMIT
      ? -Infinity
      : (this.#freeUs[this.#freeUs.length - MESSAGES_LIMIT] ?? -Infinity)
  }

  begin(nowUs: number): void {
    while ((this.#freeUs[0] ?? Infinity) <= nowUs) this.#freeUs.shift()
    this.#freeUs.push(Infinity)
  }

  /** The one that was begun last was answered, or given up. */
  end(nowUs: number): void {
    this.#freeUs.pop()
    this.#freeUs.push(nowUs + WINDOW_US)
  }
}
