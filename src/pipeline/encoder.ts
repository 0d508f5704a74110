import type { Book } from '../book/book.ts'
import type { Side } from '../book/side.ts'
import { type BookView, boundAsks, boundBids } from '../book/view.ts'
import { BUY, type Columns, TRADE_FLAG_NAMES } from '../core/columns.ts'
import type { GapCause, GapRepair } from '../core/gap.ts'
import { type Channel, exchangeOf } from '../core/ids.ts'
import type { Instrument } from '../core/instrument.ts'
import { kernel } from '../core/kernel.ts'
import type { RecordType } from '../core/record.ts'
import type { EpochMicros } from '../core/units.ts'
import { ByteWriter, KeptTexts, type ScannedRecord } from './byte-writer.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

const VENUE_TIME = text(',"venue_time_us":')
const RECEIVE_TIME = text(',"recv_time_us":')
const KNOWN_BIDS = text(',"known_depth_bids":')
const KNOWN_ASKS = text(',"known_depth_asks":')
const FIRST_SEQUENCE = text(',"first_sequence":')
const LAST_SEQUENCE = text(',"last_sequence":')
const SEQUENCE = text(',"sequence":')
const BIDS = text(',"bids":[')
const ASKS = text('],"asks":[')
const TRADE_SEQ = text('","trade_seq":')
const PRICE = text(',"price":"')
const SIZE = text('","size":"')
const LEVEL = text('["')
const LEVEL_SIZE = text('","')
const LEVEL_END = text('"]')
const COMMA = 44
const COLON = 58
const CLOSE_BRACE = 125
const NEWLINE = 10

/** What never changes in the records of one type and instrument, as ready bytes. */
interface Prefix {
  /** `{"type":…,"session":…,"seq":` */
  readonly head: Uint8Array
  /** `,"id":"binance:spot:orderbook:BTCUSDT:`; of trades `…:trade:BTCUSDT:aggTrade:`, without the last part for the usual stream. */
  readonly id: Uint8Array
  /** `","size_unit":…,"epoch":`; of trades `","size_unit":…,"stream":"aggTrade","trade_id":"`. */
  readonly tail: Uint8Array
}

/** Prefixes by number, and as the kernel has them. */
class Prefixes {
  readonly all: readonly Prefix[]
  readonly kept: KeptTexts

  constructor(all: readonly Prefix[]) {
    this.all = all
    this.kept = new KeptTexts(all.map(({ head, id, tail }) => [head, id, tail]))
  }

  at(number: number): Prefix {
    const prefix = this.all[number]
    if (prefix === undefined) throw new RangeError('a record of no stream')
    return prefix
  }
}

/** A stream of records as the encoder sees it: ready bytes and a counter. */
interface NumberedPrefix extends Prefix {
  seq: number
}

/** The streams of one instrument that have a record now and then. */
export interface RecordStreams {
  readonly orderbook: NumberedPrefix
  readonly gap: NumberedPrefix
}

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

/** Where a trade came from. */
export interface TradeOrigin {
  readonly frame: Uint8Array
  readonly receiveTimeUs: EpochMicros
}

/** Where a book stands in its life, for its records. */
export interface BookStamp {
  readonly epoch: number
  readonly receiveTimeUs: EpochMicros
}

/** A book, and where it stands. */
export interface StampedBook {
  readonly book: BookView
  readonly stamp: BookStamp
}

/**
 * Makes records: each becomes its final bytes, one JSON line, once. `line` is the record made last, good until the next one. What it has of
 * the streams of changes and of trades, which come with each frame, is in columns by slot.
 */
export class Encoder {
  readonly #session: string
  readonly #writer = new ByteWriter()
  /** Columns that the kernel can write. */
  readonly #scanned = kernel().columns
  readonly #deltas: Prefixes
  readonly #deltaSeq: Float64Array
  /** Of each instrument one for each stream of the venue that trades come on. */
  readonly #trades: Prefixes
  readonly #tradeStreamCount: number
  readonly #tradeSeq: Float64Array

  /** `tradeStreams` are those of the venue, by their numbers in the columns; `instruments` by slot. */
  constructor(session: string, tradeStreams: readonly string[], instruments: readonly Instrument[]) {
    this.#session = session
    this.#tradeStreamCount = tradeStreams.length
    this.#deltaSeq = new Float64Array(instruments.length)
    this.#tradeSeq = new Float64Array(instruments.length)
    this.#deltas = new Prefixes(instruments.map((instrument) => this.#prefix('orderbook_delta', instrument)))
    this.#trades = new Prefixes(
      instruments.flatMap((instrument) =>
        tradeStreams.map((stream) => this.#tradePrefix(instrument, stream)),
      ),
    )
  }

  /** The record made last, with its newline. */
  get line(): Uint8Array {
    return this.#writer.text
  }

  streams(instrument: Instrument): RecordStreams {
    return {
      orderbook: { ...this.#prefix('orderbook', instrument), seq: 0 },
      gap: { ...this.#prefix('gap', instrument), seq: 0 },
    }
  }

  /** Trade `at` of `columns` of the instrument at `slot`; its id is read from the frame that the columns came from. */
  trade(slot: number, columns: Columns, at: number, { frame, receiveTimeUs }: TradeOrigin): void {
    const prefix = this.#tradePrefixAt(slot, columns.stream[at] ?? 0)
    const seq = (this.#tradeSeq[slot] ?? 0) + 1
    this.#tradeSeq[slot] = seq
    if (columns === this.#scanned && this.#scannedTrade(prefix, at, { number: seq, receiveTimeUs })) return
    const { head, id, tail } = this.#trades.at(prefix)
    const writer = this.#begin(head, seq, columns.venueTimeUs[at] ?? Number.NaN, receiveTimeUs)
    writer.put(id)
    writer.copy(frame, columns.idStart[at] ?? 0, columns.idEnd[at] ?? 0)
    writer.put(tail)
    writer.copy(frame, columns.idStart[at] ?? 0, columns.idEnd[at] ?? 0)
    this.#tradeFields(columns, at)
  }

  /** Throws `RangeError` for a stream that the venue has not: the next prefix is another instrument's. */
  #tradePrefixAt(slot: number, stream: number): number {
    if (stream >= this.#tradeStreamCount) throw new RangeError('a trade of no stream')
    return slot * this.#tradeStreamCount + stream
  }

  /** All that follows the id of a trade. */
  #tradeFields(columns: Columns, at: number): void {
    const writer = this.#writer
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

  /** The change that event `at` of `columns` made to `book`, that of the instrument at `slot`, which has it already. */
  delta(slot: number, columns: Columns, at: number, book: StampedBook): void {
    const last = columns.last[at] ?? Number.NaN
    const seq = (this.#deltaSeq[slot] ?? 0) + 1
    this.#deltaSeq[slot] = seq
    if (columns === this.#scanned && !Number.isNaN(last)) {
      this.#scannedDelta(slot, seq, at, book)
      return
    }
    const prefix = this.#deltas.at(slot)
    const { receiveTimeUs } = book.stamp
    const writer = this.#begin(prefix.head, seq, columns.venueTimeUs[at] ?? Number.NaN, receiveTimeUs)
    writer.put(prefix.id)
    if (Number.isNaN(last)) this.#ownNumber(seq)
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
  book(prefix: NumberedPrefix, book: Book, depth: number, stamp: BookStamp): void {
    const writer = this.#begin(prefix.head, ++prefix.seq, book.venueTimeUs, stamp.receiveTimeUs)
    const full = depth === Infinity
    writer.put(prefix.id)
    writer.integer(stamp.epoch)
    writer.byte(COLON)
    if (Number.isNaN(book.sequence)) this.#ownNumber(prefix.seq)
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

  gap(prefix: NumberedPrefix, gap: GapFacts, receiveTimeUs: EpochMicros): void {
    const writer = this.#begin(prefix.head, ++prefix.seq, Number.NaN, receiveTimeUs)
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

  #head(type: RecordType, instrument: Instrument): Uint8Array {
    const { marketType, name, symbol } = instrument
    const head = {
      type,
      exchange: exchangeOf(instrument.venue),
      market_type: marketType,
      symbol: name,
      instrument: symbol,
      session: this.#session,
    }
    return text(`${JSON.stringify(head).slice(0, -1)},"seq":`)
  }

  #prefix(type: Exclude<RecordType, 'trade'>, instrument: Instrument): Prefix {
    const epoch = type === 'gap' ? '' : ',"epoch":'
    return {
      head: this.#head(type, instrument),
      id: text(idText(type, instrument)),
      tail: text(sizeText(instrument) + epoch),
    }
  }

  #tradePrefix(instrument: Instrument, stream: string): Prefix {
    const id = idText('trade', instrument)
    return {
      head: this.#head('trade', instrument),
      id: text(stream === 'trade' || stream === 'trades' ? id : `${id}${stream}:`),
      tail: text(`${sizeText(instrument)},"stream":"${stream}","trade_id":"`),
    }
  }

  #begin(head: Uint8Array, seq: number, venueTimeUs: number, receiveTimeUs: EpochMicros): ByteWriter {
    const writer = this.#writer
    writer.reset()
    writer.put(head)
    writer.integer(seq)
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
  #ownNumber(seq: number): void {
    this.#writer.ascii(`${this.#session}:`)
    this.#writer.integer(seq)
  }

  #standing(book: BookView, stamp: BookStamp): void {
    const writer = this.#writer
    writer.integer(stamp.epoch)
    writer.put(KNOWN_BIDS)
    writer.integer(boundBids(book))
    writer.put(KNOWN_ASKS)
    writer.integer(boundAsks(book))
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

  /** One call of the kernel for what most records are. */
  #scannedDelta(slot: number, seq: number, at: number, { book, stamp }: StampedBook): void {
    this.#writer.reset()
    this.#writer.delta(this.#deltas.kept, slot, at, {
      number: seq,
      receiveTimeUs: stamp.receiveTimeUs,
      epoch: stamp.epoch,
      knownBids: boundBids(book),
      knownAsks: boundAsks(book),
    })
  }

  /** Likewise; false for a trade that has flags, or whose frame is gone. */
  #scannedTrade(prefix: number, at: number, facts: ScannedRecord): boolean {
    this.#writer.reset()
    return this.#scanned.flags[at] === 0 && this.#writer.trade(this.#trades.kept, prefix, at, facts)
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
    if (writer.side(side, depth, book)) return
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

/** `,"id":"binance:spot:trade:BTCUSDT:` */
function idText(type: RecordType, { venue, marketType, symbol }: Instrument): string {
  const id = JSON.stringify(`${exchangeOf(venue)}:${marketType}:${type}:${symbol}:`)
  return `,"id":${id.slice(0, -1)}`
}

/** `","size_unit":"base"`, and for contracts what one of them is. */
function sizeText({ sizeUnit, contractSize, contractCurrency }: Instrument): string {
  const contracts =
    sizeUnit === 'base' || contractSize === undefined
      ? ''
      : `,${JSON.stringify({ contract_size: contractSize, contract_currency: contractCurrency }).slice(1, -1)}`
  return `","size_unit":"${sizeUnit}"${contracts}`
}
