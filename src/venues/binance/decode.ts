import { BUY, type Columns, KIND, SELL, TRADE_FLAG } from '../../core/columns.ts'
import { DecodeError } from '../../core/errors.ts'
import { Cursor, END } from '../cursor.ts'
import { Keys } from '../keys.ts'
import type { Symbols } from '../symbols.ts'
import { readControl } from './control.ts'
import { setPrice, setSize } from '../levels.ts'
import { readId, readLevels, readTimeUs } from './levels.ts'

/** Trade streams, as `Columns.stream` numbers them. */
export const TRADE_STREAMS = ['trade', 'aggTrade'] as const

const KEYS = new Keys(
  ...(['e', 'E', 'T', 's', 'U', 'u', 'pu', 'b', 'a', 't', 'p', 'q', 'f', 'l', 'm', 'X', 'st'] as const),
  ...(['stream', 'data', 'result', 'error', 'code', 'lastUpdateId', 'A', 'B'] as const),
)
const EVENT = KEYS.index('e')
const SENT = KEYS.index('E')
const MATCHED = KEYS.index('T')
const SYMBOL = KEYS.index('s')
const FIRST = KEYS.index('U')
const LAST = KEYS.index('u')
const PREVIOUS = KEYS.index('pu')
const BIDS = KEYS.index('b')
/** Asks of a diff, id of an aggregated trade. */
const ASKS = KEYS.index('a')
const TRADE_ID = KEYS.index('t')
const PRICE = KEYS.index('p')
const QUANTITY = KEYS.index('q')
const FILL_FIRST = KEYS.index('f')
const FILL_LAST = KEYS.index('l')
const BUYER_IS_MAKER = KEYS.index('m')
const EXECUTION = KEYS.index('X')
const SYMBOL_TYPE = KEYS.index('st')
const STREAM = KEYS.index('stream')
const DATA = KEYS.index('data')

const ENVELOPE = KEYS.bits('stream', 'data')
const TYPED = KEYS.bits('e')
const CONTROL = KEYS.bits('result') | KEYS.bits('error') | KEYS.bits('code')
/** Frames without a type: the best price of spot, and partial books. */
const UNTYPED = [KEYS.bits('u', 's', 'b', 'B', 'a', 'A'), KEYS.bits('lastUpdateId')] as const
const SPOT_DIFF = KEYS.bits('E', 's', 'U', 'u', 'b', 'a')
const USDM_DIFF = SPOT_DIFF | KEYS.bits('pu')
const TRADE = KEYS.bits('s', 't', 'p', 'q', 'T', 'm')
const AGGREGATE = KEYS.bits('s', 'a', 'p', 'q', 'f', 'l', 'T', 'm')

/** `st` of the COIN-M contracts that share the USD-M streams since 2026-06-30; their quantities are contracts. */
const COIN_M = 2

const OPEN_ARRAY = 91
const AT_SIGN = 64

/** Kinds of payload. */
const KIND_ANY = -1
const KIND_OTHER = 0
const KIND_DIFF = 1
const KIND_TRADE = 2
const KIND_AGGREGATE = 3
const KIND_SHUTDOWN = 4

/** What a frame came to. */
const NOTHING = 0
const DATUM = 1
const UNKNOWN = 2
const IGNORED = 3

/**
 * Reads the frames of both Binance venues: sheets binance-spot.md sections 3 and 4, binance-derivatives.md section 3.
 *
 *     {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1571889248277,"T":1571889248276,"s":"BTCUSDT",
 *       "U":390497796,"u":390497878,"pu":390497794,"b":[["7403.89","0.002"]],"a":[["7405.96","3.340"]],"ps":"BTCUSDT","st":1}}
 *     {"e":"aggTrade","E":1672515782136,"s":"BNBBTC","a":12345,"p":"0.001","q":"100","f":100,"l":105,"T":1672515782136,"m":true,"M":true}
 *     {"e":"trade","E":1787151602037,"T":1787151602037,"s":"BTCUSDT","t":7979344737,"p":"0","q":"0","X":"NA","m":true,"st":1}
 *
 * One object a feed: it keeps a cursor and nothing of the frames. Fields come in any order; the usual one is read in one pass.
 */
export class Decoder {
  readonly #cursor = new Cursor()
  readonly #diffKeys: number
  #symbolType = 0
  #isTrade = true

  /** `previous`: whether a diff must name the last id of the diff before it (`pu`, USD-M). */
  constructor(options: { readonly previous: boolean }) {
    this.#diffKeys = options.previous ? USDM_DIFF : SPOT_DIFF
  }

  /** `Venue.decode`. */
  decode(frame: Uint8Array, symbols: Symbols, out: Columns): void {
    out.clear()
    this.#cursor.load(frame)
    const outcome = this.#frame(frame, symbols, out)
    this.#cursor.finish()
    if (outcome === DATUM) {
      out.count++
      return
    }
    out.levels = 0
    out.bigSizes = undefined
    if (outcome === UNKNOWN) out.unknown++
    if (outcome === IGNORED) out.ignored++
  }

  #frame(frame: Uint8Array, symbols: Symbols, out: Columns): number {
    const cursor = this.#cursor
    if (cursor.peek() === OPEN_ARRAY) {
      cursor.skip()
      return IGNORED
    }
    cursor.object()
    const key = cursor.key(KEYS)
    if (key === EVENT) return this.#payload(this.#eventKind(), symbols, out)
    if (key === STREAM) return this.#streamFirst(symbols, out)
    this.#skipRest(key)
    const { closed } = cursor
    if ((closed & ENVELOPE) !== 0) return this.#envelope(symbols, out)
    if ((closed & TYPED) !== 0) return this.#event(KIND_ANY, 0, symbols, out)
    if ((closed & CONTROL) !== 0) {
      readControl(frame, out)
      return NOTHING
    }
    if (UNTYPED.some((bits) => (closed & bits) === bits)) return IGNORED
    throw new DecodeError('unknown_shape', 'neither data nor an answer')
  }

  /** `{"stream":…,"data":…}` in this order, at the value of `stream`. */
  #streamFirst(symbols: Symbols, out: Columns): number {
    const cursor = this.#cursor
    const kind = this.#streamKind()
    const key = cursor.key(KEYS)
    if (key !== DATA) {
      this.#skipRest(key)
      return this.#envelope(symbols, out)
    }
    let outcome = IGNORED
    if (kind === KIND_OTHER) cursor.skip()
    else outcome = this.#event(kind, cursor.at, symbols, out)
    this.#skipRest(cursor.key(KEYS))
    return outcome
  }

  /** An envelope in any order, once more from the start of the frame. */
  #envelope(symbols: Symbols, out: Columns): number {
    const cursor = this.#cursor
    cursor.require(KEYS, ENVELOPE)
    cursor.seek(0)
    cursor.object()
    let kind = KIND_OTHER
    let place = 0
    for (let key = cursor.key(KEYS); key !== END; key = cursor.key(KEYS)) {
      if (key === STREAM) kind = this.#streamKind()
      else {
        if (key === DATA) place = cursor.at
        cursor.skip()
      }
    }
    if (kind === KIND_OTHER) return IGNORED
    const end = cursor.at
    const outcome = this.#event(kind, place, symbols, out)
    cursor.seek(end)
    return outcome
  }

  /** The payload at `place`, which must be of `kind`: in one pass when its type stands first. */
  #event(kind: number, place: number, symbols: Symbols, out: Columns): number {
    const cursor = this.#cursor
    cursor.seek(place)
    cursor.object()
    const key = cursor.key(KEYS)
    let found = KIND_OTHER
    if (key === EVENT) found = this.#eventKind()
    else {
      this.#skipRest(key)
      cursor.require(KEYS, TYPED)
      cursor.seek(place)
      found = this.#findKind()
      cursor.seek(place)
      cursor.object()
    }
    if (kind !== KIND_ANY && kind !== found && found !== KIND_SHUTDOWN) {
      cursor.fail('unknown_shape', 'a payload that is not of its stream')
    }
    return this.#payload(found, symbols, out)
  }

  #findKind(): number {
    const cursor = this.#cursor
    let kind = KIND_OTHER
    cursor.object()
    for (let key = cursor.key(KEYS); key !== END; key = cursor.key(KEYS)) {
      if (key === EVENT) kind = this.#eventKind()
      else cursor.skip()
    }
    return kind
  }

  #eventKind(): number {
    const cursor = this.#cursor
    cursor.text()
    if (cursor.is('depthUpdate')) return KIND_DIFF
    if (cursor.is('trade')) return KIND_TRADE
    if (cursor.is('aggTrade')) return KIND_AGGREGATE
    return cursor.is('serverShutdown') ? KIND_SHUTDOWN : KIND_OTHER
  }

  /** `btcusdt@depth@100ms`, `btcusdt@depth` and the like are diffs; `@depth20` and `@rpiDepth@500ms` are not. */
  #streamKind(): number {
    const cursor = this.#cursor
    cursor.text()
    if (cursor.is('!serverShutdown')) return KIND_SHUTDOWN
    const { bytes, stop } = cursor
    let at = cursor.start
    while (at < stop && bytes[at] !== AT_SIGN) at++
    cursor.start = at
    if (cursor.is('@trade')) return KIND_TRADE
    if (cursor.is('@aggTrade')) return KIND_AGGREGATE
    return cursor.is('@depth') || cursor.startsWith('@depth@') ? KIND_DIFF : KIND_OTHER
  }

  /** The fields of a payload that come after its type. */
  #payload(kind: number, symbols: Symbols, out: Columns): number {
    if (kind === KIND_DIFF) return this.#diff(symbols, out)
    if (kind === KIND_TRADE || kind === KIND_AGGREGATE) return this.#trade(kind, symbols, out)
    this.#skipRest(this.#cursor.key(KEYS))
    if (kind === KIND_OTHER) return IGNORED
    out.control.push({ type: 'closing', reason: 'serverShutdown' })
    return NOTHING
  }

  #diff(symbols: Symbols, out: Columns): number {
    const cursor = this.#cursor
    const at = out.begin(KIND.delta)
    this.#symbolType = 0
    for (let key = cursor.key(KEYS); key !== END; key = cursor.key(KEYS)) {
      if (key === BIDS) {
        out.bidStart[at] = out.levels
        out.bidCount[at] = readLevels(cursor, out)
      } else if (key === ASKS) {
        out.askStart[at] = out.levels
        out.askCount[at] = readLevels(cursor, out)
      } else if (key === FIRST) out.first[at] = readId(cursor)
      else if (key === LAST) out.last[at] = readId(cursor)
      else if (key === PREVIOUS) out.previous[at] = readId(cursor, -1)
      else this.#common(key, symbols, out)
    }
    cursor.require(KEYS, this.#diffKeys)
    if ((out.first[at] ?? 0) > (out.last[at] ?? 0)) cursor.fail('bad_number', 'U is over u')
    return this.#outcome(out)
  }

  #trade(kind: number, symbols: Symbols, out: Columns): number {
    const cursor = this.#cursor
    const isAggregate = kind === KIND_AGGREGATE
    const idKey = isAggregate ? ASKS : TRADE_ID
    const at = out.begin(KIND.trade)
    out.stream[at] = isAggregate ? 1 : 0
    out.reserve()
    this.#symbolType = 0
    this.#isTrade = true
    for (let key = cursor.key(KEYS); key !== END; key = cursor.key(KEYS)) {
      if (key === idKey) this.#tradeId(out)
      else if (key === PRICE || key === QUANTITY) this.#amount(key, out)
      // A buyer that is the maker was sold to.
      else if (key === BUYER_IS_MAKER) out.side[at] = cursor.boolean() ? SELL : BUY
      else if (key === FILL_FIRST || key === FILL_LAST) this.#fill(key, out)
      else this.#common(key, symbols, out)
    }
    cursor.require(KEYS, isAggregate ? AGGREGATE : TRADE)
    return this.#tradeOutcome(out)
  }

  #tradeOutcome(out: Columns): number {
    const at = out.count
    const size = out.sizes[out.levels] ?? 0
    if ((out.fillFirst[at] ?? 0) > (out.fillLast[at] ?? 0)) this.#cursor.fail('bad_number', 'f is over l')
    if (!this.#isTrade || size === 0 || out.prices[out.levels] === 0) return IGNORED
    out.bidCount[at] = 1
    out.levels++
    return this.#outcome(out)
  }

  #amount(key: number, out: Columns): void {
    const cursor = this.#cursor
    cursor.decimalText()
    if (key === PRICE) setPrice(cursor, out)
    else setSize(cursor, out)
  }

  #fill(key: number, out: Columns): void {
    const id = readId(this.#cursor)
    if (key === FILL_FIRST) out.fillFirst[out.count] = id
    else out.fillLast[out.count] = id
  }

  /** What diffs and trades have in common. The matching time is the venue's time where there is one, else the sending time. */
  #common(key: number, symbols: Symbols, out: Columns): void {
    const cursor = this.#cursor
    const at = out.count
    if (key === SYMBOL) out.slot[at] = cursor.symbol(symbols)
    else if (key === MATCHED) out.venueTimeUs[at] = readTimeUs(cursor)
    else if (key === SENT) {
      const sentUs = readTimeUs(cursor)
      if (Number.isNaN(out.venueTimeUs[at])) out.venueTimeUs[at] = sentUs
    } else if (key === SYMBOL_TYPE) this.#symbolType = cursor.integer()
    else if (key === EXECUTION) this.#execution(out)
    else cursor.skip()
  }

  #tradeId(out: Columns): void {
    const cursor = this.#cursor
    const at = out.count
    cursor.peek()
    out.idStart[at] = cursor.at
    out.last[at] = readId(cursor)
    out.idEnd[at] = cursor.at
  }

  /** `X` of `@trade`: `MARKET`, or who stood in for a market order; `NA` is no trade at all (USD-M sheet, section 6). */
  #execution(out: Columns): void {
    const cursor = this.#cursor
    cursor.text()
    if (cursor.is('MARKET')) return
    if (cursor.is('NA')) this.#isTrade = false
    else if (cursor.is('INSURANCE_FUND')) out.flags[out.count] = TRADE_FLAG.insurance
    else if (cursor.is('ADL')) out.flags[out.count] = TRADE_FLAG.adl
    else cursor.fail('unknown_shape', 'an unknown kind of execution')
  }

  #outcome(out: Columns): number {
    if (this.#symbolType === COIN_M) return IGNORED
    return out.slot[out.count] === -1 ? UNKNOWN : DATUM
  }

  /** Passes over the value of `key` and all that follows in the object. */
  #skipRest(key: number): void {
    const cursor = this.#cursor
    for (let next = key; next !== END; next = cursor.key(KEYS)) cursor.skip()
  }
}
