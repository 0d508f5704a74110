import type { VenueId } from '../../core/ids.ts'
import type { Reader } from '../../venues/reader.ts'

/** How a venue is asked for its time, ms since 1970. `read` throws `DecodeError`. */
export interface TimeRequest {
  readonly path: string
  readonly read: (body: Reader) => number
}

/** `{"code":"0","msg":"","data":[{"ts":"1597026383085"}]}` (okx sheet 12) */
const OKX: TimeRequest = {
  path: '/api/v5/public/time',
  read: (body) => Number(body.at('data', 0).decimal('ts')),
}

/** The cheapest request that each venue has: weight 1. */
export const VENUE_TIMES: Readonly<Record<VenueId, TimeRequest>> = {
  // `{"serverTime":1499827319559}` (binance-spot sheet 7, binance-derivatives sheet 11)
  'binance-spot': { path: '/api/v3/time', read: (body) => body.integer('serverTime') },
  'binance-derivatives': { path: '/fapi/v1/time', read: (body) => body.integer('serverTime') },
  'okx-spot': OKX,
  'okx-derivatives': OKX,
  // `{"jsonrpc":"2.0","result":1550147385946,"usIn":…,"usOut":…}` (deribit sheet 3)
  deribit: { path: '/api/v2/public/get_time', read: (body) => body.integer('result') },
}
