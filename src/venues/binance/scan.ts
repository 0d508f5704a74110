import { BUY, type Columns, KIND, SELL } from '../../core/columns.ts'
import { fixed, Scanner } from '../scanner.ts'
import type { Symbols } from '../symbols.ts'
import { COIN_M } from './decode.ts'

const AT_SIGN = 64

const STREAM = fixed('{"stream":"')
const DEPTH = fixed('depth')
const SPEED = fixed('@')
const MILLISECONDS = fixed('ms')
const DIFF = fixed('","data":{"e":"depthUpdate","E":')
const TRADE = fixed('trade","data":{"e":"trade","E":')
const AGGREGATE = fixed('aggTrade","data":{"e":"aggTrade","E":')
const TICKER = fixed('bookTicker","data":{')
const TYPE = fixed('"e":"bookTicker",')
const UPDATE = fixed('"u":')
const MATCHED = fixed(',"T":')
const SENT = fixed(',"E":')
const SYMBOL = fixed(',"s":"')
const FIRST = fixed(',"U":')
const LAST = fixed(',"u":')
const PREVIOUS = fixed(',"pu":')
const BIDS = fixed(',"b":')
const ASKS = fixed(',"a":')
const BID_PRICE = fixed(',"b":"')
const BID_SIZE = fixed(',"B":"')
const ASK_PRICE = fixed(',"a":"')
const ASK_SIZE = fixed(',"A":"')
const TRADE_ID = fixed(',"t":')
const PRICE = fixed(',"p":"')
const QUANTITY = fixed('","q":"')
const QUOTE = fixed('"')
const NORMAL_QUANTITY = fixed(',"nq":"')
const FILL_FIRST = fixed(',"f":')
const FILL_LAST = fixed(',"l":')
const MARKET = fixed(',"X":"MARKET"')
const BUYER_IS_MAKER = fixed(',"m":')
const BEST_MATCH = fixed(',"M":')
const PAIR = fixed(',"ps":"')
const SYMBOL_TYPE = fixed(',"st":')
const END = fixed('}}')

/**
 * The frames of both Binance venues as they come on combined streams, by their bytes: `Venue.scan`. Sheets binance-spot.md sections 3
 * and 4, binance-derivatives.md section 3; the samples stand at each method.
 */
export class BinanceScanner {
  readonly #scanner = new Scanner()
  readonly #needsPrevious: boolean

  /** `previous`: whether a diff must name the last id of the diff before it (`pu`, USD-M). */
  constructor(options: { readonly previous: boolean }) {
    this.#needsPrevious = options.previous
  }

  /** `Venue.scan`. */
  scan(frame: Uint8Array, symbols: Symbols, out: Columns): boolean {
    const scanner = this.#scanner
    out.clear()
    scanner.load(frame)
    scanner.expect(STREAM)
    scanner.until(AT_SIGN)
    if (scanner.next(TICKER)) return this.#ticker(out)
    if (scanner.next(DEPTH)) return this.#diff(symbols, out)
    if (scanner.next(TRADE)) return this.#trade(symbols, out)
    return scanner.next(AGGREGATE) && this.#aggregate(symbols, out)
  }

  /**
   *     {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1571889248277,"T":1571889248276,"s":"BTCUSDT",
   *       "U":390497796,"u":390497878,"pu":390497794,"b":[["7403.89","0.002"]],"a":[["7405.96","3.340"]],"ps":"BTCUSDT","st":1}}
   */
  #diff(symbols: Symbols, out: Columns): boolean {
    const scanner = this.#scanner
    const at = out.begin(KIND.delta)
    if (scanner.next(SPEED)) {
      scanner.integer()
      scanner.expect(MILLISECONDS)
    }
    scanner.expect(DIFF)
    const sentUs = scanner.micros()
    out.venueTimeUs[at] = scanner.next(MATCHED) ? scanner.micros() : sentUs
    scanner.expect(SYMBOL)
    out.slot[at] = scanner.symbol(symbols)
    scanner.expect(FIRST)
    const first = scanner.integer()
    scanner.expect(LAST)
    const last = scanner.integer()
    if (scanner.next(PREVIOUS)) out.previous[at] = scanner.integer()
    else if (this.#needsPrevious) return false
    scanner.expect(BIDS)
    out.bidCount[at] = scanner.levels(out)
    scanner.expect(ASKS)
    out.askStart[at] = out.levels
    out.askCount[at] = scanner.levels(out)
    out.first[at] = first
    out.last[at] = last
    return first <= last && this.#end(out)
  }

  /**
   *     {"stream":"bnbbtc@trade","data":{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100",
   *       "T":1672515782136,"m":true,"M":true}}
   *     {"stream":"btcusdt@trade","data":{"e":"trade","E":1787151602037,"T":1787151602037,"s":"BTCUSDT","t":7979344737,
   *       "p":"59000.1","q":"0.002","X":"MARKET","m":true,"st":1}}
   */
  #trade(symbols: Symbols, out: Columns): boolean {
    const scanner = this.#scanner
    const at = out.begin(KIND.trade)
    scanner.micros()
    const isEarly = scanner.next(MATCHED)
    if (isEarly) out.venueTimeUs[at] = scanner.micros()
    scanner.expect(SYMBOL)
    out.slot[at] = scanner.symbol(symbols)
    scanner.expect(TRADE_ID)
    this.#id(out, at)
    this.#amounts(out)
    // The orders of both sides, until 2024.
    if (scanner.next(BIDS)) {
      scanner.integer()
      scanner.expect(ASKS)
      scanner.integer()
    }
    if (!isEarly) this.#matched(out, at)
    scanner.next(MARKET)
    return this.#endTrade(out, at)
  }

  /**
   *     {"stream":"bnbbtc@aggTrade","data":{"e":"aggTrade","E":1672515782136,"s":"BNBBTC","a":12345,"p":"0.001","q":"100",
   *       "f":100,"l":105,"T":1672515782136,"m":true,"M":true}}
   *     {"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1787151602037,"a":12345,"s":"BTCUSDT","p":"59000.1",
   *       "q":"0.004","nq":"0.004","f":100,"l":105,"T":1787151602037,"m":true,"st":1}}
   */
  #aggregate(symbols: Symbols, out: Columns): boolean {
    const scanner = this.#scanner
    const at = out.begin(KIND.trade)
    out.stream[at] = 1
    scanner.micros()
    const isEarly = scanner.next(ASKS)
    if (isEarly) this.#id(out, at)
    scanner.expect(SYMBOL)
    out.slot[at] = scanner.symbol(symbols)
    if (!isEarly) {
      scanner.expect(ASKS)
      this.#id(out, at)
    }
    this.#amounts(out)
    if (scanner.next(NORMAL_QUANTITY)) scanner.text()
    scanner.expect(FILL_FIRST)
    const first = scanner.integer()
    scanner.expect(FILL_LAST)
    const last = scanner.integer()
    out.fillFirst[at] = first
    out.fillLast[at] = last
    this.#matched(out, at)
    return first <= last && this.#endTrade(out, at)
  }

  /**
   * The best price, which is not read: `{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":400900217,"s":"BTCUSDT",
   * "b":"25.3519","B":"31.21","a":"25.3652","A":"40.66","T":1568014460891,"E":1568014460893}}`; on spot without `e`, `T`, `E`.
   */
  #ticker(out: Columns): boolean {
    const scanner = this.#scanner
    scanner.next(TYPE)
    scanner.expect(UPDATE)
    scanner.integer()
    scanner.expect(SYMBOL)
    scanner.text()
    scanner.expect(BID_PRICE)
    scanner.text()
    scanner.expect(BID_SIZE)
    scanner.text()
    scanner.expect(ASK_PRICE)
    scanner.text()
    scanner.expect(ASK_SIZE)
    scanner.text()
    if (scanner.next(MATCHED)) scanner.integer()
    if (scanner.next(SENT)) scanner.integer()
    this.#symbolType()
    scanner.expect(END)
    out.ignored++
    return scanner.isDone
  }

  /** A trade's id, which is the number that grows by one as well. */
  #id(out: Columns, at: number): void {
    const scanner = this.#scanner
    out.idStart[at] = scanner.at
    out.last[at] = scanner.integer()
    out.idEnd[at] = scanner.at
  }

  /** Price and quantity of a trade into the level at `out.levels`. */
  #amounts(out: Columns): void {
    const scanner = this.#scanner
    out.reserve()
    scanner.expect(PRICE)
    scanner.decimal(out.prices, out.priceDecimals, out.levels)
    scanner.expect(QUANTITY)
    scanner.decimal(out.sizes, out.sizeDecimals, out.levels)
    scanner.expect(QUOTE)
  }

  #matched(out: Columns, at: number): void {
    this.#scanner.expect(MATCHED)
    out.venueTimeUs[at] = this.#scanner.micros()
  }

  #endTrade(out: Columns, at: number): boolean {
    const scanner = this.#scanner
    scanner.expect(BUYER_IS_MAKER)
    // A buyer that is the maker was sold to.
    out.side[at] = scanner.boolean() ? SELL : BUY
    if (scanner.next(BEST_MATCH)) scanner.boolean()
    // What has no price or no size is no trade: the strict reader knows why.
    const isTrade = out.prices[out.levels] !== 0 && out.sizes[out.levels] !== 0
    out.bidCount[at] = 1
    out.levels++
    return isTrade && this.#end(out)
  }

  /** Since 2026 `"ps":"BTCUSDT","st":1` ends the frames of USD-M. */
  #symbolType(): number {
    const scanner = this.#scanner
    if (scanner.next(PAIR)) scanner.text()
    return scanner.next(SYMBOL_TYPE) ? scanner.integer() : 0
  }

  #end(out: Columns): boolean {
    const scanner = this.#scanner
    const symbolType = this.#symbolType()
    scanner.expect(END)
    if (!scanner.isDone) return false
    if (symbolType !== COIN_M && out.slot[out.count] !== -1) {
      out.count++
      return true
    }
    out.levels = 0
    if (symbolType === COIN_M) out.ignored++
    else out.unknown++
    return true
  }
}
