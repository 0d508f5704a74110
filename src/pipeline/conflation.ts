import { longestOf } from '../book/view.ts'
import type { Timers } from '../runtime/runtime.ts'
import type { Counts } from '../telemetry/counts.ts'
import type { Recorder } from './recorder.ts'
import type { TopLimits } from './shedding.ts'
import { type InstrumentStreams, type StreamNumbers, TOP, type TopPublisher } from './streams.ts'
import { Waiting } from './waiting.ts'

/** What tops are published through. */
export interface ConflationLinks {
  readonly timers: Timers
  readonly numbers: StreamNumbers
  readonly recorder: Recorder
  readonly counts: Counts
}

/**
 * Publishes the top of each book that changed, once per interval. Between publishes a change costs one flag. Under limits tops that
 * are due wait for a second, slower interval, and those that are due meanwhile take their places: each is then published or counted
 * as shed.
 */
export class Conflation implements TopPublisher {
  readonly #links: ConflationLinks
  /** Those that have changed. */
  readonly #dirty: Waiting
  /** Those that are due, and wait for the slower interval. */
  readonly #late: Waiting
  #limits: TopLimits = { slowMs: undefined, depth: undefined }

  constructor(everyMs: number, links: ConflationLinks) {
    this.#links = links
    const { timers, recorder } = links
    // While nothing can be recorded all waits, and nothing is left out.
    const isHeld = (): boolean => recorder.isHeld
    this.#dirty = new Waiting({
      timers,
      intervalMs: () => everyMs,
      isHeld,
      take: (streams) => this.#due(streams),
    })
    this.#late = new Waiting({
      timers,
      intervalMs: () => this.#limits.slowMs ?? 0,
      isHeld,
      take: (streams) => this.#publishLate(streams),
    })
  }

  touch(streams: InstrumentStreams): void {
    this.#links.numbers.topState[streams.slot] = TOP.dirty
    this.#dirty.add(streams)
  }

  /** From here on tops are published so. What waited for the slower interval is due at once when there is none any more. */
  limit(limits: TopLimits): void {
    this.#limits = limits
    if (limits.slowMs === undefined) this.#late.begin()
  }

  /** Recording goes on: what still waits is published after the interval. */
  resume(): void {
    this.#dirty.resume()
    this.#late.resume()
  }

  /** Publishes what waits, if anything can be recorded, and ends the timers. */
  stop(): void {
    this.#dirty.finish()
    this.#late.finish()
  }

  /** Books that were lost or look crossed meanwhile are left out: only what is verified is published. */
  #due(streams: InstrumentStreams): void {
    const { book, slot } = streams
    this.#links.numbers.topState[slot] = TOP.clean
    if (!isVerified(streams)) return
    // What still waits in the slower interval is published from there, once.
    if (this.#limits.slowMs === undefined && !book.isLate) this.#record(streams)
    else this.#postpone(streams)
  }

  /** What is due now is published with the next slow interval. */
  #postpone(streams: InstrumentStreams): void {
    const { book } = streams
    if (book.isLate) this.#links.counts.topsShed++
    else this.#late.add(streams)
    book.isLate = true
  }

  #publishLate(streams: InstrumentStreams): void {
    streams.book.isLate = false
    if (isVerified(streams)) this.#record(streams)
    else this.#links.counts.topsShed++
  }

  #record({ book, depth: most, records }: InstrumentStreams): void {
    const { recorder, counts } = this.#links
    if (book.goodTimeUs === undefined) return
    const levels = book.sync.book
    const depth = Math.min(most, this.#limits.depth ?? Infinity)
    const there = Math.min(most, longestOf(levels))
    if (there > depth) counts.topsCut++
    recorder.book(records, levels, depth, { epoch: book.epoch, receiveTimeUs: book.goodTimeUs })
  }
}

const isVerified = ({ book }: InstrumentStreams): boolean =>
  book.sync.isLive && !book.isCrossed && book.goodTimeUs !== undefined
