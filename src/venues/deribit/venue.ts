import type { Subscription } from '../../core/ids.ts'
import { batches, requestsFor } from '../batches.ts'
import { judgeChain } from '../chain.ts'
import type { Request, SocketPlan, StreamChoice, Venue } from '../venue.ts'
import { deribitCatalogue, deribitRefusal } from './catalogue.ts'
import { DeribitDecoder, INTERVALS } from './decode.ts'
import { scanner } from '../scanner.ts'

/** Sheet 2: 500 channels a request; names have at most about 45 bytes, so 500 stay under the 32 kB of one frame. */
const CHANNELS_PER_REQUEST = 500

const decoder = new DeribitDecoder()
const scan = scanner((program, length, symbols) => program.deribit(length, symbols))

/** Deribit: futures, perpetuals, options, spot. `raw` streams are for sockets that have logged in. */
export const deribit: Venue = {
  id: 'deribit',
  exchange: 'deribit',
  hosts: { stream: 'wss://www.deribit.com', rest: 'https://www.deribit.com' },
  limits: {
    subscriptionsPerSocket: CHANNELS_PER_REQUEST,
    subscriptionsPerRequest: CHANNELS_PER_REQUEST,
    requests: { count: 3, perMs: 1_000 },
    // 32 may be open at once (sheet 2), REST requests included.
    connects: { count: 32, perMs: 60_000 },
    lifetimeMs: Infinity,
    weight: { count: 5, perMs: 1_000 },
  },
  // The venue sends a heartbeat every 30 seconds: two have been missed.
  heartbeat: { silenceMs: 65_000, answer: call('test', 'public/test', {}) },
  options: { book: INTERVALS.names, trade: INTERVALS.names },
  bookChannel: (symbol, stream) => `book.${symbol}.${INTERVALS.names[stream]}`,
  tradeStreams: ['trades'],
  // Sheet 8: `prev_change_id` is the last `change_id`. Ids are not consecutive and never go back.
  link: { snapshot: 'stream', judge: judgeChain },
  window: Infinity,
  plan,
  // Sheet 13: maintenance is told to those who ask.
  greet: () => [
    call('heartbeat', 'public/set_heartbeat', { interval: 30 }),
    call('platform', 'public/subscribe', { channels: ['platform_state'] }),
  ],
  subscribe: (keys, ids) => requests('public/subscribe', keys, ids),
  unsubscribe: (keys, ids) => requests('public/unsubscribe', keys, ids),
  scan,
  decode: (frame, symbols, out) => decoder.decode(frame, symbols, out),
  catalogue: deribitCatalogue,
  refusal: deribitRefusal,
}

function plan(subscriptions: readonly Subscription[], choice: StreamChoice): readonly SocketPlan[] {
  const planned = subscriptions.map(({ channel, symbol }) => {
    const kind = channel === 'book' ? 'book' : 'trades'
    return { channel, symbol, key: `${kind}.${symbol}.${choice[channel]}` }
  })
  return batches(planned, CHANNELS_PER_REQUEST).map((part) => ({ path: '/ws/api/v2', subscriptions: part }))
}

function requests(method: string, keys: readonly string[], ids: () => number): readonly Request[] {
  return requestsFor(keys, CHANNELS_PER_REQUEST, ids, (id, channels) => call(id, method, { channels }))
}

/** Sheet 3: `{"jsonrpc":"2.0","id":42,"method":"public/subscribe","params":{"channels":["book.BTC-PERPETUAL.100ms"]}}` */
function call(id: number | string, method: string, params: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params })
}
