import { formatDecimal, parseDecimal } from '../../core/decimal.ts'
import { DecodeError, FailureError } from '../../core/errors.ts'
import type { MarketType, VenueId } from '../../core/ids.ts'
import type { Instrument, InstrumentState } from '../../core/instrument.ts'
import { Reader } from '../reader.ts'
import { envelopeOf, type Failure, failureOf } from '../refusal.ts'
import type { Catalogue, RestAnswer } from '../venue.ts'

/** The instrument lists of these types, such as `OPTION&instFamily=BTC-USD` (sheet 11; 20 requests in 2 seconds for each type). */
export function okxCatalogue(venue: VenueId, types: readonly string[]): Catalogue {
  return {
    requests: () => types.map((type) => ({ path: `/api/v5/public/instruments?instType=${type}`, weight: 1 })),
    read: (body) => {
      const rows = Reader.parse(body).at('data').items()
      return rows.map((row) => instrumentOf(venue, row)).filter((instrument) => instrument !== undefined)
    },
  }
}

/**
 * One row, shortened: `{"instId":"BTC-USDT-SWAP","instType":"SWAP","uly":"BTC-USDT","baseCcy":"","quoteCcy":"","ctType":"linear",
 * "ctVal":"0.01","ctMult":"1","ctValCcy":"BTC","tickSz":"0.1","lotSz":"0.01","state":"live"}`. Listings that have no tick, lot
 * or contract value yet, and types that are not collected, are left out.
 */
function instrumentOf(venue: VenueId, row: Reader): Instrument | undefined {
  const symbol = row.text('instId')
  const type = row.text('instType')
  const marketType = MARKET_TYPES.get(type)
  if (marketType === undefined) return undefined
  const needed = type === 'SPOT' ? ['tickSz', 'lotSz'] : ['tickSz', 'lotSz', 'ctVal', 'ctMult']
  if (needed.some((key) => row.text(key) === '')) return undefined
  const state = stateOf(row.text('state'))
  const facts = { venue, symbol, tickSize: row.decimal('tickSz'), lotSize: row.decimal('lotSz'), state }
  if (type === 'SPOT') {
    const [base, quote] = [row.text('baseCcy'), row.text('quoteCcy')]
    const unit = { sizeUnit: 'base', contractSize: '1', contractCurrency: base } as const
    return { ...facts, ...unit, name: symbol, marketType, base, quote }
  }
  const [base = '', quote = ''] = row.text('uly').split('-')
  const contractSize = product(row.decimal('ctVal'), row.decimal('ctMult'))
  const unit = { sizeUnit: 'contracts', contractSize, contractCurrency: row.text('ctValCcy') } as const
  return { ...facts, ...unit, name: symbol.replace(/-SWAP$/, ''), marketType, base, quote }
}

const MARKET_TYPES: ReadonlyMap<string, MarketType> = new Map([
  ['SPOT', 'spot'],
  ['SWAP', 'perpetual'],
  ['FUTURES', 'future'],
  ['OPTION', 'option'],
])

/** Sheet 11. An unlisted word counts as trading: then silence is still noticed. */
function stateOf(word: string): InstrumentState {
  if (word === 'preopen') return 'auction'
  if (word === 'expired') return 'ended'
  return /^(suspend|rebase|post_only|test|settling)$/.test(word) ? 'halted' : 'trading'
}

function product(left: string, right: string): string {
  const [a, b] = [parseDecimal(left), parseDecimal(right)]
  if (a === undefined || b === undefined) throw new DecodeError('bad_number', `${left} × ${right}`)
  return formatDecimal(a.mantissa * b.mantissa, a.decimals + b.decimals)
}

/** Sheet 13: what the codes of the envelope mean. */
const CODES: ReadonlyMap<string, Failure> = new Map([
  ['50001', { code: 'maintenance', retryable: true }],
  ['50004', { code: 'timeout', retryable: true }],
  ['50011', { code: 'rate_limited', retryable: true }],
  ['50013', { code: 'rate_limited', retryable: true }],
  ['50026', { code: 'refused', retryable: true }],
  ['50030', { code: 'refused', retryable: false }],
  ['51001', { code: 'unknown_instrument', retryable: false }],
  ['51014', { code: 'unknown_instrument', retryable: false }],
  ['51015', { code: 'unknown_instrument', retryable: false }],
])

/** Sheets 12 and 13: `{"code":"51001","msg":"Instrument ID … doesn't exist.","data":[]}`; the code counts even under 200. */
export function okxRefusal({ status, body }: RestAnswer): FailureError | undefined {
  const said = envelopeOf(body, (reader) => [reader.text('code'), reader.optionalText('msg') ?? ''] as const)
  const [venueCode, text] = said ?? ['', 'no envelope']
  if (venueCode === '0' && status < 300) return undefined
  const { code, retryable } = CODES.get(venueCode) ?? failureOf(status)
  return new FailureError(code, `HTTP ${status}: ${venueCode} ${text}`, { retryable })
}
