import type { Timer, Timers } from '../runtime/runtime.ts'
import type { InstrumentStreams } from './streams.ts'

/** Levels that the tops of one interval taken in one turn of the loop may have, those of the last one apart: well below a millisecond. */
const TURN_LEVELS = 1_000

/** What becomes of streams that have waited. */
export interface WaitingLinks {
  readonly timers: Timers
  readonly intervalMs: () => number
  /** None is taken: all go on waiting, until it is told to `resume`. */
  readonly isHeld: () => boolean
  readonly take: (streams: InstrumentStreams) => void
}

/**
 * Streams that wait for the end of an interval. All that wait then are taken, some in each turn of the loop, so that a thousand books
 * keep no frame waiting; those that come meanwhile have the next interval. The timer runs only while something waits.
 */
export class Waiting {
  readonly #links: WaitingLinks
  readonly #streams: InstrumentStreams[] = []
  /** So many, the first ones, have waited for long enough. */
  #due = 0
  #timer: Timer | undefined

  constructor(links: WaitingLinks) {
    this.#links = links
  }

  add(streams: InstrumentStreams): void {
    this.#streams.push(streams)
    this.resume()
  }

  /** What still waits has another interval. */
  resume(): void {
    if (this.#streams.length > 0) {
      this.#timer ??= this.#links.timers.after(this.#links.intervalMs(), () => this.begin())
    }
  }

  /** The interval is over now. */
  begin(): void {
    this.#due = this.#streams.length
    this.#takeDue(TURN_LEVELS)
  }

  /** All are taken in this turn, unless they are held; the timer ends. */
  finish(): void {
    this.#due = this.#streams.length
    this.#takeDue(Infinity)
  }

  #takeDue(levelLimit: number): void {
    this.#timer?.cancel()
    this.#timer = undefined
    let taken = 0
    for (let levels = 0; taken < this.#due && levels < levelLimit && !this.#links.isHeld(); taken++) {
      const streams = this.#streams[taken]
      if (streams === undefined) break
      levels += 2 * streams.depth
      this.#links.take(streams)
    }
    this.#streams.splice(0, taken)
    this.#due -= taken
    if (this.#links.isHeld()) return
    if (this.#due > 0) this.#timer = this.#links.timers.after(0, () => this.#takeDue(levelLimit))
    else this.resume()
  }
}
