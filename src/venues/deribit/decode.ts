import { type Columns, KIND, TRADE_FLAG } from '../../core/columns.ts'
import { Cursor, END, OTHER } from '../cursor.ts'
import { Keys } from '../keys.ts'
import { endTrade, microsOf, readLevels, readPriceAndSize, readSide, setPrice, setSize } from '../levels.ts'
import type { Symbols } from '../symbols.ts'
import { readNotice, readPlatformState } from './control.ts'

const FRAME = new Keys('method', 'params')
const [METHOD, PARAMS] = FRAME.names.keys()
const NOTIFICATION = FRAME.bits('method', 'params')
const SUBSCRIBED = new Keys('channel', 'data')
const [CHANNEL, DATA] = SUBSCRIBED.names.keys()
const CHANNEL_AND_DATA = SUBSCRIBED.bits('channel', 'data')
const BOOK = new Keys('timestamp', 'change_id', 'bids', 'asks', 'prev_change_id', 'type')
const [BOOK_TIME, CHANGE_ID, BIDS, ASKS, PREV_CHANGE_ID, TYPE] = BOOK.names.keys()
const BOOK_DATA = BOOK.bits('timestamp', 'change_id', 'bids', 'asks')
const TRADE_NEEDS = [
  'trade_seq',
  'trade_id',
  'timestamp',
  'price',
  'amount',
  'direction',
  'instrument_name',
] as const
const TRADE = new Keys(...TRADE_NEEDS, 'liquidation', 'block_trade_id', 'combo_id')
const [SEQ, TRADE_ID, TIME, PRICE, AMOUNT, DIRECTION, NAME] = TRADE.names.keys()
const FLAGS = new Map([
  [TRADE.index('liquidation'), TRADE_FLAG.liquidation],
  [TRADE.index('block_trade_id'), TRADE_FLAG.block],
  [TRADE.index('combo_id'), TRADE_FLAG.combo],
])
const TRADE_ROW = TRADE.bits(...TRADE_NEEDS)

/** What the channel of a notification carries. */
type Content = 'unread' | 'book' | 'trades' | 'platform' | 'other'

const DOT = 46

/** Intervals of a book channel, by `Columns.stream` of a book event. */
export const INTERVALS = new Keys('100ms', 'raw', 'agg2')

/**
 * Reads Deribit frames: `{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.100ms","data":{…}}}`
 * (sheet 3). What stands before that which says how to read it is passed over and read at the end.
 */
export class DeribitDecoder {
  readonly #cursor = new Cursor()
  #content: Content = 'unread'
  #slot = OTHER
  #interval = OTHER

  /** Reads one frame into `out` (cleared first). Throws `DecodeError`. */
  decode(frame: Uint8Array, symbols: Symbols, out: Columns): void {
    out.clear()
    const cursor = this.#cursor
    cursor.load(frame)
    this.#content = 'unread'
    let isData = false
    let place = -1
    cursor.object()
    for (let key = cursor.key(FRAME); key !== END; key = cursor.key(FRAME)) {
      if (key === METHOD) {
        cursor.text()
        isData = cursor.is('subscription')
      } else if (key === PARAMS && isData) this.#readParams(symbols, out)
      else {
        if (key === PARAMS) place = cursor.at
        cursor.skip()
      }
    }
    cursor.finish()
    if (isData) cursor.require(FRAME, NOTIFICATION)
    else readNotice(frame, out)
    if (isData && place !== -1) {
      cursor.seek(place)
      this.#readParams(symbols, out)
    }
  }

  #readParams(symbols: Symbols, out: Columns): void {
    const cursor = this.#cursor
    let place = -1
    cursor.object()
    for (let key = cursor.key(SUBSCRIBED); key !== END; key = cursor.key(SUBSCRIBED)) {
      if (key === CHANNEL) this.#readChannel(symbols)
      else if (key === DATA && this.#content !== 'unread') this.#readData(symbols, out)
      else {
        if (key === DATA) place = cursor.at
        cursor.skip()
      }
    }
    cursor.require(SUBSCRIBED, CHANNEL_AND_DATA)
    if (place === -1) return
    const end = cursor.at
    cursor.seek(place)
    this.#readData(symbols, out)
    cursor.seek(end)
  }

  /** Sheet 7: `book.{instrument}.{interval}` is read, the grouped `book.{instrument}.{group}.{depth}.{interval}` is not. */
  #readChannel(symbols: Symbols): void {
    const cursor = this.#cursor
    cursor.text()
    if (cursor.escaped) cursor.fail('unknown_shape', 'a channel with escapes')
    this.#content = 'other'
    if (cursor.startsWith('trades.')) this.#content = 'trades'
    else if (cursor.startsWith('platform_state')) this.#content = 'platform'
    else if (cursor.startsWith('book.')) {
      const start = cursor.start + 'book.'.length
      const dot = cursor.bytes.indexOf(DOT, start)
      this.#interval = dot === -1 ? OTHER : INTERVALS.find(cursor.bytes, dot + 1, cursor.stop)
      if (this.#interval === OTHER) return
      this.#content = 'book'
      this.#slot = symbols.resolve(cursor.bytes, start, dot)
    }
  }

  #readData(symbols: Symbols, out: Columns): void {
    const cursor = this.#cursor
    if (this.#content === 'trades') {
      cursor.array()
      while (cursor.item()) this.#readTrade(symbols, out)
    } else if (this.#content === 'book' && this.#slot !== OTHER) this.#readBook(out)
    else {
      cursor.skip()
      if (this.#content === 'book') out.unknown++
      else if (this.#content === 'platform') readPlatformState(cursor.bytes, out)
      else out.ignored++
    }
  }

  /**
   * Sheet 8: `{"type":"change","timestamp":1554373962554,"prev_change_id":297217,"instrument_name":"BTC-PERPETUAL",
   * "change_id":297218,"bids":[["delete",5041.94,0],["change",5042.34,25]],"asks":[["new",5042.7,10]]}`
   */
  #readBook(out: Columns): void {
    const cursor = this.#cursor
    const at = out.begin(0)
    out.slot[at] = this.#slot
    out.stream[at] = this.#interval
    cursor.object()
    for (let key = cursor.key(BOOK); key !== END; key = cursor.key(BOOK)) {
      if (key === BOOK_TIME) out.venueTimeUs[at] = microsOf(cursor, cursor.integer())
      else if (key === CHANGE_ID) out.last[at] = cursor.integer()
      else if (key === BIDS) {
        out.bidStart[at] = out.levels
        out.bidCount[at] = readLevels(cursor, out, readLevel)
      } else if (key === ASKS) {
        out.askStart[at] = out.levels
        out.askCount[at] = readLevels(cursor, out, readLevel)
      } else if (key === PREV_CHANGE_ID && !cursor.isNull()) out.previous[at] = cursor.integer() || Number.NaN
      else if (key === TYPE) out.kind[at] = this.#readType()
      else if (key !== PREV_CHANGE_ID) cursor.skip()
    }
    cursor.require(BOOK, BOOK_DATA)
    this.#judge(out, at)
    out.count++
  }

  #readType(): number {
    const cursor = this.#cursor
    cursor.text()
    if (cursor.is('change')) return KIND.delta
    if (cursor.is('snapshot')) return KIND.snapshot
    return cursor.fail('unknown_shape', 'a type that is neither snapshot nor change')
  }

  /** Old feeds have no `type`: without a `prev_change_id` (absent, null or 0) they mean a snapshot (sheet 8, rule 1). */
  #judge(out: Columns, at: number): void {
    const isLinked = !Number.isNaN(out.previous[at] ?? 0)
    if (out.kind[at] === 0) out.kind[at] = isLinked ? KIND.delta : KIND.snapshot
    if (out.kind[at] === KIND.snapshot) out.previous[at] = Number.NaN
    else if (!isLinked) this.#cursor.fail('missing_field', 'a change without prev_change_id')
  }

  /**
   * Sheet 9: `{"timestamp":1765531356452,"price":92294.5,"amount":10.0,"direction":"sell","index_price":92276.75,
   * "instrument_name":"BTC-PERPETUAL","trade_seq":271252854,"mark_price":92287.11,"tick_direction":2,"contracts":1.0,
   * "trade_id":"403691824"}`; `liquidation`, `block_trade_id`, `combo_id` where they apply.
   */
  #readTrade(symbols: Symbols, out: Columns): void {
    const cursor = this.#cursor
    const at = out.begin(KIND.trade)
    out.reserve()
    cursor.object()
    for (let key = cursor.key(TRADE); key !== END; key = cursor.key(TRADE)) {
      if (key === PRICE || key === AMOUNT) {
        cursor.decimal()
        if (key === PRICE) setPrice(cursor, out)
        else setSize(cursor, out)
      } else if (key === SEQ) this.#readSequence(out, at)
      else if (key === TIME) out.venueTimeUs[at] = microsOf(cursor, cursor.integer())
      else if (key === DIRECTION) out.side[at] = readSide(cursor)
      else if (key === NAME) out.slot[at] = cursor.symbol(symbols)
      else if (key === TRADE_ID) this.#readTradeId(out, at)
      else this.#readFlag(key, out, at)
    }
    cursor.require(TRADE, TRADE_ROW)
    if (out.slot[at] === OTHER) out.unknown++
    else endTrade(out, at)
  }

  #readTradeId(out: Columns, at: number): void {
    const cursor = this.#cursor
    cursor.text()
    if (cursor.start === cursor.stop) cursor.fail('unknown_shape', 'a trade without an id')
    out.idStart[at] = cursor.start
    out.idEnd[at] = cursor.stop
  }

  #readSequence(out: Columns, at: number): void {
    out.first[at] = this.#cursor.integer()
    out.last[at] = out.first[at] ?? Number.NaN
  }

  /** A flag is said by a field that is there and not null. */
  #readFlag(key: number, out: Columns, at: number): void {
    if (this.#cursor.isNull()) return
    this.#cursor.skip()
    const flag = FLAGS.get(key)
    if (flag !== undefined) out.flags[at] = (out.flags[at] ?? 0) | flag
  }
}

/** `["change",5042.34,25]`; a `delete` removes whatever its amount says. */
function readLevel(cursor: Cursor, out: Columns): void {
  cursor.array()
  if (!cursor.item()) cursor.fail('missing_field', 'a level without an action')
  cursor.text()
  const isDelete = cursor.is('delete')
  if (!isDelete && !cursor.is('change') && !cursor.is('new'))
    cursor.fail('unknown_shape', 'an unknown action')
  readPriceAndSize(cursor, out, false)
  if (isDelete) {
    out.sizes[out.levels] = 0
    out.sizeDecimals[out.levels] = 0
  }
  if (cursor.item()) cursor.fail('unknown_shape', 'a level of more than three values')
}
