import type { Venue } from '../venue.ts'
import { binanceCatalogue, spotListing } from './catalogue.ts'
import { scanner } from '../scanner.ts'
import { Decoder, TRADE_STREAMS } from './decode.ts'
import { spotLink } from './link.ts'
import { binanceRefusal, binanceUsedWeight } from './refusal.ts'
import { snapshotRequests } from './snapshot.ts'
import {
  planSockets,
  streamRequests,
  SUBSCRIPTIONS_PER_REQUEST,
  SUBSCRIPTIONS_PER_SOCKET,
} from './subscribe.ts'

const scan = scanner((program, length, symbols) => program.binance(length, symbols, 0))
const decoder = new Decoder({ previous: false })

/** Binance spot: sheet binance-spot.md. All streams by name over one entry point, wrapped in `{"stream","data"}`. */
export const binanceSpot: Venue = {
  id: 'binance-spot',
  exchange: 'binance',
  hosts: { stream: 'wss://stream.binance.com:9443', rest: 'https://api.binance.com' },
  limits: {
    subscriptionsPerSocket: SUBSCRIPTIONS_PER_SOCKET,
    subscriptionsPerRequest: SUBSCRIPTIONS_PER_REQUEST,
    // 5 a second on paper, pongs included; one every 250 ms was closed with 1008, one every 500 ms survived.
    requests: { count: 2, perMs: 1_000 },
    connects: { count: 300, perMs: 300_000 },
    lifetimeMs: 86_400_000,
    weight: { count: 6_000, perMs: 60_000 },
  },
  // The venue pings every 20 s.
  heartbeat: { silenceMs: 60_000 },
  options: { book: ['depth@100ms', 'depth'], trade: TRADE_STREAMS },
  tradeStreams: TRADE_STREAMS,
  link: spotLink,
  window: 5_000,
  snapshot: snapshotRequests({
    path: '/api/v3/depth',
    recorded: /\/api\/v\d+\/depth\?(.*)$/,
    prices: [
      { limit: 100, weight: 5 },
      { limit: 500, weight: 25 },
      { limit: 1_000, weight: 50 },
      { limit: 5_000, weight: 250 },
    ],
  }),
  plan: (subscriptions, choice) => planSockets(subscriptions, choice, () => '/stream'),
  greet: () => [],
  subscribe: (keys, ids) => streamRequests('SUBSCRIBE', keys, ids),
  unsubscribe: (keys, ids) => streamRequests('UNSUBSCRIBE', keys, ids),
  scan,
  decode: (frame, symbols, out) => decoder.decode(frame, symbols, out),
  catalogue: binanceCatalogue(spotListing),
  refusal: binanceRefusal,
  usedWeight: binanceUsedWeight,
}
