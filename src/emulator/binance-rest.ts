import type { HttpFault } from './front.ts'
import { fixedText } from './decimal-text.ts'
import { jsonReply, splitPath } from './json.ts'
import type { Listing } from './listing.ts'
import type { Reply } from './model.ts'
import type { EmulatorRuntime } from './outlet.ts'

/** What the REST side of a Binance market is made of. */
export interface BinanceRestParts {
  readonly usdm: boolean
  readonly listings: readonly Listing[]
  readonly runtime: EmulatorRuntime
  /** Answers with the body of the book of a listed symbol, at once or later; false: there is none. */
  readonly depth: (symbol: string, limit: number, answer: (body: string) => void) => boolean
}

const SPOT_WEIGHTS: readonly (readonly [limit: number, weight: number])[] = [
  [100, 5],
  [500, 25],
  [1_000, 50],
  [5_000, 250],
]
const USDM_WEIGHTS: ReadonlyMap<number, number> = new Map([
  [5, 2],
  [10, 2],
  [20, 2],
  [50, 2],
  [100, 5],
  [500, 10],
  [1_000, 20],
])
const WEIGHT_LIMITS = { spot: 6_000, usdm: 2_400 }
/** Who goes on asking after so many refusals in a minute is banned. */
const BAN_AFTER = 20
const BAN_S = 120
const MINUTE_US = 60_000_000

/** REST of Binance spot (`/api/v3`) or USD-M (`/fapi/v1`), with its weights: sheets binance-spot (5, 7, 8, 9) and binance-derivatives (4, 10, 12). */
export class BinanceRest {
  readonly #parts: BinanceRestParts
  readonly #symbols: ReadonlyMap<string, Listing>
  readonly #weightLimit: number
  #info: string | undefined
  #minute = 0
  #weight = 0
  #refusals = 0
  #bannedUntilUs = 0

  constructor(parts: BinanceRestParts) {
    this.#parts = parts
    this.#symbols = new Map(parts.listings.map((listing) => [listing.symbol, listing]))
    this.#weightLimit = parts.usdm ? WEIGHT_LIMITS.usdm : WEIGHT_LIMITS.spot
  }

  answer(path: string, reply: (answer: Reply) => void): void {
    const { route, query } = splitPath(path)
    const root = this.#parts.usdm ? '/fapi/v1/' : '/api/v3/'
    if (!route.startsWith(root)) {
      reply({ status: 404, headers: { 'content-type': 'text/html' }, body: '<html>404</html>' })
      return
    }
    switch (route.slice(root.length)) {
      case 'ping':
        this.#spend(1, reply, '{}')
        return
      case 'time':
        this.#spend(1, reply, `{"serverTime":${this.#nowMs()}}`)
        return
      case 'exchangeInfo':
        this.#spend(this.#parts.usdm ? 1 : 20, reply, this.#exchangeInfo())
        return
      case 'depth':
        this.#depth(query, reply)
        return
      default:
        reply({ status: 404, headers: { 'content-type': 'text/html' }, body: '<html>404</html>' })
    }
  }

  refusal(fault: HttpFault, retryAfterS: number): Reply {
    const retry = { 'retry-after': String(retryAfterS) }
    switch (fault) {
      case 'http_429': {
        const limit = `current limit is ${this.#weightLimit} request weight per 1 MINUTE`
        return refused(
          429,
          -1003,
          `Too much request weight used; ${limit}. Please use WebSocket Streams for live updates to avoid polling the API.`,
          retry,
        )
      }
      case 'http_418': {
        const until = this.#nowMs() + retryAfterS * 1_000
        return refused(
          418,
          -1003,
          `Way too much request weight used; IP banned until ${until}. Please use WebSocket Streams for live updates to avoid bans.`,
          retry,
        )
      }
      case 'http_451':
        return refused(
          451,
          0,
          "Service unavailable from a restricted location according to 'b. Eligibility' in https://www.binance.com/en/terms.",
          {},
        )
      case 'http_503':
        return jsonReply(
          503,
          '{"code":-1008,"msg":"Server is currently overloaded with other requests. Please try again in a few minutes."}',
        )
    }
  }

  #depth(query: URLSearchParams, reply: (answer: Reply) => void): void {
    const symbol = query.get('symbol') ?? ''
    const asked = Number(query.get('limit') ?? (this.#parts.usdm ? 500 : 100))
    const { limit, weight } = this.#parts.usdm ? usdmLimit(asked) : spotLimit(asked)
    if (limit === undefined) {
      this.#spend(
        weight,
        reply,
        `{"code":-4021,"msg":"${query.get('limit') ?? ''} is not valid depth limit"}`,
        400,
      )
    } else if (!this.#symbols.has(symbol)) {
      this.#spend(weight, reply, '{"code":-1121,"msg":"Invalid symbol."}', 400)
    } else if (this.#isWithinBudget(weight, reply)) {
      const isKnown = this.#parts.depth(symbol, limit, (body) => {
        reply(jsonReply(200, body, this.#usage()))
      })
      if (!isKnown) reply(this.refusal('http_503', 0))
    }
  }

  #spend(weight: number, reply: (answer: Reply) => void, body: string, status = 200): void {
    if (this.#isWithinBudget(weight, reply)) reply(jsonReply(status, body, this.#usage()))
  }

  /** Counts the weight in the running UTC minute; refuses with 429, later with 418, when it is used up. */
  #isWithinBudget(weight: number, reply: (answer: Reply) => void): boolean {
    const nowUs = this.#parts.runtime.clock.now()
    const minute = Math.floor(nowUs / MINUTE_US)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#weight = 0
      this.#refusals = 0
    }
    this.#weight += weight
    if (nowUs >= this.#bannedUntilUs && this.#weight <= this.#weightLimit) return true
    this.#refusals++
    if (this.#refusals > BAN_AFTER && nowUs >= this.#bannedUntilUs)
      this.#bannedUntilUs = nowUs + BAN_S * 1_000_000
    const banS = Math.ceil((this.#bannedUntilUs - nowUs) / 1_000_000)
    const waitS = Math.ceil(((minute + 1) * MINUTE_US - nowUs) / 1_000_000)
    reply(banS > 0 ? this.refusal('http_418', banS) : this.refusal('http_429', waitS))
    return false
  }

  #usage(): Readonly<Record<string, string>> {
    return { 'x-mbx-used-weight-1m': String(this.#weight) }
  }

  #nowMs(): number {
    return Math.floor(this.#parts.runtime.clock.now() / 1_000)
  }

  #exchangeInfo(): string {
    const { usdm, listings } = this.#parts
    this.#info ??= listings.map(usdm ? usdmSymbol : spotSymbol).join(',')
    const limits = `"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":${this.#weightLimit}}]`
    const head = `{"timezone":"UTC","serverTime":${this.#nowMs()},${usdm ? '"futuresType":"U_MARGINED",' : ''}${limits}`
    return `${head},"exchangeFilters":[],${usdm ? '"assets":[],' : ''}"symbols":[${this.#info}]}`
  }
}

function refused(
  status: number,
  code: number,
  text: string,
  headers: Readonly<Record<string, string>>,
): Reply {
  return jsonReply(status, JSON.stringify({ code, msg: text }), headers)
}

function spotLimit(asked: number): { readonly limit: number; readonly weight: number } {
  const limit = Math.max(1, Math.min(5_000, Math.floor(asked) || 100))
  const row = SPOT_WEIGHTS.find(([most]) => limit <= most)
  return { limit, weight: row?.[1] ?? 250 }
}

function usdmLimit(asked: number): { readonly limit: number | undefined; readonly weight: number } {
  const weight = USDM_WEIGHTS.get(asked)
  return weight === undefined ? { limit: undefined, weight: 1 } : { limit: asked, weight }
}

function filtersOf({ tick, lot }: Listing, decimals: number | undefined): string {
  const text = (units: number, own: number): string => {
    const plain = fixedText(units, own)
    if (decimals === undefined) return plain
    return own === 0 ? `${plain}.${'0'.repeat(decimals)}` : plain.padEnd(plain.length + decimals - own, '0')
  }
  const tickSize = text(tick.units, tick.decimals)
  const stepSize = text(lot.units, lot.decimals)
  const price = `{"filterType":"PRICE_FILTER","minPrice":"${tickSize}","maxPrice":"1000000.00","tickSize":"${tickSize}"}`
  const size = `{"filterType":"LOT_SIZE","minQty":"${stepSize}","maxQty":"90000000000000.00","stepSize":"${stepSize}"}`
  return `"filters":[${price},${size}]`
}

function spotSymbol(listing: Listing): string {
  const { symbol, base, quote } = listing
  const names = `"symbol":"${symbol}","status":"TRADING","baseAsset":"${base}","baseAssetPrecision":8`
  const rest = `"quoteAsset":"${quote}","quotePrecision":8,"quoteAssetPrecision":8,"isSpotTradingAllowed":true`
  return `{${names},${rest},${filtersOf(listing, 8)},"permissions":[],"permissionSets":[["SPOT"]]}`
}

const NO_DELIVERY_MS = 4_133_404_800_000

function usdmSymbol(listing: Listing): string {
  const { symbol, base, quote, expiryMs } = listing
  const contract = expiryMs === undefined ? 'PERPETUAL' : 'CURRENT_QUARTER'
  const names = `"symbol":"${symbol}","pair":"${base}${quote}","contractType":"${contract}","deliveryDate":${expiryMs ?? NO_DELIVERY_MS}`
  const rest = `"onboardDate":1569398400000,"status":"TRADING","baseAsset":"${base}","quoteAsset":"${quote}","marginAsset":"${quote}"`
  const precision = `"pricePrecision":${listing.tick.decimals},"quantityPrecision":${listing.lot.decimals}`
  return `{${names},${rest},${precision},"underlyingType":"COIN",${filtersOf(listing, undefined)}}`
}
