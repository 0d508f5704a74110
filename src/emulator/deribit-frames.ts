import type { Clock } from '../runtime/runtime.ts'
import { exponentText, plainText, pointText } from './decimal-text.ts'
import type { Listing } from './listing.ts'
import type { Fill, SymbolMarket } from './market.ts'
import type { StreamSpec, Writer } from './market-source.ts'
import type { BookChange, SideChange, TrueSide } from './true-side.ts'

/** Steps of 100 ms of the intervals; `agg2` is said to be one or two seconds (doubt D2). */
const INTERVALS: Readonly<Record<string, number>> = { raw: 1, '100ms': 1, agg2: 10 }
const CHANNEL = /^(book|trades)\.([A-Za-z0-9_-]+)\.(raw|100ms|agg2)$/

/** The stream behind a channel name such as `book.BTC-PERPETUAL.100ms`. */
export function deribitStream(key: string): StreamSpec | undefined {
  const [, kind, symbol, variant] = CHANNEL.exec(key) ?? []
  if (kind === undefined || symbol === undefined || variant === undefined) return undefined
  return {
    key,
    symbol,
    channel: kind === 'book' ? 'book' : 'trade',
    everySteps: INTERVALS[variant] ?? 1,
    variant,
  }
}

/**
 * Writes Deribit notifications. Samples from the sheet deribit, sections 8 and 9:
 *
 *     {"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.100ms","data":{"type":"change","timestamp":1554373962554,"prev_change_id":297217,"instrument_name":"BTC-PERPETUAL","change_id":297218,"bids":[["delete",5041.94,0],["change",5042.34,25]],"asks":[["new",5042.7,10]]}}}
 *     {"jsonrpc":"2.0","method":"subscription","params":{"channel":"trades.BTC-PERPETUAL.100ms","data":[{"timestamp":1765531356452,"price":92294.5,"amount":10.0,"direction":"sell","index_price":92276.75,"instrument_name":"BTC-PERPETUAL","trade_seq":271252854,"mark_price":92287.11,"tick_direction":2,"contracts":1.0,"trade_id":"403691824"}]}}
 */
export class DeribitWriter implements Writer {
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  find(key: string): StreamSpec | undefined {
    return deribitStream(key)
  }

  book(spec: StreamSpec, market: SymbolMarket, change: BookChange): string {
    const bids = changedRows(market.listing, change.bids, -1)
    const asks = changedRows(market.listing, change.asks, 1)
    const ids = `"prev_change_id":${change.previous},"instrument_name":"${spec.symbol}","change_id":${change.last}`
    return notification(
      spec.key,
      `{"type":"change","timestamp":${this.#nowMs()},${ids},"bids":[${bids}],"asks":[${asks}]}`,
    )
  }

  greeting(spec: StreamSpec, market: SymbolMarket): readonly string[] {
    if (spec.channel === 'trade') return []
    const rows = (side: TrueSide): string =>
      Array.from({ length: side.count }, (_, rank) => {
        return `["new",${priceText(market.listing, side.ticks(rank))},${amountText(market.listing, side.lots(rank))}]`
      }).join(',')
    const head = `"type":"snapshot","timestamp":${this.#nowMs()},"instrument_name":"${spec.symbol}","change_id":${market.sequence}`
    return [notification(spec.key, `{${head},"bids":[${rows(market.bids)}],"asks":[${rows(market.asks)}]}`)]
  }

  trades(spec: StreamSpec, market: SymbolMarket, fills: readonly Fill[]): readonly string[] {
    const rows = fills.map((fill) => this.#trade(market.listing, fill)).join(',')
    return [notification(spec.key, `[${rows}]`)]
  }

  #trade(listing: Listing, fill: Fill): string {
    const price = priceText(listing, fill.ticks)
    const amount = amountText(listing, fill.lots)
    // Ids are digits for BTC and carry the currency elsewhere.
    const id =
      listing.base === 'BTC'
        ? String(fill.id)
        : `${listing.quote === 'USDC' ? `${listing.base}_USDC` : listing.base}-${fill.id}`
    const told = `"timestamp":${this.#nowMs()},"price":${price},"amount":${amount},"direction":"${fill.side}"`
    const marks = `"index_price":${price},"instrument_name":"${listing.symbol}","trade_seq":${fill.id},"mark_price":${price}`
    const contracts = listing.inverse ? `,"contracts":${fill.lots}.0` : ''
    return `{${told},${marks},"tick_direction":${fill.id % 4}${contracts},"trade_id":"${id}"${tags(fill)}}`
  }

  #nowMs(): number {
    return Math.floor(this.#clock.now() / 1_000)
  }
}

/** A JSON-RPC notification of a channel. */
export function notification(channel: string, data: string): string {
  return `{"jsonrpc":"2.0","method":"subscription","params":{"channel":"${channel}","data":${data}}}`
}

/** A price as a JSON number. */
export const priceText = ({ tick }: Listing, ticks: number): string =>
  pointText(ticks * tick.units, tick.decimals)

/** An amount as a JSON number; round large ones are at times written with an exponent: `1.5e4`. */
export function amountText({ lot }: Listing, lots: number): string {
  const mantissa = lots * lot.units
  const isShort = lot.decimals === 0 && mantissa >= 1_000 && mantissa % 100 === 0
  return isShort && lots % 3 === 0 ? exponentText(plainText(mantissa, 0)) : pointText(mantissa, lot.decimals)
}

/** What came and went inside the interval is not told. */
function changedRows(listing: Listing, change: SideChange, order: 1 | -1): string {
  const prices = change.ticks(order)
  const rows: string[] = []
  for (const ticks of prices) {
    const before = change.before.get(ticks) ?? 0
    const after = change.after.get(ticks) ?? 0
    if (before === after) continue
    const action = after === 0 ? 'delete' : before === 0 ? 'new' : 'change'
    rows.push(`["${action}",${priceText(listing, ticks)},${amountText(listing, after)}]`)
  }
  return rows.join(',')
}

/** Liquidations, block trades and legs of combos are in the same channel as everything else. */
function tags(fill: Fill): string {
  if (fill.id % 97 === 0) return `,"liquidation":"${fill.id % 2 === 0 ? 'T' : 'M'}"`
  if (fill.id % 211 === 0) return `,"block_trade_id":"BLOCK-${fill.id}","block_trade_leg_count":1`
  return fill.id % 223 === 0 ? `,"combo_id":"BTC-FS-25DEC26_PERP","combo_trade_id":${fill.id}` : ''
}
