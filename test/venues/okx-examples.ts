import type { Instrument } from '../../src/core/instrument.ts'
import type { Examples, LinkExample, RefusalExample } from './conformance.ts'

/** Sheet 6, rule 6: 10 (snapshot), 15, 15 (heartbeat), 3 (reset), 5. */
const links: readonly LinkExample[] = [
  {
    name: 'the first after the snapshot',
    sequence: 10,
    previous: 10,
    last: 15,
    anchored: false,
    verdict: 'next',
  },
  { name: 'a heartbeat', sequence: 15, previous: 15, last: 15, anchored: true, verdict: 'next' },
  { name: 'a maintenance reset', sequence: 15, previous: 15, last: 3, anchored: true, verdict: 'next' },
  { name: 'the first after a reset', sequence: 3, previous: 3, last: 5, anchored: true, verdict: 'next' },
  { name: 'a repeat is old', sequence: 15, previous: 10, last: 15, anchored: true, verdict: 'old' },
  { name: 'a missing update is a gap', sequence: 15, previous: 17, last: 20, anchored: true, verdict: 'gap' },
  { name: 'an earlier update is a gap', sequence: 15, previous: 8, last: 10, anchored: true, verdict: 'gap' },
  {
    name: 'a reset after a hole is a gap',
    sequence: 3,
    previous: 15,
    last: 3,
    anchored: true,
    verdict: 'gap',
  },
  {
    name: 'without numbers the checksum judges',
    sequence: 15,
    last: Number.NaN,
    anchored: true,
    verdict: 'next',
  },
  {
    name: 'after a snapshot without numbers',
    sequence: Number.NaN,
    previous: 1,
    last: 2,
    anchored: false,
    verdict: 'next',
  },
]

const body = (code: string, msg = 'told by the venue'): string => JSON.stringify({ code, msg, data: [] })
const refusals: readonly RefusalExample[] = [
  { name: 'a success', status: 200, body: body('0') },
  {
    name: 'too many requests, told under 200',
    status: 200,
    body: body('50011'),
    expect: { code: 'rate_limited', retryable: true },
  },
  {
    name: 'too many requests',
    status: 429,
    body: body('50011'),
    expect: { code: 'rate_limited', retryable: true },
  },
  {
    name: 'systems busy',
    status: 429,
    body: body('50013'),
    expect: { code: 'rate_limited', retryable: true },
  },
  { name: 'a break', status: 503, body: body('50001'), expect: { code: 'maintenance', retryable: true } },
  { name: 'a break without words', status: 503, body: '', expect: { code: 'maintenance', retryable: true } },
  { name: 'a system error', status: 500, body: body('50026'), expect: { code: 'refused', retryable: true } },
  { name: 'a timeout', status: 400, body: body('50004'), expect: { code: 'timeout', retryable: true } },
  {
    name: 'a bad parameter',
    status: 400,
    body: body('51000'),
    expect: { code: 'refused', retryable: false },
  },
  {
    name: 'no such instrument',
    status: 200,
    body: body('51001'),
    expect: { code: 'unknown_instrument', retryable: false },
  },
  {
    name: 'a success code under a failure',
    status: 500,
    body: body('0'),
    expect: { code: 'refused', retryable: true },
  },
  { name: 'a geo block', status: 451, body: '<html>', expect: { code: 'geo_blocked', retryable: false } },
  {
    name: 'a forbidden region',
    status: 403,
    body: '<html>',
    expect: { code: 'geo_blocked', retryable: false },
  },
  { name: 'another host', status: 302, body: '', expect: { code: 'geo_blocked', retryable: false } },
  { name: 'a page under 200', status: 200, body: '<html>', expect: { code: 'bad_answer', retryable: true } },
  {
    name: 'another envelope',
    status: 200,
    body: '{"code":0}',
    expect: { code: 'bad_answer', retryable: true },
  },
]

/** Sheet 11, less the keys that are not read. */
function row(facts: Readonly<Record<string, unknown>>): object {
  const blank = { instFamily: '', uly: '', baseCcy: '', quoteCcy: '', settleCcy: '', ctType: '' }
  const sizes = { ctVal: '', ctMult: '', ctValCcy: '', tickSz: '0.1', lotSz: '0.00000001', minSz: '0.00001' }
  return { ...blank, ...sizes, instIdCode: null, state: 'live', ...facts }
}

/** A row of the instrument list. */
export function spotRow(instId: string, facts: Readonly<Record<string, unknown>> = {}): object {
  const [baseCcy, quoteCcy] = instId.split('-')
  return row({ instType: 'SPOT', instId, baseCcy, quoteCcy, ...facts })
}

/** A row of the instrument list. */
export function contractRow(instId: string, facts: Readonly<Record<string, unknown>>): object {
  return row({ instType: 'SWAP', instId, ctMult: '1', lotSz: '1', ...facts })
}

/** A spot instrument as it must be read. */
export const spot = (base: string, quote: string, state: Instrument['state']): Instrument => ({
  venue: 'okx-spot',
  symbol: `${base}-${quote}`,
  name: `${base}-${quote}`,
  marketType: 'spot',
  base,
  quote,
  tickSize: '0.1',
  lotSize: '0.00000001',
  sizeUnit: 'base',
  contractSize: '1',
  contractCurrency: base,
  state,
})

/** A swap or future as it must be read. */
export const contract = (facts: Partial<Instrument>): Instrument => ({
  venue: 'okx-derivatives',
  symbol: 'BTC-USDT-SWAP',
  name: 'BTC-USDT',
  marketType: 'perpetual',
  base: 'BTC',
  quote: 'USDT',
  tickSize: '0.1',
  lotSize: '1',
  sizeUnit: 'contracts',
  contractSize: '0.01',
  contractCurrency: 'BTC',
  state: 'trading',
  ...facts,
})

/** What both venues of OKX have in common. */
export const shared = {
  requestLimitBytes: 64 * 1_024,
  acknowledge: ({ id, text }) => {
    const { args } = JSON.parse(text) as { readonly args: readonly object[] }
    return args.map((arg) => JSON.stringify({ id, event: 'subscribe', arg, connId: 'a4d3ae55' }))
  },
  refuse: ({ id, keys }) => {
    const [channel, instId] = (keys[0] ?? '').split(':')
    const msg = `Subscribe failed, wrong URL or channel:${channel},instId:${instId} doesn't exist.`
    return {
      frame: JSON.stringify({ id, event: 'error', code: '60018', msg, connId: 'a4d3ae55' }),
      expect: { id, code: '60018', verdict: 'drop', key: `${channel}:${instId}` },
    }
  },
  links,
  refusals,
} satisfies Partial<Examples>
