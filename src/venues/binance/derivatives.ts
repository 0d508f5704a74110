import type { Venue } from '../venue.ts'
import { binanceCatalogue, derivativesListing } from './catalogue.ts'
import { scanner } from '../scanner.ts'
import { Decoder, TRADE_STREAMS } from './decode.ts'
import { derivativesLink } from './link.ts'
import { binanceRefusal, binanceUsedWeight } from './refusal.ts'
import { snapshotRequests } from './snapshot.ts'
import {
  planSockets,
  streamRequests,
  SUBSCRIPTIONS_PER_REQUEST,
  SUBSCRIPTIONS_PER_SOCKET,
} from './subscribe.ts'

const scan = scanner((program, length, symbols) => program.binance(length, symbols, 1))
const decoder = new Decoder({ previous: true })

/** Binance USD-M futures: sheet binance-derivatives.md. */
export const binanceDerivatives: Venue = {
  id: 'binance-derivatives',
  exchange: 'binance',
  hosts: { stream: 'wss://fstream.binance.com', rest: 'https://fapi.binance.com' },
  limits: {
    subscriptionsPerSocket: SUBSCRIPTIONS_PER_SOCKET,
    subscriptionsPerRequest: SUBSCRIPTIONS_PER_REQUEST,
    // 10 a second, pings and pongs included.
    requests: { count: 8, perMs: 1_000 },
    // Not documented: as on spot.
    connects: { count: 300, perMs: 300_000 },
    lifetimeMs: 86_400_000,
    weight: { count: 2_400, perMs: 60_000 },
  },
  // The venue pings every 180 s; two in a row are missing.
  heartbeat: { silenceMs: 390_000 },
  // `@trade` and `@depth@0ms` are undocumented: offered, not the default.
  options: { book: ['depth@100ms', 'depth@500ms', 'depth', 'depth@0ms'], trade: ['aggTrade', 'trade'] },
  tradeStreams: TRADE_STREAMS,
  link: derivativesLink,
  window: 1_000,
  snapshot: snapshotRequests({
    path: '/fapi/v1/depth',
    recorded: /\/fapi\/v\d+\/depth\?(.*)$/,
    // Any other limit is refused with -4021; those below 50 cost as much as 50.
    prices: [
      { limit: 50, weight: 2 },
      { limit: 100, weight: 5 },
      { limit: 500, weight: 10 },
      { limit: 1_000, weight: 20 },
    ],
  }),
  plan: (subscriptions, choice) => planSockets(subscriptions, choice, routeOf),
  greet: () => [],
  subscribe: (keys, ids) => streamRequests('SUBSCRIBE', keys, ids),
  unsubscribe: (keys, ids) => streamRequests('UNSUBSCRIBE', keys, ids),
  scan,
  decode: (frame, symbols, out) => decoder.decode(frame, symbols, out),
  catalogue: binanceCatalogue(derivativesListing),
  refusal: binanceRefusal,
  usedWeight: binanceUsedWeight,
}

/** A stream on the wrong route is acknowledged and never delivers (sheet, section 1). */
function routeOf(stream: string): string {
  return stream === 'aggTrade' ? '/market/stream' : '/public/stream'
}
