import type { Subscription } from '../../core/ids.ts'
import { batches, requestsFor } from '../batches.ts'
import type { PlannedSubscription, Request, SocketPlan, StreamChoice } from '../venue.ts'

/** Streams that one connection may carry (both sheets, section 2). */
export const SUBSCRIPTIONS_PER_SOCKET = 1_024
/** Names in one SUBSCRIBE: 200 were accepted when measured (USD-M sheet, section 2). */
export const SUBSCRIPTIONS_PER_REQUEST = 200

/** Path of the entry point that serves a stream: `depth@100ms`, `aggTrade`. */
export type Route = (stream: string) => string

/** The name of a stream: symbols in lower case, letters outside of ASCII as they are. */
function streamKey(symbol: string, stream: string): string {
  return `${symbol.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())}@${stream}`
}

/** As few sockets as the limit allows on each route; repeated subscriptions once. */
export function planSockets(
  subscriptions: readonly Subscription[],
  choice: StreamChoice,
  route: Route,
): readonly SocketPlan[] {
  const routes = new Map<string, Map<string, PlannedSubscription>>()
  for (const { channel, symbol } of subscriptions) {
    const stream = choice[channel]
    const path = route(stream)
    const planned = routes.get(path) ?? new Map<string, PlannedSubscription>()
    const key = streamKey(symbol, stream)
    planned.set(key, { channel, symbol, key })
    routes.set(path, planned)
  }
  return [...routes].flatMap(([path, planned]) =>
    batches([...planned.values()], SUBSCRIPTIONS_PER_SOCKET).map((part) => ({ path, subscriptions: part })),
  )
}

/** `{"method":"SUBSCRIBE","params":["btcusdt@aggTrade","btcusdt@depth@100ms"],"id":1}` (spot sheet, section 3). */
export function streamRequests(
  method: 'SUBSCRIBE' | 'UNSUBSCRIBE',
  keys: readonly string[],
  ids: () => number,
): readonly Request[] {
  return requestsFor(keys, SUBSCRIPTIONS_PER_REQUEST, ids, (id, params) =>
    JSON.stringify({ method, params, id }),
  )
}
