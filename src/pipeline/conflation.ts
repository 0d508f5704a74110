import type { Timer, Timers } from '../runtime/runtime.ts'
import type { Recorder } from './recorder.ts'
import type { InstrumentStreams, TopPublisher } from './streams.ts'

/**
 * Publishes the top of each book that changed, once per interval. Between publishes a change costs one flag; the timer runs only
 * while something has changed.
 */
export class Conflation implements TopPublisher {
  readonly #everyMs: number
  readonly #timers: Timers
  readonly #recorder: Recorder
  readonly #dirty: InstrumentStreams[] = []
  #timer: Timer | undefined

  constructor(everyMs: number, timers: Timers, recorder: Recorder) {
    this.#everyMs = everyMs
    this.#timers = timers
    this.#recorder = recorder
  }

  /** The book has changed. */
  touch(streams: InstrumentStreams): void {
    if (streams.book.dirty || streams.publish.depth === 0) return
    streams.book.dirty = true
    this.#dirty.push(streams)
    this.#arm()
  }

  /** Recording goes on: what still waits is published after the interval. */
  resume(): void {
    if (this.#dirty.length > 0) this.#arm()
  }

  /** Publishes what waits, if anything can be recorded, and ends the timer. */
  stop(): void {
    this.#timer?.cancel()
    this.#publish()
  }

  #arm(): void {
    this.#timer ??= this.#timers.after(this.#everyMs, () => this.#publish())
  }

  /**
   * Books that were lost or look crossed meanwhile are left out: only what is verified is published. Those that cannot be recorded
   * wait.
   */
  #publish(): void {
    this.#timer = undefined
    let published = 0
    for (const { book, publish, records } of this.#dirty) {
      if (this.#recorder.isHeld) break
      published++
      book.dirty = false
      if (!book.sync.isLive || book.crossed > 0 || book.goodTimeUs === undefined) continue
      const stamp = { epoch: book.epoch, receiveTimeUs: book.goodTimeUs }
      this.#recorder.book(records, book.sync.book, publish.depth, stamp)
    }
    this.#dirty.copyWithin(0, published)
    this.#dirty.length -= published
  }
}
