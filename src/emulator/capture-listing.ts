import { parseDecimal } from '../core/decimal.ts'
import type { VenueId } from '../core/ids.ts'
import { expiryOf } from './expiry.ts'
import { isObject, readJson } from './json.ts'
import type { Listing } from './listing.ts'

type Names = Pick<Listing, 'base' | 'quote' | 'kind' | 'inverse'> &
  Partial<Pick<Listing, 'expiryMs' | 'strike' | 'option'>>

const QUOTES = [
  'USDT',
  'USDC',
  'BUSD',
  'FDUSD',
  'TUSD',
  'BTC',
  'ETH',
  'BNB',
  'BRL',
  'AUD',
  'EUR',
  'TRY',
  'USD',
]
const LEVEL_KEYS: ReadonlySet<string> = new Set(['b', 'a', 'bids', 'asks'])
const DEPTH_LIMIT = 6

/** The finest decimals of prices and sizes seen of a symbol. */
export class SeenDecimals {
  price = 0
  size = 0

  /** Looks at all levels of a frame or REST body. Anything that is not JSON has none. */
  look(text: string): void {
    this.#walk(readJson(text), 0)
  }

  #walk(value: unknown, depth: number): void {
    if (depth > DEPTH_LIMIT) return
    if (Array.isArray(value)) for (const entry of value) this.#walk(entry, depth + 1)
    if (!isObject(value)) return
    for (const [key, entry] of Object.entries(value)) {
      if (LEVEL_KEYS.has(key) && Array.isArray(entry)) for (const row of entry) this.#level(row)
      else this.#walk(entry, depth + 1)
    }
  }

  /** `[price, size, …]`, on Deribit `[action, price, amount]`. */
  #level(row: unknown): void {
    if (!Array.isArray(row)) return
    const [first, second, third] = row.map(String)
    const isAction = first === 'new' || first === 'change' || first === 'delete'
    this.price = Math.max(this.price, decimalsIn(isAction ? second : first))
    this.size = Math.max(this.size, decimalsIn(isAction ? third : second))
  }
}

const decimalsIn = (text: string | undefined): number => parseDecimal(text ?? '')?.decimals ?? 0

/**
 * An instrument as far as a capture tells: its names from the symbol, its steps from the decimals seen. What a contract is worth it
 * does not tell: `1`.
 */
export function listingFrom(venue: VenueId, symbol: string, index: number, seen: SeenDecimals): Listing {
  return {
    venue,
    symbol,
    index,
    ...namesOf(venue, symbol),
    weight: 'small',
    tick: { units: 1, decimals: seen.price },
    lot: { units: 1, decimals: seen.size },
    contractSize: '1',
    startTicks: 1,
    levelLots: 1,
    orderLots: 1,
  }
}

function namesOf(venue: VenueId, symbol: string): Names {
  if (venue.startsWith('binance')) return binanceNames(venue, symbol)
  return venue === 'deribit' ? deribitNames(symbol) : okxNames(symbol)
}

function binanceNames(venue: VenueId, symbol: string): Names {
  const [pair = symbol, delivery = ''] = symbol.split('_')
  const quote = QUOTES.find((name) => pair.endsWith(name) && pair.length > name.length) ?? ''
  const names = { base: pair.slice(0, pair.length - quote.length), quote, inverse: false }
  if (venue === 'binance-spot') return { ...names, kind: 'spot' }
  return { ...names, ...dated(delivery) }
}

function okxNames(symbol: string): Names {
  const [base = '', quote = '', third = '', strike = '', option = ''] = symbol.split('-')
  if (third === '') return { base, quote, kind: 'spot', inverse: false }
  const names = { base, quote, inverse: quote === 'USD' }
  return { ...names, ...(option === '' ? dated(third) : optionOf(third, strike, option)) }
}

function deribitNames(symbol: string): Names {
  const [pair = '', second = '', strike = '', option = ''] = symbol.split('-')
  const [base = '', quote = 'USD'] = pair.split('_')
  if (second === '') return { base, quote, kind: 'spot', inverse: false }
  if (option === '') return { base, quote, inverse: quote === 'USD', ...dated(second) }
  return {
    base,
    quote: quote === 'USD' ? base : quote,
    inverse: false,
    ...optionOf(second, strike.replace('d', '.'), option),
  }
}

function dated(expiry: string): Pick<Names, 'kind' | 'expiryMs'> {
  const expiryMs = expiryOf(expiry)
  return expiryMs === undefined ? { kind: 'perpetual' } : { kind: 'future', expiryMs }
}

function optionOf(
  expiry: string,
  strike: string,
  option: string,
): Pick<Names, 'kind' | 'expiryMs' | 'strike' | 'option'> {
  return { ...dated(expiry), kind: 'option', strike: Number(strike), option: option === 'C' ? 'call' : 'put' }
}
