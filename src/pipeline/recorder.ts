import type { Book } from '../book/book.ts'
import type { Columns } from '../core/columns.ts'
import type { EpochMicros } from '../core/units.ts'
import type { Counts } from '../telemetry/counts.ts'
import type { BookStamp, Encoder, GapFacts, RecordStreams, StampedBook, TradeOrigin } from './encoder.ts'

/** Where finished records go: the journal. The bytes are only good during the call. */
export type Append = (line: Uint8Array, receiveTimeUs: EpochMicros) => void

/**
 * Makes records and hands them on, counting them. While it is held nothing may be made, because a record that is made has used up
 * its `seq`: whoever records asks `isHeld` first, and again after each record, since handing one on may be what holds it.
 */
export class Recorder {
  readonly #encoder: Encoder
  readonly #append: Append
  readonly #counts: Counts
  #isHeld = false

  constructor(encoder: Encoder, append: Append, counts: Counts) {
    this.#encoder = encoder
    this.#append = append
    this.#counts = counts
  }

  get isHeld(): boolean {
    return this.#isHeld
  }

  hold(): void {
    this.#isHeld = true
  }

  resume(): void {
    this.#isHeld = false
  }

  trade(slot: number, columns: Columns, at: number, from: TradeOrigin): void {
    this.#encoder.trade(slot, columns, at, from)
    this.#counts.trades++
    this.#hand(from.receiveTimeUs)
  }

  delta(slot: number, columns: Columns, at: number, to: StampedBook): void {
    this.#encoder.delta(slot, columns, at, to)
    this.#hand(to.stamp.receiveTimeUs)
  }

  /** The best `depth` levels, or with `Infinity` the whole book. */
  book(records: RecordStreams, book: Book, depth: number, stamp: BookStamp): void {
    this.#encoder.book(records.orderbook, book, depth, stamp)
    this.#counts.books++
    this.#hand(stamp.receiveTimeUs)
  }

  gap(records: RecordStreams, facts: GapFacts, receiveTimeUs: EpochMicros): void {
    this.#encoder.gap(records.gap, facts, receiveTimeUs)
    this.#hand(receiveTimeUs)
  }

  #hand(receiveTimeUs: EpochMicros): void {
    const { line } = this.#encoder
    this.#counts.records++
    this.#counts.recordBytes += line.length
    this.#append(line, receiveTimeUs)
  }
}
