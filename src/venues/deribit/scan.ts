import { BUY, type Columns, KIND, SELL } from '../../core/columns.ts'
import { endTrade } from '../levels.ts'
import { fixed, Scanner } from '../scanner.ts'
import type { Symbols } from '../symbols.ts'
import { INTERVALS } from './decode.ts'

const DOT = 46

const CHANNEL = fixed('{"jsonrpc":"2.0","method":"subscription","params":{"channel":"')
const BOOK = fixed('book.')
const TRADES = fixed('trades.')
const CHANGE = fixed(',"data":{"type":"change","timestamp":')
const PREVIOUS = fixed(',"prev_change_id":')
const INSTRUMENT = fixed(',"instrument_name":"')
const CHANGE_ID = fixed(',"change_id":')
const BIDS = fixed(',"bids":')
const ASKS = fixed(',"asks":')
const BOOK_END = fixed('}}}')
const NO_LEVELS = fixed('[]')
const LEVELS = fixed('[["')
const IS_CHANGE = fixed('change",')
const IS_DELETE = fixed('delete",')
const IS_NEW = fixed('new",')
const COMMA = fixed(',')
const NEXT_LEVEL = fixed('],["')
const LEVELS_END = fixed(']]')
const ROWS = fixed(',"data":[{"timestamp":')
const NEXT_ROW = fixed('},{"timestamp":')
const ROWS_END = fixed('}]}}')
const PRICE = fixed(',"price":')
const AMOUNT = fixed(',"amount":')
const BOUGHT = fixed(',"direction":"buy"')
const SOLD = fixed(',"direction":"sell"')
const INDEX_PRICE = fixed(',"index_price":')
const TRADE_SEQ = fixed(',"trade_seq":')
const MARK_PRICE = fixed(',"mark_price":')
const TICK_DIRECTION = fixed(',"tick_direction":')
const CONTRACTS = fixed(',"contracts":')
const TRADE_ID = fixed(',"trade_id":"')

/** The data frames of Deribit by their bytes: `Venue.scan`. Sheet 3, 8 and 9; the samples stand at each method. */
export class DeribitScanner {
  readonly #scanner = new Scanner()

  /** `Venue.scan`. */
  scan(frame: Uint8Array, symbols: Symbols, out: Columns): boolean {
    const scanner = this.#scanner
    out.clear()
    scanner.load(frame)
    scanner.expect(CHANNEL)
    if (scanner.next(BOOK)) return this.#change(symbols, out)
    return scanner.next(TRADES) && this.#trades(symbols, out)
  }

  /**
   *     {"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.100ms","data":{"type":"change",
   *       "timestamp":1554373962554,"prev_change_id":297217,"instrument_name":"BTC-PERPETUAL","change_id":297218,
   *       "bids":[["delete",5041.94,0],["change",5042.34,25]],"asks":[["new",5042.7,10]]}}}
   */
  #change(symbols: Symbols, out: Columns): boolean {
    const scanner = this.#scanner
    const at = out.begin(KIND.delta)
    scanner.until(DOT)
    const slot = symbols.resolve(scanner.bytes, scanner.start, scanner.stop)
    scanner.text()
    const interval = INTERVALS.find(scanner.bytes, scanner.start, scanner.stop)
    if (slot === -1 || interval === -1) return false
    out.slot[at] = slot
    out.stream[at] = interval
    scanner.expect(CHANGE)
    out.venueTimeUs[at] = scanner.micros()
    scanner.expect(PREVIOUS)
    const previous = scanner.integer()
    scanner.expect(INSTRUMENT)
    scanner.text()
    scanner.expect(CHANGE_ID)
    out.last[at] = scanner.integer()
    scanner.expect(BIDS)
    out.bidStart[at] = out.levels
    out.bidCount[at] = this.#levels(out)
    scanner.expect(ASKS)
    out.askStart[at] = out.levels
    out.askCount[at] = this.#levels(out)
    scanner.expect(BOOK_END)
    out.previous[at] = previous
    out.count++
    return previous > 0 && scanner.isDone
  }

  /** `[["change",5042.34,25]]` into the level columns; answers how many levels. A `delete` removes whatever its amount says. */
  #levels(out: Columns): number {
    const scanner = this.#scanner
    if (scanner.next(NO_LEVELS)) return 0
    const start = out.levels
    scanner.expect(LEVELS)
    do {
      out.reserve()
      const level = out.levels++
      const isDelete = scanner.next(IS_DELETE)
      if (!isDelete && !scanner.next(IS_CHANGE)) scanner.expect(IS_NEW)
      scanner.decimal(out.prices, out.priceDecimals, level)
      scanner.expect(COMMA)
      scanner.decimal(out.sizes, out.sizeDecimals, level)
      if (isDelete) {
        out.sizes[level] = 0
        out.sizeDecimals[level] = 0
      }
    } while (scanner.next(NEXT_LEVEL))
    scanner.expect(LEVELS_END)
    return out.levels - start
  }

  /**
   *     {"jsonrpc":"2.0","method":"subscription","params":{"channel":"trades.BTC-PERPETUAL.100ms","data":[{
   *       "timestamp":1765531356452,"price":92294.5,"amount":10.0,"direction":"sell","index_price":92276.75,
   *       "instrument_name":"BTC-PERPETUAL","trade_seq":271252854,"mark_price":92287.11,"tick_direction":2,"contracts":1.0,
   *       "trade_id":"403691824"}]}}
   *
   * `contracts` stands before or after the id. What makes a trade a special one is for the strict reader.
   */
  #trades(symbols: Symbols, out: Columns): boolean {
    const scanner = this.#scanner
    scanner.text()
    scanner.expect(ROWS)
    do {
      const at = out.begin(KIND.trade)
      out.venueTimeUs[at] = scanner.micros()
      this.#trade(symbols, out, at)
      if (out.slot[at] === -1) out.unknown++
      else endTrade(out, at)
    } while (scanner.next(NEXT_ROW))
    scanner.expect(ROWS_END)
    return scanner.isDone
  }

  #trade(symbols: Symbols, out: Columns, at: number): void {
    const scanner = this.#scanner
    out.reserve()
    scanner.expect(PRICE)
    scanner.decimal(out.prices, out.priceDecimals, out.levels)
    scanner.expect(AMOUNT)
    scanner.decimal(out.sizes, out.sizeDecimals, out.levels)
    const isBought = scanner.next(BOUGHT)
    if (!isBought) scanner.expect(SOLD)
    out.side[at] = isBought ? BUY : SELL
    scanner.expect(INDEX_PRICE)
    scanner.skipNumber()
    scanner.expect(INSTRUMENT)
    out.slot[at] = scanner.symbol(symbols)
    scanner.expect(TRADE_SEQ)
    const sequence = scanner.integer()
    out.first[at] = sequence
    out.last[at] = sequence
    scanner.expect(MARK_PRICE)
    scanner.skipNumber()
    scanner.expect(TICK_DIRECTION)
    scanner.integer()
    const isEarly = this.#contracts()
    scanner.expect(TRADE_ID)
    scanner.text()
    out.idStart[at] = scanner.start
    out.idEnd[at] = scanner.stop
    if (scanner.start === scanner.stop) scanner.fail()
    if (!isEarly) this.#contracts()
  }

  #contracts(): boolean {
    const isThere = this.#scanner.next(CONTRACTS)
    if (isThere) this.#scanner.skipNumber()
    return isThere
  }
}
