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
import { ByteWriter, Kept } from './byte-writer.ts'

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
interface Head {
  /** `{"type":…,"session":…,"seq":` */
  readonly head: Uint8Array
  seq: number
}

interface Ends {
  /** `,"id":"binance:spot:orderbook:BTCUSDT:`; of trades `…:trade:BTCUSDT:aggTrade:`, without the last part for the usual stream. */
  readonly id: Uint8Array
  /** `","size_unit":…,"epoch":`; of trades `","size_unit":…,"stream":"aggTrade","trade_id":"`. */
  readonly tail: Uint8Array
}

type Prefix = Head & Ends

/**
 * What the kernel has of a stream: the head and both ends, in this order. An object that named another with its place would be waited for
 * as well, where there are thousands.
 */
class KeptEnds extends Kept implements Ends {
  readonly id: Uint8Array
  readonly tail: Uint8Array

  constructor(head: Uint8Array, { id, tail }: Ends) {
    super([head, id, tail])
    this.id = id
    this.tail = tail
  }
}

class DeltaPrefix extends KeptEnds implements Prefix {
  readonly head: Uint8Array
  seq = 0

  constructor(prefix: Prefix) {
    super(prefix.head, prefix)
    this.head = prefix.head
  }
}

/** Of trades, by the stream of the venue that they came on. */
interface TradePrefix extends Head {
  readonly streams: readonly KeptEnds[]
}

/** The streams of one instrument as the encoder sees them: ready bytes and counters. */
export interface RecordStreams {
  readonly trade: TradePrefix
  readonly orderbook_delta: DeltaPrefix
  readonly orderbook: Prefix
  readonly gap: Prefix
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

/**
 * Makes records: each becomes its final bytes, one JSON line, once. `line` is the record made last, good until the next one.
 */
export class Encoder {
  readonly #session: string
  readonly #tradeStreams: readonly string[]
  readonly #writer = new ByteWriter()
  /** Columns that the kernel can write. */
  readonly #scanned = kernel().columns

  /** `tradeStreams` are those of the venue, by their numbers in the columns. */
  constructor(session: string, tradeStreams: readonly string[]) {
    this.#session = session
    this.#tradeStreams = tradeStreams
  }

  /** The record made last, with its newline. */
  get line(): Uint8Array {
    return this.#writer.text
  }

  streams(instrument: Instrument): RecordStreams {
    return {
      trade: this.#tradePrefix(instrument),
      orderbook_delta: new DeltaPrefix(this.#prefix('orderbook_delta', instrument)),
      orderbook: this.#prefix('orderbook', instrument),
      gap: this.#prefix('gap', instrument),
    }
  }

  /** Trade `at` of `columns`; its id is read from the frame that the columns came from. */
  trade(prefix: TradePrefix, columns: Columns, at: number, { frame, receiveTimeUs }: TradeOrigin): void {
    if (columns === this.#scanned && this.#scannedTrade(prefix, at, receiveTimeUs)) return
    const stream = endsOf(prefix, columns, at)
    const writer = this.#begin(prefix, columns.venueTimeUs[at] ?? Number.NaN, receiveTimeUs)
    const idStart = columns.idStart[at] ?? 0
    const idEnd = columns.idEnd[at] ?? 0
    writer.put(stream.id)
    writer.copy(frame, idStart, idEnd)
    writer.put(stream.tail)
    writer.copy(frame, idStart, idEnd)
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
  delta(prefix: DeltaPrefix, columns: Columns, at: number, book: { book: BookView; stamp: BookStamp }): void {
    const last = columns.last[at] ?? Number.NaN
    if (columns === this.#scanned && !Number.isNaN(last)) {
      this.#scannedDelta(prefix, at, book)
      return
    }
    const writer = this.#begin(prefix, columns.venueTimeUs[at] ?? Number.NaN, book.stamp.receiveTimeUs)
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

  #head(type: RecordType, instrument: Instrument): Head {
    const { marketType, name, symbol } = instrument
    const head = {
      type,
      exchange: exchangeOf(instrument.venue),
      market_type: marketType,
      symbol: name,
      instrument: symbol,
      session: this.#session,
    }
    return { head: text(`${JSON.stringify(head).slice(0, -1)},"seq":`), seq: 0 }
  }

  #prefix(type: Exclude<RecordType, 'trade'>, instrument: Instrument): Prefix {
    const epoch = type === 'gap' ? '' : ',"epoch":'
    return {
      ...this.#head(type, instrument),
      id: text(idText(type, instrument)),
      tail: text(sizeText(instrument) + epoch),
    }
  }

  #tradePrefix(instrument: Instrument): TradePrefix {
    const id = idText('trade', instrument)
    const head = this.#head('trade', instrument)
    const streams = this.#tradeStreams.map((stream) => {
      return new KeptEnds(head.head, {
        id: text(stream === 'trade' || stream === 'trades' ? id : `${id}${stream}:`),
        tail: text(`${sizeText(instrument)},"stream":"${stream}","trade_id":"`),
      })
    })
    return { ...head, streams }
  }

  #begin(prefix: Head, venueTimeUs: number, receiveTimeUs: EpochMicros): ByteWriter {
    const writer = this.#writer
    writer.reset()
    writer.put(prefix.head)
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
  #scannedDelta(
    prefix: DeltaPrefix,
    at: number,
    { book, stamp }: { readonly book: BookView; readonly stamp: BookStamp },
  ): void {
    this.#writer.reset()
    this.#writer.delta(prefix, at, {
      number: ++prefix.seq,
      receiveTimeUs: stamp.receiveTimeUs,
      epoch: stamp.epoch,
      knownBids: boundBids(book),
      knownAsks: boundAsks(book),
    })
  }

  /** Likewise; false for a trade that has flags, or whose frame is gone. */
  #scannedTrade(prefix: TradePrefix, at: number, receiveTimeUs: EpochMicros): boolean {
    const ends = endsOf(prefix, this.#scanned, at)
    this.#writer.reset()
    if (this.#scanned.flags[at] !== 0 || !this.#writer.trade(ends, at, prefix.seq + 1, receiveTimeUs))
      return false
    prefix.seq++
    return true
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

function endsOf({ streams }: TradePrefix, columns: Columns, at: number): KeptEnds {
  const ends = streams[columns.stream[at] ?? 0]
  if (ends === undefined) throw new RangeError('a trade of no stream')
  return ends
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
