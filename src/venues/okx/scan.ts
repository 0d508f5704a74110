import { BUY, type Columns, KIND, SELL, TRADE_FLAG } from '../../core/columns.ts'
import { endTrade } from '../levels.ts'
import { fixed, Scanner } from '../scanner.ts'
import type { Symbols } from '../symbols.ts'
import { CHANNELS, TRADES } from './decode.ts'

const CHANNEL = fixed('{"arg":{"channel":"')
const INSTRUMENT = fixed(',"instId":"')
const UPDATE = fixed('},"action":"update","data":[{"asks":')
const SNAPSHOT = fixed('},"action":"snapshot","data":[{"asks":')
const BIDS = fixed(',"bids":')
const TIME = fixed(',"ts":"')
const QUOTE = fixed('"')
const CHECKSUM = fixed(',"checksum":')
const SEQ_ID = fixed(',"seqId":')
const PREV_SEQ_ID = fixed(',"prevSeqId":')
const END = fixed('}]}')
const ROWS = fixed('},"data":[{"instId":"')
const NEXT_ROW = fixed('},{"instId":"')
const TRADE_ID = fixed(',"tradeId":"')
const PRICE = fixed('","px":"')
const TRADE_SIZE = fixed('","sz":"')
const SIDE = fixed('","side":"')
const BOUGHT = fixed('buy"')
const SOLD = fixed('sell"')
const COUNT = fixed(',"count":"')
const SOURCE = fixed('","source":"')
const RPI = fixed('1"')
const ORDINARY = fixed('0"')

/** The data frames of OKX by their bytes: `Venue.scan`. Sheet 4, 6 and 8; the samples stand at each method. */
export class OkxScanner {
  readonly #scanner = new Scanner()

  /** `Venue.scan`. */
  scan(frame: Uint8Array, symbols: Symbols, out: Columns): boolean {
    const scanner = this.#scanner
    out.clear()
    scanner.load(frame)
    scanner.expect(CHANNEL)
    scanner.text()
    const channel = CHANNELS.find(scanner.bytes, scanner.start, scanner.stop)
    if (channel === -1) return false
    scanner.expect(INSTRUMENT)
    const slot = scanner.symbol(symbols)
    if (slot === -1) return false
    if (channel >= TRADES) return this.#trades(out, slot, channel - TRADES)
    const isUpdate = scanner.next(UPDATE)
    if (!isUpdate) scanner.expect(SNAPSHOT)
    const at = out.begin(isUpdate ? KIND.delta : KIND.snapshot)
    out.slot[at] = slot
    out.stream[at] = channel
    return this.#book(out, at)
  }

  /**
   *     {"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["8477","0","0","0"]],"bids":[],
   *       "ts":"1597026383185","checksum":0,"seqId":123463,"prevSeqId":123456}]}
   *
   * The numbers of the chain come in either order. Before 2023 there were none, and the checksum was one.
   */
  #book(out: Columns, at: number): boolean {
    const scanner = this.#scanner
    out.askCount[at] = scanner.longLevels(out)
    scanner.expect(BIDS)
    out.bidStart[at] = out.levels
    out.bidCount[at] = scanner.longLevels(out)
    scanner.expect(TIME)
    out.venueTimeUs[at] = scanner.micros()
    scanner.expect(QUOTE)
    const isChecked = scanner.next(CHECKSUM)
    if (isChecked) out.checksum[at] = scanner.signed()
    const isChained = this.#chain(out, at)
    scanner.expect(END)
    out.count++
    if (out.kind[at] === KIND.snapshot) {
      // It names the number before it, and follows nothing.
      out.previous[at] = Number.NaN
      return scanner.isDone
    }
    return scanner.isDone && (isChecked || isChained)
  }

  #chain(out: Columns, at: number): boolean {
    const scanner = this.#scanner
    if (scanner.next(SEQ_ID)) {
      out.last[at] = scanner.signed()
      scanner.expect(PREV_SEQ_ID)
      out.previous[at] = scanner.signed()
      return true
    }
    if (!scanner.next(PREV_SEQ_ID)) return false
    out.previous[at] = scanner.signed()
    scanner.expect(SEQ_ID)
    out.last[at] = scanner.signed()
    return true
  }

  /**
   *     {"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"130639474","px":"42219.9",
   *       "sz":"0.12060306","side":"buy","ts":"1630048897897","count":"3","source":"0","seqId":1234}]}
   */
  #trades(out: Columns, slot: number, stream: number): boolean {
    const scanner = this.#scanner
    scanner.expect(ROWS)
    do {
      scanner.text()
      const at = out.begin(KIND.trade)
      out.slot[at] = slot
      out.stream[at] = stream
      this.#trade(out, at)
    } while (scanner.next(NEXT_ROW))
    scanner.expect(END)
    return scanner.isDone
  }

  #trade(out: Columns, at: number): void {
    const scanner = this.#scanner
    scanner.expect(TRADE_ID)
    out.idStart[at] = scanner.at
    const last = scanner.integer()
    out.idEnd[at] = scanner.at
    out.reserve()
    scanner.expect(PRICE)
    scanner.decimal(out.prices, out.priceDecimals, out.levels)
    scanner.expect(TRADE_SIZE)
    scanner.decimal(out.sizes, out.sizeDecimals, out.levels)
    scanner.expect(SIDE)
    const isBought = scanner.next(BOUGHT)
    if (!isBought) scanner.expect(SOLD)
    out.side[at] = isBought ? BUY : SELL
    scanner.expect(TIME)
    out.venueTimeUs[at] = scanner.micros()
    scanner.expect(QUOTE)
    this.#cover(out, at, last)
    if (scanner.next(SEQ_ID)) scanner.integer()
    endTrade(out, at)
  }

  /** `"count":"3","source":"0"`: trades with ids up to `last`, and whether they were against the RPI book (sheet 7). */
  #cover(out: Columns, at: number, last: number): void {
    const scanner = this.#scanner
    let count = 1
    if (scanner.next(COUNT)) {
      count = scanner.integer()
      scanner.expect(SOURCE)
      if (scanner.next(RPI)) out.flags[at] = TRADE_FLAG.rpi
      else scanner.expect(ORDINARY)
    }
    const first = last - count + 1
    if (!(count >= 1 && first >= 0)) scanner.fail()
    out.first[at] = first
    out.last[at] = last
    if (count === 1) return
    out.fillFirst[at] = first
    out.fillLast[at] = last
  }
}
