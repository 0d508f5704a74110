import type { Channel, Subscription, VenueId } from '../../core/ids.ts'
import { requestsFor } from '../batches.ts'
import type { PlannedSubscription, Request, SocketPlan, StreamChoice, Venue } from '../venue.ts'
import { okxLink } from './book.ts'
import { okxCatalogue, okxRefusal } from './catalogue.ts'
import { BOOK_WINDOW, bookChannelOf, OkxDecoder } from './decode.ts'
import { scanner } from '../scanner.ts'
import { okxSnapshots } from './snapshot.ts'

const PUBLIC = '/ws/v5/public'
const BUSINESS = '/ws/v5/business'
/** Sheet 2: fewer than 30 deep books a connection. */
const BOOKS_PER_SOCKET = 25
const SUBSCRIPTIONS_PER_SOCKET = 100
/** Subscriptions of about 60 bytes: far from the 64 KB of one request. */
const SUBSCRIPTIONS_PER_REQUEST = 100

/** OKX spot: sizes in base currency. */
export const okxSpot: Venue = okx('okx-spot', ['SPOT'])

/** OKX swaps, futures and options: sizes in contracts. Options are listed by family (sheet 11): those of BTC and ETH. */
export const okxDerivatives: Venue = okx('okx-derivatives', [
  'SWAP',
  'FUTURES',
  'OPTION&instFamily=BTC-USD',
  'OPTION&instFamily=ETH-USD',
])

function okx(id: VenueId, types: readonly string[]): Venue {
  const decoder = new OkxDecoder()
  const scan = scanner((program, length, symbols) => program.okx(length, symbols))
  return {
    id,
    exchange: 'okx',
    hosts: { stream: 'wss://ws.okx.com', rest: 'https://openapi.okx.com' },
    limits: {
      subscriptionsPerSocket: SUBSCRIPTIONS_PER_SOCKET,
      subscriptionsPerRequest: SUBSCRIPTIONS_PER_REQUEST,
      requests: { count: 480, perMs: 3_600_000 },
      connects: { count: 3, perMs: 1_000 },
      lifetimeMs: Infinity,
      weight: { count: 20, perMs: 2_000 },
    },
    // The venue itself closes after 30 quiet seconds.
    heartbeat: { silenceMs: 30_000, ping: { text: 'ping', everyMs: 20_000 } },
    // `books50-l2-tbt` is read but not offered: its window is 50 levels.
    options: { book: ['books', 'books-l2-tbt'], trade: ['trades', 'trades-all'] },
    tradeStreams: ['trades', 'trades-all'],
    link: okxLink,
    bookChannel: (_symbol, stream) => bookChannelOf(stream),
    window: BOOK_WINDOW,
    snapshot: okxSnapshots,
    plan,
    greet: () => [],
    subscribe: (keys, ids) => requests('subscribe', keys, ids),
    unsubscribe: (keys, ids) => requests('unsubscribe', keys, ids),
    scan,
    decode: (frame, symbols, out) => decoder.decode(frame, symbols, out),
    catalogue: okxCatalogue(id, types),
    refusal: okxRefusal,
  }
}

/**
 * Sockets by endpoint: `trades-all` is served on the business one only (sheet 5). In the order given, so that the book and the
 * trades of an instrument stay together.
 */
function plan(subscriptions: readonly Subscription[], choice: StreamChoice): readonly SocketPlan[] {
  const pathOf = (channel: Channel): string => (choice[channel] === 'trades-all' ? BUSINESS : PUBLIC)
  const planned = subscriptions.map(({ channel, symbol }) => ({
    channel,
    symbol,
    key: `${choice[channel]}:${symbol}`,
  }))
  return [PUBLIC, BUSINESS].flatMap((path) => {
    const here = planned.filter(({ channel }) => pathOf(channel) === path)
    return packed(here).map((part) => ({ path, subscriptions: part }))
  })
}

function packed(subscriptions: readonly PlannedSubscription[]): readonly PlannedSubscription[][] {
  const sockets: PlannedSubscription[][] = []
  let books = 0
  for (const subscription of subscriptions) {
    const weight = subscription.channel === 'book' ? 1 : 0
    const socket = sockets.at(-1)
    const isFull = socket?.length === SUBSCRIPTIONS_PER_SOCKET || books + weight > BOOKS_PER_SOCKET
    books = isFull ? weight : books + weight
    if (socket === undefined || isFull) sockets.push([subscription])
    else socket.push(subscription)
  }
  return sockets
}

/** Sheet 3: `{"id":"1512","op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"}]}` */
function requests(op: string, keys: readonly string[], ids: () => number): readonly Request[] {
  return requestsFor(keys, SUBSCRIPTIONS_PER_REQUEST, ids, (id, part) => {
    const args = part.map((key) => {
      const [channel = '', instId = ''] = key.split(':')
      return { channel, instId }
    })
    return JSON.stringify({ id: String(id), op, args })
  })
}
