import { fixedText } from './decimal-text.ts'
import type { HttpFault } from './front.ts'
import { jsonReply, splitPath } from './json.ts'
import type { Listing } from './listing.ts'
import type { Reply } from './model.ts'
import type { EmulatorRuntime } from './outlet.ts'

/** What the REST side of OKX is made of. */
export interface OkxRestParts {
  readonly listings: readonly Listing[]
  readonly runtime: EmulatorRuntime
  /** The item of `/market/books` for a listed instrument; `undefined`: none is known. */
  readonly book: (instId: string, size: number) => string | undefined
}

const INST_TYPES: Readonly<Record<Listing['kind'], string>> = {
  spot: 'SPOT',
  perpetual: 'SWAP',
  future: 'FUTURES',
  option: 'OPTION',
}

/** REST of OKX (`/api/v5`): instruments, books, time. Sheet okx, sections 11 to 13. */
export class OkxRest {
  readonly #parts: OkxRestParts
  readonly #symbols: ReadonlySet<string>

  constructor(parts: OkxRestParts) {
    this.#parts = parts
    this.#symbols = new Set(parts.listings.map(({ symbol }) => symbol))
  }

  answer(path: string): Reply {
    const { route, query } = splitPath(path)
    switch (route) {
      case '/api/v5/public/time':
        return success(`{"ts":"${this.#nowMs()}"}`)
      case '/api/v5/public/instruments':
        return this.#instruments(query)
      case '/api/v5/market/books':
        return this.#books(query)
      default:
        return jsonReply(
          404,
          '{"code":"404","data":[],"detailMsg":"","error_code":"404","error_message":"","msg":"Not found"}',
        )
    }
  }

  refusal(fault: HttpFault): Reply {
    switch (fault) {
      case 'http_429':
        // Seen under both statuses (doubt D4).
        return failure(this.#parts.runtime.random.next() < 0.5 ? 429 : 200, '50011', 'Too Many Requests')
      case 'http_418':
        return failure(429, '50013', 'Systems are busy. Please try again later.')
      case 'http_451':
        return {
          status: 451,
          headers: { 'content-type': 'text/html' },
          body: '<html>Unavailable For Legal Reasons</html>',
        }
      case 'http_503':
        return failure(503, '50001', 'Service temporarily unavailable. Please try again later.')
    }
  }

  #instruments(query: URLSearchParams): Reply {
    const type = query.get('instType') ?? ''
    if (!['SPOT', 'SWAP', 'FUTURES', 'OPTION', 'MARGIN', 'EVENTS'].includes(type))
      return failure(400, '51000', 'Parameter instType error')
    if (type === 'OPTION' && !query.has('instFamily'))
      return failure(400, '50014', 'Parameter instFamily can not be empty.')
    const family = query.get('instFamily')
    const listed = this.#parts.listings.filter(
      ({ kind, base, quote }) =>
        INST_TYPES[kind] === type && (family === null || family === `${base}-${quote}`),
    )
    return success(listed.map(instrument).join(','))
  }

  #books(query: URLSearchParams): Reply {
    const instId = query.get('instId') ?? ''
    const size = Math.max(1, Math.min(400, Number(query.get('sz') ?? 1) || 1))
    const book = this.#symbols.has(instId) ? this.#parts.book(instId, size) : undefined
    return book === undefined
      ? failure(200, '51001', `Instrument ID, Instrument ID code, or Spread ID doesn't exist.`)
      : success(book)
  }

  #nowMs(): number {
    return Math.floor(this.#parts.runtime.clock.now() / 1_000)
  }
}

const success = (data: string): Reply => jsonReply(200, `{"code":"0","msg":"","data":[${data}]}`)

const failure = (status: number, code: string, msg: string): Reply =>
  jsonReply(status, JSON.stringify({ code, msg, data: [] }))

function instrument(listing: Listing): string {
  const { symbol, kind, index } = listing
  const option = `"optType":"${listing.option?.charAt(0).toUpperCase() ?? ''}","stk":"${listing.strike ?? ''}"`
  const lot = fixedText(listing.lot.units, listing.lot.decimals)
  const sizes = `"tickSz":"${fixedText(listing.tick.units, listing.tick.decimals)}","lotSz":"${lot}","minSz":"${lot}"`
  const life = `"listTime":"1611916828000","expTime":"${listing.expiryMs ?? ''}","state":"live","ruleType":"normal"`
  const names = `"instType":"${INST_TYPES[kind]}","instId":"${symbol}","instIdCode":${10_000 + index}`
  const money = kind === 'spot' ? spotCoins(listing) : contract(listing)
  return `{${names},${money},${option},${sizes},${life}}`
}

function spotCoins({ base, quote }: Listing): string {
  const none = '"uly":"","instFamily":"","settleCcy":"","ctVal":"","ctMult":"","ctValCcy":"","ctType":""'
  return `"baseCcy":"${base}","quoteCcy":"${quote}",${none}`
}

function contract({ base, quote, inverse, contractSize }: Listing): string {
  const [counts, settles, type] = inverse ? [quote, base, 'inverse'] : [base, quote, 'linear']
  const worth = `"ctVal":"${contractSize}","ctMult":"1","ctValCcy":"${counts}","ctType":"${type}"`
  return `"uly":"${base}-${quote}","instFamily":"${base}-${quote}","baseCcy":"","quoteCcy":"","settleCcy":"${settles}",${worth}`
}
