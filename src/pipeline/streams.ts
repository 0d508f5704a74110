import { Book } from '../book/book.ts'
import { BookSync, type FollowHearing, type LinkRule } from '../book/sync.ts'
import { decimalsOf } from '../core/decimal.ts'
import { GAP_CAUSES, type GapCause } from '../core/gap.ts'
import type { Instrument } from '../core/instrument.ts'
import { epochMicros, type EpochMicros } from '../core/units.ts'
import type { RecordStreams } from './encoder.ts'

/** The frame that an event stood in. */
export interface Origin {
  readonly session: number
  readonly frame: Uint8Array
  readonly receiveTimeUs: EpochMicros
}

/** A stretch of which nothing is known, not over yet. */
export interface OpenGap {
  readonly cause: GapCause
  readonly fromTimeUs: EpochMicros
  readonly fromSequence: number
}

/** Trades that came while nothing could be recorded. */
export interface UnrecordedTrades {
  readonly fromTimeUs: EpochMicros
  readonly fromSequence: number
  /** They and those that were missing between them; NaN: nobody knows, the venue began to count anew. */
  missed: number
}

/**
 * Which socket a stream is read from. With two sockets open (make before break) the `owner` counts, until the `successor` is
 * proven to have joined it: by a frame that the owner has already brought, or that follows right after.
 */
export interface Ownership {
  owner: number | undefined
  successor: number | undefined
}

/** `session` will carry the stream: at once where nobody does, else as the successor. */
export function carry(stream: Ownership, session: number): void {
  if (stream.owner === undefined) stream.owner = session
  else if (stream.owner !== session) stream.successor = session
}

/** `session` carries the stream no more. Answers true when nobody does. */
export function release(stream: Ownership, session: number): boolean {
  if (stream.successor === session) stream.successor = undefined
  if (stream.owner !== session) return false
  stream.owner = stream.successor
  stream.successor = undefined
  return stream.owner === undefined
}

/** The successor has proven itself. */
export function succeed(stream: Ownership): void {
  stream.owner = stream.successor
  stream.successor = undefined
}

/**
 * Numbers and flags of streams, by slot. As fields of objects they would be waited for where there are thousands of streams, and most numbers
 * be objects themselves, made with each event. What is done with each event reads and writes them here, what is rare mostly through the stream.
 */
export class StreamNumbers {
  /** The session that owns the stream; NaN: nobody. */
  readonly bookOwner: Float64Array
  readonly tradeOwner: Float64Array
  readonly epoch: Float64Array
  readonly bookTimeUs: Float64Array
  readonly bookSequence: Float64Array
  readonly window: Float64Array
  readonly renewedUs: Float64Array
  readonly tradeTimeUs: Float64Array
  readonly tradeVenueTimeUs: Float64Array
  readonly tradeSequence: Float64Array
  /** 1: there is a record of the trades or of a gap in them, before that there is nothing to lose. */
  readonly tradeRecorded: Uint8Array
  /** Trades in a row with old numbers on later times. */
  readonly tradeOlds: Uint8Array
  /** Why the next jump in the numbers happened, where that is known since the socket had ended: a place in `GAP_CAUSES`, from 1; 0: it is not. */
  readonly tradeSuspect: Uint8Array
  /** Updates in a row after which the book was crossed. */
  readonly crossed: Uint8Array
  /** 1: the last snapshot beside the live book differed from it. */
  readonly suspected: Uint8Array
  /** 1: changes of the book are published. */
  readonly publishesDeltas: Uint8Array
  /** A code of `TOP`. */
  readonly topState: Uint8Array

  constructor(slots: number) {
    const column = (first: number): Float64Array => new Float64Array(slots).fill(first)
    this.bookOwner = column(Number.NaN)
    this.tradeOwner = column(Number.NaN)
    this.epoch = column(0)
    this.bookTimeUs = column(Number.NaN)
    this.bookSequence = column(Number.NaN)
    this.window = column(Infinity)
    this.renewedUs = column(-Infinity)
    this.tradeTimeUs = column(Number.NaN)
    this.tradeVenueTimeUs = column(Number.NaN)
    this.tradeSequence = column(Number.NaN)
    this.tradeRecorded = new Uint8Array(slots)
    this.tradeOlds = new Uint8Array(slots)
    this.tradeSuspect = new Uint8Array(slots)
    this.crossed = new Uint8Array(slots)
    this.suspected = new Uint8Array(slots)
    this.publishesDeltas = new Uint8Array(slots)
    this.topState = new Uint8Array(slots)
  }
}

/** The top of a book: it is not published, it is as it was when it was last due, or it has changed since. */
export const TOP = { none: 0, clean: 1, dirty: 2 } as const

/** Where a stream has its numbers. */
interface StreamPlace {
  readonly numbers: StreamNumbers
  readonly slot: number
}

function timeIn(column: Float64Array, slot: number): EpochMicros | undefined {
  const timeUs = numberIn(column, slot)
  return timeUs === undefined ? undefined : epochMicros(timeUs)
}

function numberIn(column: Float64Array, slot: number): number | undefined {
  const value = column[slot] ?? Number.NaN
  return Number.isNaN(value) ? undefined : value
}

/** The book of one instrument and all that is known of its stream. */
export class BookStream implements Ownership {
  readonly #numbers: StreamNumbers
  readonly #slot: number
  readonly sync: BookSync
  successor: number | undefined
  gap: OpenGap | undefined
  /** There is a record of it: before that there is nothing to lose. */
  isRecorded = false
  /** Something of it could not be recorded, so its next record has to be the full book. */
  isWithheld = false
  /** Where the book stood when it was last equal to a snapshot. */
  vouched: { readonly timeUs: EpochMicros; readonly sequence: number } | undefined
  /** Its top was due, and waits for a slower interval. */
  isLate = false

  constructor(rule: LinkRule, instrument: Instrument, place: StreamPlace & { readonly hear: FollowHearing }) {
    const book = new Book(decimalsOf(instrument.tickSize) ?? 0, decimalsOf(instrument.lotSize) ?? 0)
    this.sync = new BookSync(rule, book, place.hear)
    this.#numbers = place.numbers
    this.#slot = place.slot
  }

  get owner(): number | undefined {
    return numberIn(this.#numbers.bookOwner, this.#slot)
  }

  set owner(session: number | undefined) {
    this.#numbers.bookOwner[this.#slot] = session ?? Number.NaN
  }

  /** The last update left the book crossed, outside of an auction: it counts against it. */
  get isCrossed(): boolean {
    return this.#numbers.crossed[this.#slot] !== 0
  }

  /** Grows with each full record, also over restarts: the receive time of the book in ms, or one more than the last. */
  get epoch(): number {
    return this.#numbers.epoch[this.#slot] ?? 0
  }

  set epoch(epoch: number) {
    this.#numbers.epoch[this.#slot] = epoch
  }

  /** Receive time of the last thing that was good. */
  get goodTimeUs(): EpochMicros | undefined {
    return timeIn(this.#numbers.bookTimeUs, this.#slot)
  }

  set goodTimeUs(timeUs: EpochMicros) {
    this.#numbers.bookTimeUs[this.#slot] = timeUs
  }

  /** The venue's number of it. */
  get goodSequence(): number {
    return this.#numbers.bookSequence[this.#slot] ?? Number.NaN
  }

  set goodSequence(sequence: number) {
    this.#numbers.bookSequence[this.#slot] = sequence
  }

  /** Levels a side that the last snapshot was asked for. */
  get window(): number {
    return this.#numbers.window[this.#slot] ?? Infinity
  }

  set window(window: number) {
    this.#numbers.window[this.#slot] = window
  }

  /** When a snapshot beside the live book was asked for last. */
  get renewedUs(): number {
    return this.#numbers.renewedUs[this.#slot] ?? -Infinity
  }

  set renewedUs(timeUs: number) {
    this.#numbers.renewedUs[this.#slot] = timeUs
  }
}

/** The trades of one instrument: only the number of the last one is kept. */
export class TradeStream implements Ownership {
  successor: number | undefined
  readonly #numbers: StreamNumbers
  readonly #slot: number
  unrecorded: UnrecordedTrades | undefined

  constructor({ numbers, slot }: StreamPlace) {
    this.#numbers = numbers
    this.#slot = slot
  }

  get owner(): number | undefined {
    return numberIn(this.#numbers.tradeOwner, this.#slot)
  }

  set owner(session: number | undefined) {
    this.#numbers.tradeOwner[this.#slot] = session ?? Number.NaN
  }

  get isRecorded(): boolean {
    return this.#numbers.tradeRecorded[this.#slot] !== 0
  }

  get suspect(): GapCause | undefined {
    return GAP_CAUSES[(this.#numbers.tradeSuspect[this.#slot] ?? 0) - 1]
  }

  set suspect(cause: GapCause | undefined) {
    this.#numbers.tradeSuspect[this.#slot] = cause === undefined ? 0 : GAP_CAUSES.indexOf(cause) + 1
  }

  /** Number of the last trade; NaN: there was none, or it had none. */
  get last(): number {
    return this.#numbers.tradeSequence[this.#slot] ?? Number.NaN
  }

  set last(sequence: number) {
    this.#numbers.tradeSequence[this.#slot] = sequence
  }

  /** Receive time of the last trade. */
  get goodTimeUs(): EpochMicros | undefined {
    return timeIn(this.#numbers.tradeTimeUs, this.#slot)
  }

  set goodTimeUs(timeUs: EpochMicros) {
    this.#numbers.tradeTimeUs[this.#slot] = timeUs
  }
}

/** One instrument as the pipeline has it. */
export interface InstrumentStreams {
  readonly slot: number
  readonly instrument: Instrument
  readonly records: RecordStreams
  readonly book: BookStream
  readonly trades: TradeStream
  /** Levels a side of its top; 0: none is published. */
  readonly depth: number
  /** Publishes the top of the book some time after it has changed. */
  readonly top: TopPublisher
}

/** Told that a book has changed whose top is published, and was clean. */
export interface TopPublisher {
  touch(streams: InstrumentStreams): void
}

/** How a book is published. */
export interface PublishChoice {
  /** Every verified change. */
  readonly deltas: boolean
  /** Levels a side of the conflated top; 0: none is published. */
  readonly depth: number
  /** The top of a changed book is published once in this time. */
  readonly everyMs: number
}
