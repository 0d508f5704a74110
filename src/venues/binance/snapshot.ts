import { type Columns, KIND } from '../../core/columns.ts'
import { Cursor, END } from '../cursor.ts'
import { Keys } from '../keys.ts'
import type { SnapshotRequests } from '../venue.ts'
import { readId, readLevels, readTimeUs } from './levels.ts'

const KEYS = new Keys('lastUpdateId', 'bids', 'asks', 'E', 'T')
const LAST = KEYS.index('lastUpdateId')
const BIDS = KEYS.index('bids')
const ASKS = KEYS.index('asks')
const SENT = KEYS.index('E')
const MATCHED = KEYS.index('T')
const NEEDED = KEYS.bits('lastUpdateId', 'bids', 'asks')

/** `lastUpdateId` of a book that has never had an order (spot sheet, section 5). */
const LEAST_ID = -1

/** What a depth request may ask for, and what it costs: `limit` levels a side, ascending. */
interface DepthPrice {
  readonly limit: number
  readonly weight: number
}

/** Where a venue's books are asked for. `recorded` finds such a request in a URL of any host and age. */
export interface DepthEndpoint {
  readonly path: string
  readonly recorded: RegExp
  readonly prices: readonly [DepthPrice, ...DepthPrice[]]
}

/** Books by REST: spot sheet section 5, USD-M sheet section 4. The USD-M answer has times, that of spot has none. */
export function snapshotRequests(endpoint: DepthEndpoint): SnapshotRequests {
  const priceOf = (depth: number): DepthPrice => {
    const { prices } = endpoint
    return prices.find(({ limit }) => limit >= depth) ?? prices.at(-1) ?? prices[0]
  }
  const cursor = new Cursor()
  return {
    request: (symbol, depth) => {
      const { limit, weight } = priceOf(depth)
      return { path: `${endpoint.path}?symbol=${encodeURIComponent(symbol)}&limit=${limit}`, weight }
    },
    window: (depth) => priceOf(depth).limit,
    read: (body, slot, out) => {
      out.clear()
      cursor.load(body)
      readBook(cursor, slot, out)
      cursor.finish()
      out.count = 1
    },
    symbolOf: (url) => {
      const query = endpoint.recorded.exec(url)?.[1]
      return query === undefined ? undefined : (new URLSearchParams(query).get('symbol') ?? undefined)
    },
  }
}

/** `{"lastUpdateId":1027024,"E":1589436922972,"T":1589436922959,"bids":[["4.00","431.0"]],"asks":[["4.01","9.0"]]}` */
function readBook(cursor: Cursor, slot: number, out: Columns): void {
  const at = out.begin(KIND.snapshot)
  out.slot[at] = slot
  cursor.object()
  for (let key = cursor.key(KEYS); key !== END; key = cursor.key(KEYS)) {
    if (key === LAST) out.last[at] = readId(cursor, LEAST_ID)
    else if (key === BIDS) {
      out.bidStart[at] = out.levels
      out.bidCount[at] = readLevels(cursor, out)
    } else if (key === ASKS) {
      out.askStart[at] = out.levels
      out.askCount[at] = readLevels(cursor, out)
    } else if (key === MATCHED) out.venueTimeUs[at] = readTimeUs(cursor)
    else if (key === SENT) {
      const sentUs = readTimeUs(cursor)
      if (Number.isNaN(out.venueTimeUs[at])) out.venueTimeUs[at] = sentUs
    } else cursor.skip()
  }
  cursor.require(KEYS, NEEDED)
}
