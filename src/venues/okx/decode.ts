import { type Columns, KIND, TRADE_FLAG } from '../../core/columns.ts'
import { Cursor, END, OTHER } from '../cursor.ts'
import { Keys } from '../keys.ts'
import { endTrade, microsOf, readLevels, readPriceAndSize, readSide, setPrice, setSize } from '../levels.ts'
import type { Symbols } from '../symbols.ts'
import { isPong, readEvent } from './control.ts'

const FRAME = new Keys('arg', 'action', 'data', 'event')
const [ARG, ACTION, DATA] = FRAME.names.keys()
const CONTROL = FRAME.bits('event')
const ENVELOPE = FRAME.bits('arg', 'data')
const SUBSCRIBED = new Keys('channel', 'instId')
const CHANNEL = SUBSCRIBED.index('channel')
const NAMED = SUBSCRIBED.bits('channel')
const INSTRUMENT = SUBSCRIBED.bits('instId')
/** The channels that are read; the books come first. */
const CHANNELS = new Keys('books', 'books-l2-tbt', 'books50-l2-tbt', 'trades', 'trades-all')
const TRADES = CHANNELS.index('trades')
/** Name of the book channel that `Columns.stream` of a book event stands for. */
export const bookChannelOf = (stream: number): string => CHANNELS.names[stream] ?? ''
const UNREAD = -3
const BOOK = new Keys('asks', 'bids', 'ts', 'checksum', 'seqId', 'prevSeqId')
const [ASKS, BIDS, BOOK_TS, CHECKSUM, SEQ_ID, PREV_SEQ_ID] = BOOK.names.keys()
const BOOK_ROW = BOOK.bits('asks', 'bids', 'ts')
const CHAIN = BOOK.bits('seqId', 'prevSeqId')
const TRADE = new Keys('tradeId', 'px', 'sz', 'side', 'ts', 'count', 'source')
const [TRADE_ID, PX, SZ, SIDE, TRADE_TS, COUNT, SOURCE] = TRADE.names.keys()
const TRADE_ROW = TRADE.bits('tradeId', 'px', 'sz', 'side', 'ts')

/**
 * Reads OKX frames (sheet 4: the envelope). `arg` says the channel and the instrument, `action` whether a book row is a snapshot:
 * data that stands before them is passed over and read at the end.
 */
export class OkxDecoder {
  readonly #cursor = new Cursor()
  #channel = UNREAD
  #slot = OTHER
  /** `KIND` of the book rows; 0 until `action` was read. */
  #action = 0

  /** Reads one frame into `out` (cleared first). Throws `DecodeError`. */
  decode(frame: Uint8Array, symbols: Symbols, out: Columns): void {
    out.clear()
    if (isPong(frame)) {
      out.control.push({ type: 'heartbeat' })
      return
    }
    const cursor = this.#cursor
    cursor.load(frame)
    this.#channel = UNREAD
    this.#action = 0
    let place = -1
    cursor.object()
    for (let key = cursor.key(FRAME); key !== END; key = cursor.key(FRAME)) {
      if (key === ARG) this.#readArg(symbols)
      else if (key === ACTION) this.#action = this.#readAction()
      else if (key === DATA && this.#isReady()) this.#readData(out)
      else {
        if (key === DATA) place = cursor.at
        cursor.skip()
      }
    }
    cursor.finish()
    if ((cursor.closed & CONTROL) !== 0) {
      readEvent(frame, out)
      return
    }
    cursor.require(FRAME, ENVELOPE)
    if (place === -1) return
    cursor.seek(place)
    this.#readData(out)
  }

  #isReady(): boolean {
    return this.#channel !== UNREAD && (!this.#isBook() || this.#action !== 0)
  }

  #isBook(): boolean {
    return this.#channel >= 0 && this.#channel < TRADES
  }

  /** `{"channel":"books","instId":"BTC-USDT"}` */
  #readArg(symbols: Symbols): void {
    const cursor = this.#cursor
    let start = 0
    let stop = 0
    cursor.object()
    for (let key = cursor.key(SUBSCRIBED); key !== END; key = cursor.key(SUBSCRIBED)) {
      if (key === OTHER) {
        cursor.skip()
        continue
      }
      cursor.text()
      if (cursor.escaped) cursor.fail('unknown_shape', 'a name with escapes')
      if (key === CHANNEL) this.#channel = CHANNELS.find(cursor.bytes, cursor.start, cursor.stop)
      else {
        start = cursor.start
        stop = cursor.stop
      }
    }
    cursor.require(SUBSCRIBED, NAMED)
    if (this.#channel === OTHER) return
    cursor.require(SUBSCRIBED, INSTRUMENT)
    this.#slot = symbols.resolve(cursor.bytes, start, stop)
  }

  #readAction(): number {
    const cursor = this.#cursor
    cursor.text()
    if (cursor.is('update')) return KIND.delta
    if (cursor.is('snapshot')) return KIND.snapshot
    return cursor.fail('unknown_shape', 'an action that is neither snapshot nor update')
  }

  #readData(out: Columns): void {
    const cursor = this.#cursor
    if (this.#channel === OTHER) {
      out.ignored++
      cursor.skip()
      return
    }
    if (this.#isBook() && this.#action === 0) cursor.fail('missing_field', 'missing action')
    cursor.array()
    while (cursor.item()) {
      if (this.#slot === OTHER) {
        out.unknown++
        cursor.skip()
      } else if (this.#isBook()) {
        readBookRow(cursor, out, { slot: this.#slot, kind: this.#action, stream: this.#channel })
      } else this.#readTrade(out)
    }
  }

  /**
   * Sheet 8: `{"instId":"BTC-USDT","tradeId":"130639474","px":"42219.9","sz":"0.12060306","side":"buy","ts":"1630048897897",
   * "count":"3","source":"0","seqId":1234}`. `count` trades end with `tradeId`; `trades-all` has no count.
   */
  #readTrade(out: Columns): void {
    const cursor = this.#cursor
    const at = out.begin(KIND.trade)
    out.reserve()
    let count = 1
    cursor.object()
    for (let key = cursor.key(TRADE); key !== END; key = cursor.key(TRADE)) {
      if (key === TRADE_ID) this.#readTradeId(out, at)
      else if (key === PX || key === SZ) {
        cursor.decimalText()
        if (key === PX) setPrice(cursor, out)
        else setSize(cursor, out)
      } else if (key === SIDE) out.side[at] = readSide(cursor)
      else if (key === TRADE_TS) out.venueTimeUs[at] = microsOf(cursor, cursor.integerText())
      else if (key === COUNT) count = cursor.integerText()
      else if (key === SOURCE) {
        cursor.text()
        // Against an order of the RPI book (sheet 7).
        if (cursor.is('1')) out.flags[at] = TRADE_FLAG.rpi
      } else cursor.skip()
    }
    cursor.require(TRADE, TRADE_ROW)
    this.#cover(out, at, count)
    out.slot[at] = this.#slot
    out.stream[at] = this.#channel - TRADES
    endTrade(out, at)
  }

  #readTradeId(out: Columns, at: number): void {
    const cursor = this.#cursor
    cursor.peek()
    out.idStart[at] = cursor.at + 1
    out.last[at] = cursor.integerText()
    out.idEnd[at] = cursor.at - 1
  }

  #cover(out: Columns, at: number, count: number): void {
    const last = out.last[at] ?? Number.NaN
    const first = last - count + 1
    if (count < 1 || first < 0) this.#cursor.fail('unknown_shape', 'a trade that covers no ids')
    out.first[at] = first
    if (count === 1) return
    out.fillFirst[at] = first
    out.fillLast[at] = last
  }
}

/** Levels a side that a book has at the most (sheet 6). */
export const BOOK_WINDOW = 400

/**
 * Reads one book of a frame or of a REST answer. Sheet 6:
 * `{"asks":[["8477","0","0","0"]],"bids":[],"ts":"1597026383185","checksum":0,"prevSeqId":123456,"seqId":123463}`
 */
export function readBookRow(
  cursor: Cursor,
  out: Columns,
  { slot, kind, stream }: { readonly slot: number; readonly kind: number; readonly stream: number },
): void {
  const at = out.begin(kind)
  out.slot[at] = slot
  out.stream[at] = stream
  cursor.object()
  for (let key = cursor.key(BOOK); key !== END; key = cursor.key(BOOK)) {
    if (key === ASKS) {
      out.askStart[at] = out.levels
      out.askCount[at] = readLevels(cursor, out, readLevel)
    } else if (key === BIDS) {
      out.bidStart[at] = out.levels
      out.bidCount[at] = readLevels(cursor, out, readLevel)
    } else if (key === BOOK_TS) out.venueTimeUs[at] = microsOf(cursor, cursor.integerText())
    else if (key === CHECKSUM) out.checksum[at] = cursor.integer()
    else if (key === SEQ_ID) out.last[at] = cursor.integer()
    else if (key === PREV_SEQ_ID) out.previous[at] = cursor.integer()
    else cursor.skip()
  }
  cursor.require(BOOK, BOOK_ROW)
  checkChain(cursor, out, at)
  out.count++
}

/**
 * Updates from before 2023 have a checksum and no chain. With neither, or with half a chain and a checksum of 0, which is none
 * (sheet 6), nothing could be verified.
 */
function checkChain(cursor: Cursor, out: Columns, at: number): void {
  const chain = cursor.closed & CHAIN
  const told = out.checksum[at] ?? Number.NaN
  const isUpdate = out.kind[at] === KIND.delta
  if (isUpdate && (Number.isNaN(told) || (chain !== 0 && told === 0))) cursor.require(BOOK, CHAIN)
  if (!isUpdate || chain !== CHAIN) out.previous[at] = Number.NaN
}

/** `["8476.98","415","0","13"]`: price, size, a dead field, orders. The last two may be missing. */
function readLevel(cursor: Cursor, out: Columns): void {
  cursor.array()
  readPriceAndSize(cursor, out, true)
  let more = 0
  for (; cursor.item(); more++) cursor.text()
  if (more > 2) cursor.fail('unknown_shape', 'a level of more than four texts')
}
