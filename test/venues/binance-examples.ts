import { epochMicros } from '../../src/core/units.ts'
import type { Instrument } from '../../src/core/instrument.ts'
import type { Examples, LinkExample, RefusalExample } from './conformance.ts'

/** How both Binance venues accept. */
export const acknowledge: Examples['acknowledge'] = ({ id }) => [
  JSON.stringify({ result: null, id: Number(id) }),
]

/** How both refuse: nested, as on the wire. */
export const refuse: Examples['refuse'] = ({ id }) => ({
  frame: JSON.stringify({ error: { code: 2, msg: 'Invalid request: too many parameters' }, id: Number(id) }),
  expect: { type: 'refused', id, code: '2', text: 'Invalid request: too many parameters', verdict: 'drop' },
})

const tooMuchWeight =
  '{"code":-1003,"msg":"Too much request weight used; current limit is 6000 request weight per 1 MINUTE."}'
const bannedUntil =
  '{"code":-1003,"msg":"Way too much request weight used; IP banned until 1659146400000. Please use WebSocket Streams."}'

/** REST answers of both, and what they mean. */
export const refusals: readonly RefusalExample[] = [
  { name: 'a plain answer is a success', status: 200, body: '{"serverTime":1499827319559}' },
  {
    name: 'too much weight waits as long as told',
    status: 429,
    headers: { 'retry-after': '37' },
    body: tooMuchWeight,
    expect: { code: 'rate_limited', retryable: true, retryAfterMs: 37_000 },
  },
  {
    name: 'too much weight waits a minute when not told',
    status: 429,
    body: tooMuchWeight,
    expect: { code: 'rate_limited', retryable: true, retryAfterMs: 60_000 },
  },
  {
    name: 'a ban waits until its end',
    status: 418,
    body: bannedUntil,
    receiveTimeUs: epochMicros(1_659_146_100_000_000),
    expect: { code: 'banned', retryable: true, retryAfterMs: 300_000 },
  },
  {
    name: 'a ban with a header waits as long as that says',
    status: 418,
    headers: { 'retry-after': '600' },
    body: bannedUntil,
    expect: { code: 'banned', retryable: true, retryAfterMs: 600_000 },
  },
  {
    name: 'a ban of unknown length waits for the shortest there is',
    status: 418,
    body: '',
    expect: { code: 'banned', retryable: true, retryAfterMs: 120_000 },
  },
  {
    name: 'the firewall answers in HTML',
    status: 403,
    body: '<html><body>403 Forbidden</body></html>',
    expect: { code: 'refused', retryable: true, retryAfterMs: 60_000 },
  },
  {
    name: 'a restricted location is final',
    status: 451,
    headers: { 'retry-after': '5' },
    body: '{"code":0,"msg":"Service unavailable from a restricted location according to \'b. Eligibility\'"}',
    expect: { code: 'geo_blocked', retryable: false },
  },
  {
    name: 'an unknown symbol is final',
    status: 400,
    body: '{"code":-1121,"msg":"Invalid symbol."}',
    expect: { code: 'unknown_instrument', retryable: false },
  },
  {
    name: 'an unknown symbol under 200 is one too',
    status: 200,
    body: '{"code":-1121,"msg":"Invalid symbol."}',
    expect: { code: 'unknown_instrument', retryable: false },
  },
  {
    name: 'a bad parameter is final',
    status: 400,
    body: '{"code":-1100,"msg":"Illegal characters found in a parameter."}',
    expect: { code: 'refused', retryable: false },
  },
  {
    name: 'a back-end timeout may be tried again',
    status: 408,
    body: '',
    expect: { code: 'timeout', retryable: true },
  },
  {
    name: 'an overload may be tried again',
    status: 503,
    body: '{"code":-1008,"msg":"Server is currently overloaded with other requests."}',
    expect: { code: 'rate_limited', retryable: true },
  },
  {
    name: 'an outage may be tried again',
    status: 503,
    body: 'Service Unavailable.',
    expect: { code: 'maintenance', retryable: true },
  },
  {
    name: 'a fault of the gateway may be tried again',
    status: 502,
    body: '<html></html>',
    expect: { code: 'bad_answer', retryable: true },
  },
]

const filters = (tickSize: string, stepSize: string): readonly object[] => [
  { filterType: 'PRICE_FILTER', minPrice: '0.01', maxPrice: '1000000.00', tickSize },
  { filterType: 'LOT_SIZE', minQty: '0.00001', maxQty: '9000.00', stepSize },
]

/** The part of an instrument that a listing example states; the rest follows. */
export type Listed = Pick<Instrument, 'venue' | 'symbol' | 'marketType' | 'base' | 'state'> & {
  readonly suffix?: string
}

/** A row of `exchangeInfo` with what instruments are made of and `more`. */
export const row = (symbol: string, base: string, status: string, more: object = {}): object => ({
  symbol,
  status,
  baseAsset: base,
  quoteAsset: 'USDT',
  pricePrecision: 5,
  filters: filters('0.10', '0.001'),
  ...more,
})

/** The instrument that `row` becomes. */
export const instrument = ({ suffix = '', ...listed }: Listed): Instrument => ({
  ...listed,
  name: `${listed.base}-USDT${suffix}`,
  quote: 'USDT',
  tickSize: '0.10',
  lotSize: '0.001',
  sizeUnit: 'base',
  contractSize: '1',
  contractCurrency: listed.base,
})

type LinkRow = readonly [
  name: string,
  verdict: LinkExample['verdict'],
  sequence: number,
  first: number,
  last: number,
  previous?: number,
]

/** Link examples for a first delta after a snapshot, or for a later one. */
export const links = (anchored: boolean, rows: readonly LinkRow[]): readonly LinkExample[] =>
  rows.map(([name, verdict, sequence, first, last, previous = Number.NaN]) => ({
    name: `${anchored ? 'later' : 'first'}: ${name}`,
    verdict,
    sequence,
    first,
    last,
    previous,
    anchored,
  }))
