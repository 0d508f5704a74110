import type { Book } from '../book/book.ts'
import type { Side } from '../book/side.ts'
import { BUY, type Columns, TRADE_FLAG_NAMES } from '../core/columns.ts'
import type { GapCause, GapRepair } from '../core/gap.ts'
import { type Channel, exchangeOf } from '../core/ids.ts'
import type { Instrument } from '../core/instrument.ts'
import { RECORD_TYPES, type RecordType } from '../core/record.ts'
import type { EpochMicros } from '../core/units.ts'
import { ByteWriter } from './byte-writer.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

const SEQ = text('"seq":')
const VENUE_TIME = text(',"venue_time_us":')
const RECEIVE_TIME = text(',"recv_time_us":')
const EPOCH = text(',"epoch":')
const KNOWN_BIDS = text(',"known_depth_bids":')
const KNOWN_ASKS = text(',"known_depth_asks":')
const FIRST_SEQUENCE = text(',"first_sequence":')
const LAST_SEQUENCE = text(',"last_sequence":')
const SEQUENCE = text(',"sequence":')
const BIDS = text(',"bids":[')
const ASKS = text('],"asks":[')
const TRADE_ID = text(',"trade_id":"')
const TRADE_SEQ = text('","trade_seq":')
const PRICE = text(',"price":"')
const SIZE = text('","size":"')
const LEVEL = text('["')
const LEVEL_SIZE = text('","')
const LEVEL_END = text('"]')
const COMMA = 44
const QUOTE = 34
const COLON = 58
const CLOSE_BRACE = 125
const NEWLINE = 10

/** What never changes in the records of one instrument, as ready bytes. */
interface Prefix {
  /** `{"type":…,"session":…,` */
  readonly head: Uint8Array
  /** `,"id":"binance:spot:trade:BTCUSDT:` */
  readonly id: Uint8Array
  /** `","size_unit":…` */
  readonly tail: Uint8Array
  seq: number
}

/** The streams of one instrument as the encoder sees them: ready bytes and counters. */
export type RecordStreams = Readonly<Record<RecordType, Prefix>>

export interface GapFacts {
  readonly channel: Channel
  readonly cause: GapCause
  readonly fromTimeUs: EpochMicros
  readonly toTimeUs: EpochMicros | undefined
  readonly fromSequence: number
  readonly toSequence: number
  readonly missed: number
  readonly repairedBy: GapRepair | undefined
}

/** Where a book stands in its life, for its records. */
export interface BookStamp {
  readonly epoch: number
  readonly receiveTimeUs: EpochMicros
}

/**
 * Makes records: each becomes its final bytes, one JSON line, once. `line` is the record made last, good until the next one.
 */
export class Encoder {
  readonly #session: string
  readonly #writer = new ByteWriter()

  constructor(session: string) {
    this.#session = session
  }

  /** The record made last, with its newline. */
  get line(): Uint8Array {
    return this.#writer.bytes.subarray(0, this.#writer.length)
  }

  streams(instrument: Instrument): RecordStreams {
    const [trade, orderbookDelta, orderbook, gap] = RECORD_TYPES.map((type) => this.#prefix(type, instrument))
    if (!trade || !orderbookDelta || !orderbook || !gap)
      throw new RangeError('a record type without a prefix')
    return { trade, orderbook_delta: orderbookDelta, orderbook, gap }
  }

  /** Trade `at` of `columns`; its id is read from the frame that the columns came from. */
  trade(
    prefix: Prefix,
    columns: Columns,
    at: number,
    from: { frame: Uint8Array; receiveTimeUs: EpochMicros; stream: string },
  ): void {
    const writer = this.#begin(prefix, columns.venueTimeUs[at] ?? Number.NaN, from.receiveTimeUs)
    const idStart = columns.idStart[at] ?? 0
    const idEnd = columns.idEnd[at] ?? 0
    writer.put(prefix.id)
    if (from.stream !== 'trade' && from.stream !== 'trades') {
      writer.ascii(from.stream)
      writer.byte(COLON)
    }
    writer.copy(from.frame, idStart, idEnd)
    writer.put(prefix.tail)
    writer.ascii(',"stream":"')
    writer.ascii(from.stream)
    writer.byte(QUOTE)
    writer.put(TRADE_ID)
    writer.copy(from.frame, idStart, idEnd)
    writer.put(TRADE_SEQ)
    writer.integer(columns.last[at] ?? Number.NaN)
    this.#fills(columns, at)
    const level = columns.bidStart[at] ?? 0
    writer.put(PRICE)
    writer.decimal(columns.prices[level] ?? 0, columns.priceDecimals[level] ?? 0)
    writer.put(SIZE)
    this.#columnSize(columns, level)
    writer.ascii(columns.side[at] === BUY ? '","aggressor":"buy"' : '","aggressor":"sell"')
    this.#flags(columns.flags[at] ?? 0)
    this.#finish()
  }

  /** The change that event `at` of `columns` made to `book`, which has it already. */
  delta(prefix: Prefix, columns: Columns, at: number, book: { book: Book; stamp: BookStamp }): void {
    const writer = this.#begin(prefix, columns.venueTimeUs[at] ?? Number.NaN, book.stamp.receiveTimeUs)
    const last = columns.last[at] ?? Number.NaN
    writer.put(prefix.id)
    if (Number.isNaN(last)) this.#ownNumber(prefix)
    else writer.integer(last)
    writer.put(prefix.tail)
    this.#standing(book.book, book.stamp)
    writer.put(FIRST_SEQUENCE)
    writer.integer(columns.first[at] ?? Number.NaN)
    writer.put(LAST_SEQUENCE)
    writer.integer(last)
    writer.put(BIDS)
    this.#columnLevels(columns, columns.bidStart[at] ?? 0, columns.bidCount[at] ?? 0)
    writer.put(ASKS)
    this.#columnLevels(columns, columns.askStart[at] ?? 0, columns.askCount[at] ?? 0)
    writer.byte(93)
    this.#finish()
  }

  /** The best `depth` levels a side of `book`; with `Infinity` the full book that begins an epoch. */
  book(prefix: Prefix, book: Book, depth: number, stamp: BookStamp): void {
    const writer = this.#begin(prefix, book.venueTimeUs, stamp.receiveTimeUs)
    const full = depth === Infinity
    writer.put(prefix.id)
    writer.integer(stamp.epoch)
    writer.byte(COLON)
    if (Number.isNaN(book.sequence)) this.#ownNumber(prefix)
    else writer.integer(book.sequence)
    if (!full) writer.ascii(':top')
    writer.put(prefix.tail)
    this.#standing(book, stamp)
    writer.put(SEQUENCE)
    writer.integer(book.sequence)
    writer.ascii(full ? ',"full":true' : ',"full":false')
    writer.put(BIDS)
    this.#bookLevels(book, book.bids, full ? book.bids.count : Math.min(depth, book.knownDepth('bid')))
    writer.put(ASKS)
    this.#bookLevels(book, book.asks, full ? book.asks.count : Math.min(depth, book.knownDepth('ask')))
    writer.byte(93)
    this.#finish()
  }

  gap(prefix: Prefix, gap: GapFacts, receiveTimeUs: EpochMicros): void {
    const writer = this.#begin(prefix, Number.NaN, receiveTimeUs)
    writer.put(prefix.id)
    writer.ascii(`${gap.channel}:`)
    writer.integer(gap.fromSequence)
    writer.byte(COLON)
    writer.integer(gap.fromTimeUs)
    writer.ascii(`","channel":"${gap.channel}","cause":"${gap.cause}","from_time_us":`)
    writer.integer(gap.fromTimeUs)
    writer.ascii(',"to_time_us":')
    writer.integer(gap.toTimeUs ?? Number.NaN)
    writer.ascii(',"from_sequence":')
    writer.integer(gap.fromSequence)
    writer.ascii(',"to_sequence":')
    writer.integer(gap.toSequence)
    writer.ascii(',"missed":')
    writer.integer(gap.missed)
    writer.ascii(gap.repairedBy === undefined ? ',"repaired_by":null' : `,"repaired_by":"${gap.repairedBy}"`)
    this.#finish()
  }

  #prefix(type: RecordType, instrument: Instrument): Prefix {
    const exchange = exchangeOf(instrument.venue)
    const { marketType, name, symbol } = instrument
    const head = {
      type,
      exchange,
      market_type: marketType,
      symbol: name,
      instrument: symbol,
      session: this.#session,
    }
    const id = JSON.stringify(`${exchange}:${marketType}:${type}:${symbol}:`)
    const contracts =
      instrument.sizeUnit === 'base' || instrument.contractSize === undefined
        ? ''
        : `,${JSON.stringify({ contract_size: instrument.contractSize, contract_currency: instrument.contractCurrency }).slice(1, -1)}`
    return {
      head: text(`${JSON.stringify(head).slice(0, -1)},`),
      id: text(`,"id":${id.slice(0, -1)}`),
      tail: text(`","size_unit":"${instrument.sizeUnit}"${contracts}`),
      seq: 0,
    }
  }

  #begin(prefix: Prefix, venueTimeUs: number, receiveTimeUs: EpochMicros): ByteWriter {
    const writer = this.#writer
    writer.reset()
    writer.put(prefix.head)
    writer.put(SEQ)
    writer.integer(++prefix.seq)
    writer.put(VENUE_TIME)
    writer.integer(venueTimeUs)
    writer.put(RECEIVE_TIME)
    writer.integer(receiveTimeUs)
    return writer
  }

  #finish(): void {
    this.#writer.byte(CLOSE_BRACE)
    this.#writer.byte(NEWLINE)
  }

  /** A venue that numbers nothing (OKX recordings before 2023) leaves only our own number to tell records apart. */
  #ownNumber(prefix: Prefix): void {
    this.#writer.ascii(`${this.#session}:`)
    this.#writer.integer(prefix.seq)
  }

  #standing(book: Book, stamp: BookStamp): void {
    const writer = this.#writer
    writer.put(EPOCH)
    writer.integer(stamp.epoch)
    writer.put(KNOWN_BIDS)
    writer.integer(Number.isNaN(book.bidBound) ? Number.NaN : book.knownDepth('bid'))
    writer.put(KNOWN_ASKS)
    writer.integer(Number.isNaN(book.askBound) ? Number.NaN : book.knownDepth('ask'))
  }

  #fills(columns: Columns, at: number): void {
    const first = columns.fillFirst[at] ?? Number.NaN
    if (Number.isNaN(first)) return
    this.#writer.ascii(',"first_fill_id":')
    this.#writer.integer(first)
    this.#writer.ascii(',"last_fill_id":')
    this.#writer.integer(columns.fillLast[at] ?? Number.NaN)
  }

  #flags(flags: number): void {
    if (flags === 0) return
    const names = TRADE_FLAG_NAMES.filter((_, bit) => (flags & (1 << bit)) !== 0)
    this.#writer.ascii(`,"flags":${JSON.stringify(names)}`)
  }

  #columnLevels(columns: Columns, start: number, count: number): void {
    const writer = this.#writer
    for (let level = start; level < start + count; level++) {
      if (level > start) writer.byte(COMMA)
      writer.put(LEVEL)
      writer.decimal(columns.prices[level] ?? 0, columns.priceDecimals[level] ?? 0)
      writer.put(LEVEL_SIZE)
      this.#columnSize(columns, level)
      writer.put(LEVEL_END)
    }
  }

  #columnSize(columns: Columns, level: number): void {
    const size = columns.sizes[level] ?? 0
    this.#writer.decimal(
      size === Infinity ? (columns.bigSizes?.get(level) ?? 0n) : size,
      columns.sizeDecimals[level] ?? 0,
    )
  }

  #bookLevels(book: Book, side: Side, depth: number): void {
    const writer = this.#writer
    const levels = Math.min(depth, side.count)
    for (let level = 0; level < levels; level++) {
      if (level > 0) writer.byte(COMMA)
      writer.put(LEVEL)
      writer.decimal(side.price(level), book.priceDecimals)
      writer.put(LEVEL_SIZE)
      writer.decimal(side.size(level), book.sizeDecimals)
      writer.put(LEVEL_END)
    }
  }
}
