// Depth-heavy mixes: markets of a venue, most of whose frames change books.
import type { VenueId } from '../../src/core/ids.ts'
import { SeededRandom } from '../../src/runtime/sim-random.ts'
import { venueOf } from '../../src/venues/venues.ts'
import type { Item } from './inputs.ts'
import { type Change, Market, type MarketFacts, MARKETS } from './market.ts'

const START_MS = 1_764_000_000_000

type Write = (value: number) => string

/** What a venue sends of a market. */
interface Sender {
  snapshot(bids: readonly Change[], asks: readonly Change[], timeMs: number): Item
  change(bids: readonly Change[], asks: readonly Change[], timeMs: number): string
  trade(price: number, size: number, isBuy: boolean, timeMs: number): string
}

interface Named {
  readonly base: string
  readonly price: Write
  readonly size: Write
  /** Whole, from 1 to below `limit`. */
  readonly step: (limit: number) => number
}

const pairs = (levels: readonly Change[], { price, size }: Named): string =>
  levels.map(([at, of]) => `["${price(at)}","${size(of)}"]`).join(',')

/** USD-M depth at 100 ms and trades. */
function binance(named: Named): Sender {
  const symbol = `${named.base}USDT`
  const stream = symbol.toLowerCase()
  let last = 1_000_000
  let id = 1_000_000
  return {
    snapshot: (bids, asks, timeMs) => ({
      symbol,
      bytes: Buffer.from(
        `{"lastUpdateId":${last},"E":${timeMs},"T":${timeMs},"bids":[${pairs(bids, named)}],"asks":[${pairs(asks, named)}]}`,
      ),
    }),
    change(bids, asks, timeMs) {
      const previous = last
      last += named.step(500)
      return (
        `{"stream":"${stream}@depth@100ms","data":{"e":"depthUpdate","E":${timeMs},"T":${timeMs - 7},"s":"${symbol}",` +
        `"U":${previous + 1},"u":${last},"pu":${previous},"b":[${pairs(bids, named)}],"a":[${pairs(asks, named)}]}}`
      )
    },
    trade: (price, size, isBuy, timeMs) =>
      `{"stream":"${stream}@aggTrade","data":{"e":"aggTrade","E":${timeMs},"a":${++id},"s":"${symbol}","p":"${named.price(price)}",` +
      `"q":"${named.size(size)}","f":${id},"l":${id},"T":${timeMs - 1},"m":${!isBuy}}}`,
  }
}

/** As OKX and Deribit write numbers: without zeros at the end. */
const trimmed = (text: string): string => String(Number(text))

/** OKX `books` and `trades`. */
function okx({ price: priceText, size: sizeText, ...named }: Named): Sender {
  const price: Write = (ticks) => trimmed(priceText(ticks))
  const size: Write = (lots) => trimmed(sizeText(lots))
  const symbol = `${named.base}-USDT`
  let last = 1_000_000
  let id = 1_000_000
  const levels = (side: readonly Change[]): string =>
    side.map(([at, of]) => `["${price(at)}","${size(of)}","0","${of % 7}"]`).join(',')
  const book = (
    action: string,
    sides: readonly (readonly Change[])[],
    timeMs: number,
    previous: number,
  ): string => {
    const [bids = [], asks = []] = sides
    return (
      `{"arg":{"channel":"books","instId":"${symbol}"},"action":"${action}","data":[{"asks":[${levels(asks)}],"bids":[${levels(bids)}],` +
      `"ts":"${timeMs}","checksum":0,"seqId":${last},"prevSeqId":${previous}}]}`
    )
  }
  return {
    snapshot: (bids, asks, timeMs) => ({
      symbol: undefined,
      bytes: Buffer.from(book('snapshot', [bids, asks], timeMs, -1)),
    }),
    change(bids, asks, timeMs) {
      const previous = last
      last += named.step(20)
      return book('update', [bids, asks], timeMs, previous)
    },
    trade: (at, of, isBuy, timeMs) =>
      `{"arg":{"channel":"trades","instId":"${symbol}"},"data":[{"instId":"${symbol}","tradeId":"${++id}","px":"${price(at)}",` +
      `"sz":"${size(of)}","side":"${isBuy ? 'buy' : 'sell'}","ts":"${timeMs}","count":"1","source":"0","seqId":${id}}]}`,
  }
}

/** Deribit `book.X.100ms` and `trades.X.100ms`. */
function deribit(named: Named): Sender {
  const isCoin = named.base === 'BTC' || named.base === 'ETH'
  const symbol = isCoin ? `${named.base}-PERPETUAL` : `${named.base}_USDC-PERPETUAL`
  let last = 1_000_000
  let id = 1_000_000
  const known = new Set<number>()
  const real = (text: string): string => (trimmed(text).includes('.') ? trimmed(text) : `${trimmed(text)}.0`)
  const size = (of: number): string => (isCoin ? `${of * 10}.0` : real(named.size(of)))
  const levels = (side: readonly Change[]): string =>
    side
      .map(([price, of]) => {
        const action = of === 0 ? 'delete' : known.has(price) ? 'change' : 'new'
        if (of === 0) known.delete(price)
        else known.add(price)
        return `["${action}",${real(named.price(price))},${size(of)}]`
      })
      .join(',')
  const book = (
    type: string,
    sides: readonly (readonly Change[])[],
    timeMs: number,
    link: string,
  ): string => {
    const [bids = [], asks = []] = sides
    return (
      `{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.${symbol}.100ms","data":{"type":"${type}","timestamp":${timeMs},` +
      `${link}"instrument_name":"${symbol}","change_id":${last},"bids":[${levels(bids)}],"asks":[${levels(asks)}]}}}`
    )
  }
  return {
    snapshot: (bids, asks, timeMs) => ({
      symbol: undefined,
      bytes: Buffer.from(book('snapshot', [bids, asks], timeMs, '')),
    }),
    change(bids, asks, timeMs) {
      const link = `"prev_change_id":${last},`
      last += named.step(40)
      return book('change', [bids, asks], timeMs, link)
    },
    trade: (price, of, isBuy, timeMs) =>
      `{"jsonrpc":"2.0","method":"subscription","params":{"channel":"trades.${symbol}.100ms","data":[{"timestamp":${timeMs},` +
      `"price":${real(named.price(price))},"amount":${size(of)},"direction":"${isBuy ? 'buy' : 'sell'}",` +
      `"index_price":${real(named.price(price))},"instrument_name":"${symbol}","trade_seq":${++id},` +
      `"mark_price":${real(named.price(price))},"tick_direction":0,"contracts":${size(of)},"trade_id":"${id + 1e8}"}]}}`,
  }
}

const VENUES = {
  'binance-derivatives': { sender: binance, depth: 1_000 },
  'okx-spot': { sender: okx, depth: 400 },
  deribit: { sender: deribit, depth: 500 },
} as const satisfies Partial<
  Record<VenueId, { readonly sender: (named: Named) => Sender; readonly depth: number }>
>

export type MixVenue = keyof typeof VENUES

/** `undefined` when nothing came of it. */
function changed(market: Market, send: Sender, timeMs: number): string | undefined {
  const [bids, asks] = market.change()
  return bids.length + asks.length > 0 ? send.change(bids, asks, timeMs) : undefined
}

function traded(market: Market, send: Sender, timeMs: number): string {
  const isBuy = market.whole(2) === 1
  const [best = 0] = isBuy ? market.asks : market.bids
  return send.trade(best, market.size(), isBuy, timeMs)
}

/** What a mix is made of, where it is not the usual: eight markets of the venue's depth. */
export interface MixShape {
  readonly markets?: readonly MarketFacts[]
  /** Levels a side. */
  readonly levels?: number
  /** Every so many frames, of a venue that sends snapshots in the stream, one comes again. */
  readonly snapshotEvery?: number
}

/** Snapshots of all books first, then changes and trades: `frames` in all. */
export function mix(venue: MixVenue, frames: number, shape: MixShape = {}): readonly Item[] {
  const { sender, depth } = VENUES[venue]
  const random = new SeededRandom(3)
  const markets = (shape.markets ?? MARKETS).map(({ base, price, priceDecimals, sizeDecimals, kind }) => {
    const tick = Math.round(price * 10 ** priceDecimals)
    const market = new Market(random, kind, { tick, depth: shape.levels ?? Math.round(depth * kind.depth) })
    const named = {
      base,
      price: (ticks: number) => (ticks / 10 ** priceDecimals).toFixed(priceDecimals),
      size: (lots: number) => (lots / 10 ** sizeDecimals).toFixed(sizeDecimals),
      step: (limit: number) => market.whole(limit),
    }
    return { kind, market, send: sender(named) }
  })
  const sized = (market: Market, side: readonly number[]): readonly Change[] =>
    side.map((price) => [price, market.size()])
  const items: Item[] = []
  const add = (text: string | undefined): void => {
    if (text !== undefined) items.push({ symbol: undefined, bytes: Buffer.from(text) })
  }
  for (const { market, send } of markets) {
    // A snapshot that is asked for is the answer to a first change, which it has.
    if (venueOf(venue).link.snapshot === 'request')
      add(send.change([], sized(market, market.asks.slice(0, 1)), START_MS))
    items.push(send.snapshot(sized(market, market.bids), sized(market, market.asks), START_MS))
  }
  // Each as often as it speaks.
  const turns = markets.flatMap((one) =>
    Array.from({ length: one.kind.changes + one.kind.trades }, () => one),
  )
  while (items.length < frames) {
    const timeMs = START_MS + items.length
    const turn = turns[Math.floor(random.next() * turns.length)]
    if (turn === undefined) break
    const { kind, market, send } = turn
    if (items.length % (shape.snapshotEvery ?? Infinity) === 0) {
      items.push(send.snapshot(sized(market, market.bids), sized(market, market.asks), timeMs))
      continue
    }
    const isTrade = random.next() * (kind.changes + kind.trades) < kind.trades
    add(isTrade ? traded(market, send, timeMs) : changed(market, send, timeMs))
  }
  return items
}
