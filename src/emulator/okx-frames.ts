import type { Clock } from '../runtime/runtime.ts'
import { aggregateEnd } from './binance-frames.ts'
import { plainText } from './decimal-text.ts'
import type { Listing } from './listing.ts'
import type { Fill, SymbolMarket } from './market.ts'
import type { StreamSpec, Writer } from './market-source.ts'
import type { BookChange, SideChange, TrueSide } from './true-side.ts'

/** The window of the `books` channel, levels a side. */
export const OKX_WINDOW = 400

const CHANNEL_OF: Readonly<Record<string, 'book' | 'trade'>> = {
  books: 'book',
  trades: 'trade',
  'trades-all': 'trade',
}

/** The stream behind `channel:instId`, such as `books:BTC-USDT`. */
export function okxStream(key: string): StreamSpec | undefined {
  const at = key.indexOf(':')
  const variant = key.slice(0, at)
  const channel = CHANNEL_OF[variant]
  return channel === undefined
    ? undefined
    : { key, symbol: key.slice(at + 1), channel, everySteps: 1, variant }
}

/**
 * Writes OKX frames. Samples from the sheet okx, sections 6 and 8:
 *
 *     {"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["8477","0","0","0"]],"bids":[],"ts":"1597026383185","checksum":0,"prevSeqId":123456,"seqId":123463}]}
 *     {"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"130639474","px":"42219.9","sz":"0.12060306","side":"buy","ts":"1630048897897","count":"3","source":"0","seqId":1234}]}
 */
export class OkxWriter implements Writer {
  readonly quietMs: number
  readonly #clock: Clock
  readonly #sendsSnapshots: boolean
  readonly #lastTrades = new Map<string, string>()

  constructor(clock: Clock, habits: { readonly quietMs: number; readonly sendsSnapshots: boolean }) {
    this.#clock = clock
    this.quietMs = habits.quietMs
    this.#sendsSnapshots = habits.sendsSnapshots
  }

  find(key: string): StreamSpec | undefined {
    return okxStream(key)
  }

  book(spec: StreamSpec, market: SymbolMarket, change: BookChange): string {
    const asks = changedRows(market.listing, change.asks, 1)
    const bids = changedRows(market.listing, change.bids, -1)
    return this.#frame(spec, market, {
      action: 'update',
      asks,
      bids,
      seqId: change.last,
      prevSeqId: change.previous,
    })
  }

  /** A book begins with its snapshot; `trades` repeats the last item that it told. */
  greeting(spec: StreamSpec, market: SymbolMarket): readonly string[] {
    if (spec.channel === 'trade') {
      const last = this.#lastTrades.get(spec.key)
      return last === undefined ? [] : [last]
    }
    if (!this.#sendsSnapshots) return []
    const { listing, asks, bids, sequence } = market
    const levels = { asks: windowRows(listing, asks), bids: windowRows(listing, bids) }
    return [this.#frame(spec, market, { action: 'snapshot', ...levels, seqId: sequence, prevSeqId: -1 })]
  }

  /** A book that does not change says so: the same number twice, no levels. */
  quiet(spec: StreamSpec, market: SymbolMarket): string {
    const seqId = market.sequence
    return this.#frame(spec, market, { action: 'update', asks: '', bids: '', seqId, prevSeqId: seqId })
  }

  trades(spec: StreamSpec, market: SymbolMarket, fills: readonly Fill[]): readonly string[] {
    const frames: string[] = []
    const isSingle = spec.variant === 'trades-all'
    for (let from = 0; from < fills.length;) {
      const to = isSingle ? from + 1 : aggregateEnd(fills, from)
      frames.push(this.#trade(spec, market, fills.slice(from, to)))
      from = to
    }
    const last = frames.at(-1)
    if (last !== undefined) this.#lastTrades.set(spec.key, last)
    return frames
  }

  #trade(spec: StreamSpec, market: SymbolMarket, group: readonly Fill[]): string {
    const { listing } = market
    const last = group.at(-1)
    if (last === undefined) return ''
    const size = plainText(
      group.reduce((sum, { lots }) => sum + lots, 0) * listing.lot.units,
      listing.lot.decimals,
    )
    const price = plainText(last.ticks * listing.tick.units, listing.tick.decimals)
    const what = `"instId":"${spec.symbol}","tradeId":"${last.id}","px":"${price}","sz":"${size}","side":"${last.side}"`
    const grouped = `"ts":"${this.#nowMs()}","count":"${group.length}","source":"0","seqId":${market.sequence}`
    const item =
      spec.variant === 'trades-all' ? `${what},"source":"0","ts":"${this.#nowMs()}"` : `${what},${grouped}`
    return `{"arg":${argOf(spec)},"data":[{${item}}]}`
  }

  #frame(
    spec: StreamSpec,
    market: SymbolMarket,
    {
      action,
      asks,
      bids,
      seqId,
      prevSeqId,
    }: { action: string; asks: string; bids: string; seqId: number; prevSeqId: number },
  ): string {
    // The checksum is dead: 0 in some captures of 2026, absent in others (doubt D2).
    const checksum = market.listing.index % 2 === 0 ? '"checksum":0,' : ''
    const data = `{"asks":[${asks}],"bids":[${bids}],"ts":"${this.#nowMs()}",${checksum}"prevSeqId":${prevSeqId},"seqId":${seqId}}`
    return `{"arg":${argOf(spec)},"action":"${action}","data":[${data}]}`
  }

  #nowMs(): number {
    return Math.floor(this.#clock.now() / 1_000)
  }
}

/** The best `count` levels of a side as rows of OKX. */
export function windowRows(listing: Listing, side: TrueSide, count = OKX_WINDOW): string {
  const rows = Array.from({ length: Math.min(count, side.count) }, (_, rank) =>
    row(listing, side.ticks(rank), side.lots(rank)),
  )
  return rows.join(',')
}

function changedRows(listing: Listing, change: SideChange, order: 1 | -1): string {
  const prices = change.ticks(order)
  return prices.map((ticks) => row(listing, ticks, change.after.get(ticks) ?? 0)).join(',')
}

function row({ tick, lot }: Listing, ticks: number, lots: number): string {
  const orders = lots === 0 ? 0 : 1 + (lots % 7)
  return `["${plainText(ticks * tick.units, tick.decimals)}","${plainText(lots * lot.units, lot.decimals)}","0","${orders}"]`
}

const argOf = (spec: StreamSpec): string => `{"channel":"${spec.variant}","instId":"${spec.symbol}"}`
