import type { Timer, Timers } from '../runtime/runtime.ts'
import type { Counts } from '../telemetry/counts.ts'
import type { Recorder } from './recorder.ts'
import type { TopLimits } from './shedding.ts'
import type { InstrumentStreams, TopPublisher } from './streams.ts'

/** What tops are published through. */
export interface ConflationLinks {
  readonly timers: Timers
  readonly recorder: Recorder
  readonly counts: Counts
}

/**
 * Publishes the top of each book that changed, once per interval. Between publishes a change costs one flag; the timer runs only
 * while something has changed. Under limits tops that are due wait for a second, slower interval, and those that are due meanwhile
 * take their places: each is then published or counted as shed.
 */
export class Conflation implements TopPublisher {
  readonly #everyMs: number
  readonly #links: ConflationLinks
  readonly #dirty: InstrumentStreams[] = []
  readonly #late: InstrumentStreams[] = []
  #limits: TopLimits = { slowMs: undefined, depth: undefined }
  #timer: Timer | undefined
  #lateTimer: Timer | undefined

  constructor(everyMs: number, links: ConflationLinks) {
    this.#everyMs = everyMs
    this.#links = links
  }

  /** The book has changed. */
  touch(streams: InstrumentStreams): void {
    if (streams.book.dirty || streams.publish.depth === 0) return
    streams.book.dirty = true
    this.#dirty.push(streams)
    this.#arm()
  }

  /** From here on tops are published so. What waited for the slower interval is published at once when there is none any more. */
  limit(limits: TopLimits): void {
    this.#limits = limits
    if (limits.slowMs === undefined) this.#publishLate()
  }

  /** Recording goes on: what still waits is published after the interval. */
  resume(): void {
    if (this.#dirty.length > 0) this.#arm()
    if (this.#late.length > 0) this.#armLate()
  }

  /** Publishes what waits, if anything can be recorded, and ends the timers. */
  stop(): void {
    this.#timer?.cancel()
    this.#due()
    this.#publishLate()
  }

  #arm(): void {
    this.#timer ??= this.#links.timers.after(this.#everyMs, () => this.#due())
  }

  #armLate(): void {
    this.#lateTimer ??= this.#links.timers.after(this.#limits.slowMs ?? 0, () => this.#publishLate())
  }

  #due(): void {
    // While nothing can be recorded all waits, and nothing is left out.
    if (this.#limits.slowMs === undefined || this.#links.recorder.isHeld) this.#publish()
    else this.#postpone()
  }

  /** What is due now is published with the next slow interval. */
  #postpone(): void {
    this.#timer = undefined
    for (const streams of this.#dirty) {
      const { book } = streams
      book.dirty = false
      if (!isVerified(streams)) continue
      if (book.isLate) this.#links.counts.topsShed++
      else this.#late.push(streams)
      book.isLate = true
    }
    this.#dirty.length = 0
    if (this.#late.length > 0) this.#armLate()
  }

  /**
   * Books that were lost or look crossed meanwhile are left out: only what is verified is published. Those that cannot be recorded
   * wait.
   */
  #publish(): void {
    this.#timer = undefined
    const published = this.#untilHeld(this.#dirty, (streams) => {
      streams.book.dirty = false
      if (isVerified(streams)) this.#record(streams)
    })
    this.#dirty.splice(0, published)
  }

  #publishLate(): void {
    this.#lateTimer?.cancel()
    this.#lateTimer = undefined
    const published = this.#untilHeld(this.#late, (streams) => {
      streams.book.isLate = false
      if (isVerified(streams)) this.#record(streams)
      else this.#links.counts.topsShed++
    })
    this.#late.splice(0, published)
  }

  /** Answers how many were taken before recording was held. */
  #untilHeld(waiting: readonly InstrumentStreams[], take: (streams: InstrumentStreams) => void): number {
    let taken = 0
    for (const streams of waiting) {
      if (this.#links.recorder.isHeld) break
      taken++
      take(streams)
    }
    return taken
  }

  #record({ book, publish, records }: InstrumentStreams): void {
    const { recorder, counts } = this.#links
    if (book.goodTimeUs === undefined) return
    const levels = book.sync.book
    const depth = Math.min(publish.depth, this.#limits.depth ?? Infinity)
    const there = Math.min(publish.depth, Math.max(levels.bids.count, levels.asks.count))
    if (there > depth) counts.topsCut++
    recorder.book(records, levels, depth, { epoch: book.epoch, receiveTimeUs: book.goodTimeUs })
  }
}

const isVerified = ({ book }: InstrumentStreams): boolean =>
  book.sync.isLive && book.crossed === 0 && book.goodTimeUs !== undefined
