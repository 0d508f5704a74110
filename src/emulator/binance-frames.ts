import type { Clock } from '../runtime/runtime.ts'
import { fixedText } from './decimal-text.ts'
import type { Listing } from './listing.ts'
import type { Fill, SymbolMarket } from './market.ts'
import type { StreamSpec, Writer } from './market-source.ts'
import type { BookChange, SideChange } from './true-side.ts'

/** How a client wants its frames: bits of `Outlet.form`. */
export const FORM = { combined: 1, micros: 2 } as const

/** Spot tells all prices and sizes with eight decimals, whatever the tick (captures of 2021 and 2024). */
const SPOT_DECIMALS = 8

/** Steps of 100 ms between frames of the diff streams. The bare name means 1000 ms on spot, 250 ms on USD-M. */
const SPOT_BOOKS: Readonly<Record<string, number>> = { depth: 10, 'depth@100ms': 1 }
const USDM_BOOKS: Readonly<Record<string, number>> = {
  depth: 2.5,
  'depth@100ms': 1,
  'depth@500ms': 5,
  'depth@0ms': 1,
}
const TRADES: ReadonlySet<string> = new Set(['trade', 'aggTrade'])

const TRADE_LAG_MS = 1

/** The stream that a name such as `btcusdt@depth@100ms` stands for. Capitals name nothing. */
export function binanceStream(
  key: string,
  usdm: boolean,
  symbolOf: (lower: string) => string,
): StreamSpec | undefined {
  const at = key.indexOf('@')
  if (at < 1) return undefined
  const lower = key.slice(0, at)
  const variant = key.slice(at + 1)
  if (lower !== lower.toLowerCase()) return undefined
  const everySteps = (usdm ? USDM_BOOKS : SPOT_BOOKS)[variant]
  const symbol = symbolOf(lower)
  if (everySteps !== undefined) return { key, symbol, channel: 'book', everySteps, variant }
  return TRADES.has(variant) ? { key, symbol, channel: 'trade', everySteps: 1, variant } : undefined
}

/**
 * Writes Binance frames. Samples from the sheets binance-spot (section 4) and binance-derivatives (section 3):
 *
 *     {"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":157,"u":160,"b":[["0.0024","10"]],"a":[["0.0026","100"]]}
 *     {"e":"depthUpdate","E":1571889248277,"T":1571889248276,"s":"BTCUSDT","U":390497796,"u":390497878,"pu":390497794,"b":[…],"a":[…],"ps":"BTCUSDT","st":1}
 *     {"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100","T":1672515782136,"m":true,"M":true}
 *     {"e":"aggTrade","E":1672515782136,"s":"BTCUSDT","a":5933014,"p":"67000.10","q":"0.120","nq":"0.100","f":100,"l":105,"T":1672515782136,"m":true,"st":1}
 */
export class BinanceWriter implements Writer {
  readonly #usdm: boolean
  readonly #clock: Clock

  constructor(usdm: boolean, clock: Clock) {
    this.#usdm = usdm
    this.#clock = clock
  }

  find(key: string): StreamSpec | undefined {
    return binanceStream(key, this.#usdm, (lower) => lower.toUpperCase())
  }

  book(spec: StreamSpec, market: SymbolMarket, change: BookChange, form: number): string {
    const { listing } = market
    const bids = this.#rows(listing, change.bids, this.#usdm ? 1 : -1)
    const asks = this.#rows(listing, change.asks, 1)
    const time = this.#time(form, 0)
    const ids = `"U":${change.first},"u":${change.last}`
    const levels = `"b":[${bids}],"a":[${asks}]`
    const symbol = `"s":"${listing.symbol}"`
    if (!this.#usdm) return wrapped(spec, form, `{"e":"depthUpdate","E":${time},${symbol},${ids},${levels}}`)
    const engine = this.#time(form, TRADE_LAG_MS)
    const head = `{"e":"depthUpdate","E":${time},"T":${engine},${symbol},${ids},"pu":${change.previous}`
    return wrapped(spec, form, `${head},${levels}${family(listing, true)}}`)
  }

  trades(spec: StreamSpec, market: SymbolMarket, fills: readonly Fill[], form: number): readonly string[] {
    if (spec.variant === 'trade')
      return fills.map((fill) => wrapped(spec, form, this.#trade(market.listing, fill, form)))
    const frames: string[] = []
    for (let from = 0; from < fills.length;) {
      const to = aggregateEnd(fills, from)
      frames.push(wrapped(spec, form, this.#aggregate(market.listing, fills.slice(from, to), form)))
      from = to
    }
    return frames
  }

  /** A price as this venue writes it. */
  price(listing: Listing, ticks: number): string {
    const { units, decimals } = listing.tick
    return this.#text(ticks * units, decimals)
  }

  size(listing: Listing, lots: number): string {
    const { units, decimals } = listing.lot
    return this.#text(lots * units, decimals)
  }

  #text(mantissa: number, decimals: number): string {
    const text = fixedText(mantissa, decimals)
    if (this.#usdm) return text
    const padded = text.padEnd(text.length + SPOT_DECIMALS - decimals, '0')
    return decimals === 0 ? `${text}.${'0'.repeat(SPOT_DECIMALS)}` : padded
  }

  #rows(listing: Listing, change: SideChange, order: 1 | -1): string {
    const prices = change.ticks(order)
    let rows = ''
    for (const ticks of prices) {
      const lots = change.after.get(ticks) ?? 0
      rows += `${rows === '' ? '' : ','}["${this.price(listing, ticks)}","${this.size(listing, lots)}"]`
    }
    return rows
  }

  #trade(listing: Listing, fill: Fill, form: number): string {
    const what = `"t":${fill.id},"p":"${this.price(listing, fill.ticks)}","q":"${this.size(listing, fill.lots)}"`
    const isMaker = fill.side === 'sell'
    const sent = this.#time(form, 0)
    const matched = this.#time(form, TRADE_LAG_MS)
    return this.#usdm
      ? `{"e":"trade","E":${sent},"T":${matched},"s":"${listing.symbol}",${what},"X":"MARKET","m":${isMaker}${family(listing, false)}}`
      : `{"e":"trade","E":${sent},"s":"${listing.symbol}",${what},"T":${matched},"m":${isMaker},"M":true}`
  }

  #aggregate(listing: Listing, fills: readonly Fill[], form: number): string {
    const first = fills[0]
    const last = fills.at(-1)
    if (first === undefined || last === undefined) return ''
    const size = this.size(
      listing,
      fills.reduce((sum, { lots }) => sum + lots, 0),
    )
    const what = `"a":${first.aggregate},"p":"${this.price(listing, first.ticks)}","q":"${size}"`
    const rest = `"f":${first.id},"l":${last.id},"T":${this.#time(form, TRADE_LAG_MS)},"m":${first.side === 'sell'}`
    const head = `{"e":"aggTrade","E":${this.#time(form, 0)},"s":"${listing.symbol}",${what}`
    return this.#usdm
      ? `${head},"nq":"${size}",${rest}${family(listing, false)}}`
      : `${head},${rest},"M":true}`
  }

  /** Now, less `lagMs`, in the unit that the client asked for. */
  #time(form: number, lagMs: number): number {
    const micros = this.#clock.now() - lagMs * 1_000
    return (form & FORM.micros) === 0 ? Math.floor(micros / 1_000) : micros
  }
}

/** Index after the last fill of the taker order and price at `from`. */
export function aggregateEnd(fills: readonly Fill[], from: number): number {
  let to = from + 1
  while (to < fills.length && fills[to]?.aggregate === fills[from]?.aggregate) to++
  return to
}

/** `ps` and `st` came in June 2026; some instruments go without, so that nobody relies on them. */
function family(listing: Listing, pair: boolean): string {
  if (listing.index % 2 === 1) return ''
  return pair ? `,"ps":"${listing.symbol}","st":1` : ',"st":1'
}

function wrapped(spec: StreamSpec, form: number, payload: string): string {
  return (form & FORM.combined) === 0 ? payload : `{"stream":"${spec.key}","data":${payload}}`
}
