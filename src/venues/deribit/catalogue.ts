import { FailureError } from '../../core/errors.ts'
import type { Instrument, InstrumentState } from '../../core/instrument.ts'
import { Reader } from '../reader.ts'
import { envelopeOf, type Failure, failureOf } from '../refusal.ts'
import type { Catalogue, RestAnswer } from '../venue.ts'

/** Requests of `get_instruments` weigh a second of the budget: one a second is what the sheet allows (5). */
const LIST_WEIGHT = 5

/** All instruments that trade, of all currencies, in one list (sheet 12). */
export const deribitCatalogue: Catalogue = {
  requests: () => [
    { path: '/api/v2/public/get_instruments?currency=any&expired=false', weight: LIST_WEIGHT },
  ],
  read: (body) => {
    const rows = Reader.parse(body).at('result').items()
    return rows.map(instrumentOf).filter((instrument) => instrument !== undefined)
  },
}

/**
 * One row, shortened: `{"tick_size":0.5,"settlement_period":"perpetual","quote_currency":"USD","min_trade_amount":10,
 * "kind":"future","instrument_name":"BTC-PERPETUAL","instrument_type":"reversed","contract_size":10,"base_currency":"BTC",
 * "state":"open"}`. Combos are left out.
 */
function instrumentOf(row: Reader): Instrument | undefined {
  const marketType = marketTypeOf(row)
  if (marketType === undefined) return undefined
  const symbol = row.text('instrument_name')
  const [base, quote] = [row.text('base_currency'), row.text('quote_currency')]
  const facts = {
    venue: 'deribit',
    symbol,
    name: nameOf(symbol),
    marketType,
    base,
    quote,
    tickSize: row.decimal('tick_size'),
    lotSize: row.decimal('min_trade_amount'),
    state: stateOf(row),
  } as const
  // Inverse futures count in US dollars, all else in the base coin (sheet 10).
  return marketType !== 'option' && marketType !== 'spot' && isInverse(row, quote)
    ? { ...facts, sizeUnit: 'quote', contractSize: row.decimal('contract_size'), contractCurrency: quote }
    : { ...facts, sizeUnit: 'base', contractSize: '1', contractCurrency: base }
}

function marketTypeOf(row: Reader): Instrument['marketType'] | undefined {
  const kind = row.text('kind')
  if (kind === 'option' || kind === 'spot') return kind
  if (kind !== 'future') return undefined
  return row.optionalText('settlement_period') === 'perpetual' ? 'perpetual' : 'future'
}

/** Lists of before 2022 have no type: then only the inverse ones were quoted in USD. */
function isInverse(row: Reader, quote: string): boolean {
  const type = row.optionalText('instrument_type') ?? row.optionalText('future_type')
  return type === undefined ? quote === 'USD' : type === 'reversed'
}

/** The words since 2026 and those before (sheet 12). An unlisted word counts as trading: then silence is still noticed. */
function stateOf(row: Reader): InstrumentState {
  const word = row.optionalText('state')
  if (word === undefined) return row.boolean('is_active') ? 'trading' : 'ended'
  if (/^(settlement|locked|halted|created)$/.test(word)) return 'halted'
  return /^(inactive|delivered|archivized|settled|closed|terminated)$/.test(word) ? 'ended' : 'trading'
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']

/** `BTC-25DEC26-100000-C` is `BTC-USD-261225-100000-C`, `XRP_USDC-30JUN23-0d625-C` is `XRP-USDC-230630-0.625-C`. */
function nameOf(symbol: string): string {
  const [pair = '', ...rest] = symbol.split('-')
  const [base = '', quote = 'USD'] = pair.split('_')
  return [base, quote, ...rest.filter((part) => part !== 'PERPETUAL').map(partOf)].join('-')
}

function partOf(part: string): string {
  const [, day = '', month = '', year = ''] = /^(\d{1,2})([A-Z]{3})(\d{2})$/.exec(part) ?? []
  if (!MONTHS.includes(month)) return part.replace('d', '.')
  return `${year}${String(MONTHS.indexOf(month) + 1).padStart(2, '0')}${day.padStart(2, '0')}`
}

/** Sheet 3, error codes of the REST answers: no such instrument, slow down, closed for the moment. */
const UNKNOWN_INSTRUMENT = new Set([10_020, 13_020])
const RATE_LIMITED = new Set([10_028, 10_047, 10_066])
const MAINTENANCE = new Set([10_041, 11_051, 11_056, 13_025, 13_028, 13_503])
const TRY_AGAIN = new Set([10_040, 11_094, 13_888])
const GEO_BLOCKED = 12_005

function failureIn(code: number): Failure | undefined {
  if (UNKNOWN_INSTRUMENT.has(code)) return { code: 'unknown_instrument', retryable: false }
  if (RATE_LIMITED.has(code)) return { code: 'rate_limited', retryable: true }
  if (MAINTENANCE.has(code)) return { code: 'maintenance', retryable: true }
  if (TRY_AGAIN.has(code)) return { code: 'refused', retryable: true }
  return code === GEO_BLOCKED ? { code: 'geo_blocked', retryable: false } : undefined
}

/** Sheet 3: `{"jsonrpc":"2.0","error":{"code":13020,"message":"not_found"},"testnet":false}`, under any status. */
export function deribitRefusal({ status, body }: RestAnswer): FailureError | undefined {
  const said = envelopeOf(body, (reader) => {
    const error = reader.optional('error')
    if (error !== undefined) return { code: error.integer('code'), text: error.text('message') }
    return { code: 0, text: reader.has('result') ? '' : 'neither result nor error' }
  })
  if (said?.code === 0 && said.text === '' && status < 300) return undefined
  const { code, text } = said ?? { code: 0, text: 'no envelope' }
  const failure = failureIn(code) ?? failureOf(status)
  return new FailureError(failure.code, `HTTP ${status}: ${code} ${text}`, { retryable: failure.retryable })
}
