import { fixedText, pointText } from './decimal-text.ts'
import { type Calls, envelope, type Outcome, rpcError } from './deribit-control.ts'
import type { HttpFault } from './front.ts'
import { jsonReply, splitPath } from './json.ts'
import type { Listing } from './listing.ts'
import type { Reply } from './model.ts'
import type { EmulatorRuntime } from './outlet.ts'

/** What Deribit's calls are answered from. */
export interface DeribitCallParts {
  readonly listings: readonly Listing[]
  readonly runtime: EmulatorRuntime
  /** `bids`, `asks` and `change_id` of a book as members of a JSON object; `undefined`: none is known. */
  readonly book: (symbol: string, depth: number) => string | undefined
}

/** The public calls other than subscriptions: sheet deribit, sections 3, 8, 12 and 13. */
export function deribitCalls(parts: DeribitCallParts): Calls {
  const symbols = new Set(parts.listings.map(({ symbol }) => symbol))
  const nowMs = (): number => Math.floor(parts.runtime.clock.now() / 1_000)
  return (method, params) => {
    switch (method) {
      case 'public/test':
      case 'public/hello':
        return { result: '{"version":"1.2.26"}' }
      case 'public/get_time':
        return { result: String(nowMs()) }
      case 'public/status':
        return { result: '{"locked":"false","locked_indices":[]}' }
      case 'public/get_instruments':
        return { result: instruments(parts.listings, params) }
      case 'public/get_order_book': {
        const symbol = String(params['instrument_name'])
        const book = symbols.has(symbol) ? parts.book(symbol, Number(params['depth'] ?? 5)) : undefined
        if (book === undefined) return rpcError(13_020, 'not_found')
        return { result: `{"timestamp":${nowMs()},"state":"open","instrument_name":"${symbol}",${book}}` }
      }
      default:
        return undefined
    }
  }
}

/** The same calls over HTTP: `GET /api/v2/<method>?…`. */
export class DeribitRest {
  readonly #calls: Calls
  readonly #runtime: EmulatorRuntime

  constructor(calls: Calls, runtime: EmulatorRuntime) {
    this.#calls = calls
    this.#runtime = runtime
  }

  answer(path: string): Reply {
    const { route, query } = splitPath(path)
    const method = route.startsWith('/api/v2/') ? route.slice('/api/v2/'.length) : ''
    const outcome: Outcome =
      this.#calls(method, Object.fromEntries(query)) ?? rpcError(-32_601, 'Method not found')
    const body = envelope(undefined, outcome, this.#runtime.clock.now())
    return jsonReply('status' in outcome ? outcome.status : 200, body)
  }

  refusal(fault: HttpFault): Reply {
    const told = (status: number, code: number, message: string): Reply =>
      jsonReply(status, envelope(undefined, rpcError(code, message), this.#runtime.clock.now()))
    switch (fault) {
      case 'http_429':
        return told(429, 10_028, 'too_many_requests')
      case 'http_418':
        return told(403, 11_056, 'unauthenticated_public_requests_temporarily_disabled')
      case 'http_451':
        return told(451, 12_005, 'country_is_banned')
      case 'http_503':
        return told(503, 11_051, 'system_maintenance')
    }
  }
}

const KINDS: Readonly<Record<Listing['kind'], string>> = {
  spot: 'spot',
  perpetual: 'future',
  future: 'future',
  option: 'option',
}

function instruments(listings: readonly Listing[], params: Readonly<Record<string, unknown>>): string {
  const { currency = 'any', kind } = { currency: params['currency'], kind: params['kind'] }
  const listed = listings.filter((listing) => {
    const own = listing.quote === 'USDC' ? 'USDC' : listing.base
    return (currency === 'any' || currency === own) && (kind === undefined || kind === KINDS[listing.kind])
  })
  return `[${listed.map(instrument).join(',')}]`
}

const NO_EXPIRY_MS = 32_503_708_800_000

function instrument(listing: Listing): string {
  const { symbol, kind, base, quote, inverse } = listing
  const tick = pointText(listing.tick.units, listing.tick.decimals)
  const settled = inverse || kind === 'option' ? base : 'USDC'
  const period = kind === 'perpetual' ? 'perpetual' : 'month'
  const type = inverse || kind === 'option' ? 'reversed' : 'linear'
  const option =
    listing.option === undefined ? '' : `"strike":${listing.strike}.0,"option_type":"${listing.option}",`
  const sizes = `"tick_size":${tick},"tick_size_steps":[],"min_trade_amount":${fixedText(listing.lot.units, listing.lot.decimals)}`
  const names = `"instrument_name":"${symbol}","instrument_id":${124_972 + listing.index},"instrument_type":"${type}","kind":"${KINDS[kind]}"`
  const coins = `"base_currency":"${base}","quote_currency":"${quote}","counter_currency":"${inverse ? 'USD' : quote}","settlement_currency":"${settled}"`
  const life = `"settlement_period":"${period}","expiration_timestamp":${listing.expiryMs ?? NO_EXPIRY_MS},"creation_timestamp":1534167754000`
  // A contract of a linear perpetual is its smallest amount.
  const contract =
    type === 'linear' ? fixedText(listing.lot.units, listing.lot.decimals) : listing.contractSize
  return `{${sizes},${option}${names},${coins},${life},"contract_size":${contract},"price_index":"${base.toLowerCase()}_usd","is_active":true,"state":"open"}`
}
