// Other collectors' libraries, fed the same messages: `npm install --prefix bench/peers` puts them there.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { VenueId } from '../../src/core/ids.ts'
import type { Candidate } from './candidates.ts'

const peers = createRequire(join(import.meta.dirname, '../peers/package.json'))

interface BestPrice {
  readonly price: number
}

interface Tardis {
  readonly normalizeTrades: (exchange: string, since: Date) => TardisMapper
  readonly normalizeBookChanges: (exchange: string, since: Date) => TardisMapper
  readonly OrderBook: new () => TardisBook
}

interface TardisBook {
  update(change: unknown): void
  bestBid(): BestPrice | undefined
  bestAsk(): BestPrice | undefined
}

interface TardisMapper {
  canHandle(message: unknown): boolean
  map(message: unknown, receivedAt: Date): Iterable<TardisEvent> | undefined
}

interface TardisEvent {
  readonly type: string
  readonly symbol: string
}

const TARDIS_NAMES: Readonly<Record<VenueId, string>> = {
  'binance-spot': 'binance',
  'binance-derivatives': 'binance-futures',
  'okx-spot': 'okex',
  'okx-derivatives': 'okex-swap',
  deribit: 'deribit',
}

/** The mappers of tardis-dev for trades and books, and its order book. */
export function tardis(id: VenueId): Candidate {
  const { normalizeTrades, normalizeBookChanges, OrderBook }: Tardis = peers('tardis-dev')
  const since = new Date()
  const mappers = [normalizeTrades, normalizeBookChanges].map((make) => make(TARDIS_NAMES[id], since))
  const books = new Map<string, TardisBook>()
  let digest = 0
  const apply = (event: TardisEvent): void => {
    if (event.type !== 'book_change') return
    const book = books.get(event.symbol) ?? new OrderBook()
    books.set(event.symbol, book)
    book.update(event)
    const bid = book.bestBid()
    const ask = book.bestAsk()
    if (bid !== undefined && ask !== undefined) digest += bid.price + ask.price
  }
  const take = (message: unknown): void => {
    const receivedAt = new Date()
    for (const mapper of mappers)
      if (mapper.canHandle(message)) for (const event of mapper.map(message, receivedAt) ?? []) apply(event)
  }
  return {
    take({ bytes, symbol }) {
      const message: unknown = JSON.parse(bytes.toString())
      // A snapshot that was asked for comes as its own client wraps it.
      const stream = `${symbol?.toLowerCase()}@depthSnapshot`
      take(symbol === undefined ? message : { stream, generated: true, data: message })
    },
    digest: () => digest,
  }
}

interface CcxtBook {
  /** Updates that came before the snapshot. */
  cache: unknown[]
  readonly bids: readonly (readonly number[])[]
  readonly asks: readonly (readonly number[])[]
  reset(snapshot: unknown): void
}

interface CcxtExchange {
  options: Record<string, unknown>
  readonly orderbooks: Record<string, CcxtBook | undefined>
  setMarkets(markets: readonly unknown[]): unknown
  orderBook(): CcxtBook
  parseOrderBook(snapshot: unknown, symbol: string): Record<string, unknown>
  client(url: string): CcxtClient
  handleOrderBook(client: CcxtClient, message: unknown): void
}

interface CcxtClient {
  onMessage(event: { readonly data: string }): void
  resolve: (result: unknown, hash: unknown) => unknown
  readonly subscriptions: Record<string, unknown>
}

const CCXT: Readonly<Record<VenueId, { readonly exchange: string; readonly url: string }>> = {
  'binance-spot': { exchange: 'binance', url: 'wss://stream.binance.com:9443/ws/0' },
  'binance-derivatives': { exchange: 'binanceusdm', url: 'wss://fstream.binance.com/ws/0' },
  'okx-spot': { exchange: 'okx', url: 'wss://ws.okx.com:8443/ws/v5/public' },
  'okx-derivatives': { exchange: 'okx', url: 'wss://ws.okx.com:8443/ws/v5/public' },
  deribit: { exchange: 'deribit', url: 'wss://www.deribit.com/ws/api/v2' },
}

/** `Client.onMessage` of ccxt pro: parsing, dispatch, its order book and caches. Its books hear of themselves through `resolve`. */
export function ccxt(id: VenueId, symbols: readonly string[]): Candidate {
  const { exchange: name, url } = CCXT[id]
  const { pro }: { pro: Record<string, new (options: object) => CcxtExchange> } = peers('ccxt')
  const Exchange = pro[name]
  if (Exchange === undefined) throw new Error(`ccxt has no ${name}`)
  const exchange = new Exchange({})
  exchange.setMarkets(symbols.map((symbol) => marketOf(id, symbol)))
  const client = exchange.client(url)
  const isBinance = id.startsWith('binance')
  if (isBinance) for (const symbol of symbols) exchange.orderbooks[symbol] = exchange.orderBook()
  for (const symbol of symbols) client.subscriptions[`books:${symbol}`] = {}
  let digest = 0
  let isJoining = false
  const look = ({ bids, asks }: CcxtBook): void => {
    const bid = bids[0]?.[0]
    const ask = asks[0]?.[0]
    if (bid !== undefined && ask !== undefined) digest += bid + ask
  }
  client.resolve = (result) => {
    if (isBook(result) && !isJoining) look(result)
    return result
  }
  return {
    take({ bytes, symbol }) {
      if (symbol === undefined) {
        client.onMessage({ data: isBinance ? bare(bytes) : bytes.toString() })
        return
      }
      // One look at a book that joins, as the others have; it tells of each update that it had kept.
      isJoining = true
      joinBook(exchange, client, symbol, JSON.parse(bytes.toString()))
      isJoining = false
      const book = exchange.orderbooks[symbol]
      if (book !== undefined) look(book)
    },
    digest: () => digest,
  }
}

/** As its `fetchOrderBookSnapshot` does with the answer to its request. */
function joinBook(
  exchange: CcxtExchange,
  client: CcxtClient,
  symbol: string,
  snapshot: { readonly lastUpdateId: number },
): void {
  const book = exchange.orderbooks[symbol]
  if (book === undefined) return
  book.reset({ ...exchange.parseOrderBook(snapshot, symbol), nonce: snapshot.lastUpdateId })
  const cached = book.cache
  book.cache = []
  for (const message of cached) exchange.handleOrderBook(client, message)
}

const isBook = (result: unknown): result is CcxtBook =>
  typeof result === 'object' && result !== null && 'bids' in result && 'asks' in result

/** It subscribes to single streams, whose frames have no envelope. */
function bare(bytes: Buffer): string {
  const text = bytes.toString()
  return text.startsWith('{"stream":') ? text.slice(text.indexOf('"data":') + '"data":'.length, -1) : text
}

/** As its catalogue would have it; its symbol is the venue's own here. */
function marketOf(id: VenueId, symbol: string): object {
  const isSpot = id.endsWith('spot')
  return {
    id: symbol,
    symbol,
    base: symbol,
    quote: 'USDT',
    type: isSpot ? 'spot' : 'swap',
    spot: isSpot,
    swap: !isSpot,
    future: false,
    option: false,
    contract: !isSpot,
    linear: !isSpot,
    active: true,
    precision: { price: 0.01, amount: 0.001 },
    limits: {},
  }
}
