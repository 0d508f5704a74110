import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Instrument } from '../../src/core/instrument.ts'
import { deribit } from '../../src/venues/deribit/venue.ts'
import { conformance, type RefusalExample } from './conformance.ts'

const CHOICE = { book: '100ms', trade: '100ms' }

const row = (facts: Readonly<Record<string, unknown>>): object => ({
  tick_size: 0.5,
  tick_size_steps: [],
  settlement_period: 'perpetual',
  settlement_currency: 'BTC',
  quote_currency: 'USD',
  min_trade_amount: 10,
  kind: 'future',
  is_active: true,
  instrument_name: 'BTC-PERPETUAL',
  instrument_id: 124_972,
  instrument_type: 'reversed',
  expiration_timestamp: 32_503_708_800_000,
  counter_currency: 'USD',
  contract_size: 10,
  base_currency: 'BTC',
  state: 'open',
  ...facts,
})

const instrument = (facts: Partial<Instrument>): Instrument => ({
  venue: 'deribit',
  symbol: 'BTC-PERPETUAL',
  name: 'BTC-USD',
  marketType: 'perpetual',
  base: 'BTC',
  quote: 'USD',
  tickSize: '0.5',
  lotSize: '10',
  sizeUnit: 'quote',
  contractSize: '10',
  contractCurrency: 'USD',
  state: 'trading',
  ...facts,
})

const base = { sizeUnit: 'base', contractSize: '1', contractCurrency: 'BTC' } as const

const error = (code: number, message = 'told by the venue'): string =>
  JSON.stringify({ jsonrpc: '2.0', error: { code, message }, testnet: false, usIn: 1, usOut: 2, usDiff: 1 })
const refusals: readonly RefusalExample[] = [
  { name: 'a success', status: 200, body: '{"jsonrpc":"2.0","result":[],"usIn":1}' },
  {
    name: 'a success without items',
    status: 200,
    body: '{"jsonrpc":"2.0","result":{"trades":[],"has_more":false}}',
  },
  {
    name: 'too many requests',
    status: 400,
    body: error(10_028),
    expect: { code: 'rate_limited', retryable: true },
  },
  { name: 'too many connections', status: 429, body: '', expect: { code: 'rate_limited', retryable: true } },
  { name: 'a break', status: 400, body: error(11_051), expect: { code: 'maintenance', retryable: true } },
  {
    name: 'closed without a key',
    status: 400,
    body: error(11_056),
    expect: { code: 'maintenance', retryable: true },
  },
  {
    name: 'the daily settlement',
    status: 400,
    body: error(10_041),
    expect: { code: 'maintenance', retryable: true },
  },
  {
    name: 'an internal error',
    status: 500,
    body: error(11_094),
    expect: { code: 'refused', retryable: true },
  },
  {
    name: 'no such instrument',
    status: 400,
    body: error(13_020),
    expect: { code: 'unknown_instrument', retryable: false },
  },
  {
    name: 'no such instrument, told under 200',
    status: 200,
    body: error(13_020),
    expect: { code: 'unknown_instrument', retryable: false },
  },
  {
    name: 'a banned country',
    status: 400,
    body: error(12_005),
    expect: { code: 'geo_blocked', retryable: false },
  },
  { name: 'a bad request', status: 400, body: error(11_050), expect: { code: 'refused', retryable: false } },
  { name: 'a page under 200', status: 200, body: '<html>', expect: { code: 'bad_answer', retryable: true } },
  {
    name: 'no result',
    status: 200,
    body: '{"jsonrpc":"2.0"}',
    expect: { code: 'bad_answer', retryable: true },
  },
]

conformance(deribit, {
  symbols: ['BTC-PERPETUAL', 'BTC-25DEC26-100000-C'],
  symbolAt: (index) => `BTC_USDC-25DEC26-${100_000 + index}-C`,
  requestLimitBytes: 32_000,
  acknowledge: ({ id, keys }) => [
    JSON.stringify({
      jsonrpc: '2.0',
      id: Number(id),
      result: keys,
      usIn: 1,
      usOut: 2,
      usDiff: 1,
      testnet: false,
    }),
  ],
  refuse: ({ id }) => ({
    frame: JSON.stringify({
      jsonrpc: '2.0',
      id: Number(id),
      error: { code: 13_778, message: 'raw_subscriptions_not_available_for_unauthorized', data: null },
      testnet: false,
    }),
    expect: { id, code: '13778', verdict: 'drop' },
  }),
  links: [
    { name: 'a jump of ids', sequence: 5, previous: 5, last: 900, anchored: false, verdict: 'next' },
    { name: 'a repeat is old', sequence: 900, previous: 5, last: 900, anchored: true, verdict: 'old' },
    {
      name: 'a missing change is a gap',
      sequence: 900,
      previous: 901,
      last: 950,
      anchored: true,
      verdict: 'gap',
    },
    {
      name: 'an earlier change is a gap',
      sequence: 900,
      previous: 4,
      last: 5,
      anchored: true,
      verdict: 'gap',
    },
  ],
  catalogue: {
    body: JSON.stringify({
      jsonrpc: '2.0',
      result: [
        row({}),
        row({ instrument_name: 'BTC-5MAR27', settlement_period: 'month', state: 'settlement' }),
        row({ instrument_name: 'BTC-27DEC24', settlement_period: 'month', state: 'archivized' }),
        row({
          instrument_name: 'XRP_USDC-PERPETUAL',
          instrument_type: 'linear',
          base_currency: 'XRP',
          quote_currency: 'USDC',
          tick_size: 1e-7,
          min_trade_amount: 1,
        }),
        row({
          instrument_name: 'BTC-25DEC26-100000-C',
          kind: 'option',
          settlement_period: 'month',
          quote_currency: 'BTC',
          contract_size: 1,
          tick_size: 0.0001,
          min_trade_amount: 0.1,
        }),
        row({
          instrument_name: 'XRP_USDC-30JUN23-0d625-C',
          kind: 'option',
          instrument_type: 'linear',
          settlement_period: 'month',
          base_currency: 'XRP',
          quote_currency: 'USDC',
          state: 'started',
        }),
        row({
          instrument_name: 'BTC_USDC',
          kind: 'spot',
          settlement_period: undefined,
          instrument_type: 'linear',
          quote_currency: 'USDC',
          min_trade_amount: 0.0001,
          state: 'locked',
        }),
        row({
          instrument_name: 'BTC-23JUL21',
          instrument_type: undefined,
          settlement_period: 'week',
          state: undefined,
        }),
        row({ instrument_name: 'BTC-FS-25DEC26_PERP', kind: 'future_combo' }),
      ],
    }),
    instruments: [
      instrument({}),
      instrument({ symbol: 'BTC-5MAR27', name: 'BTC-USD-270305', marketType: 'future', state: 'halted' }),
      instrument({ symbol: 'BTC-27DEC24', name: 'BTC-USD-241227', marketType: 'future', state: 'ended' }),
      instrument({
        ...base,
        symbol: 'XRP_USDC-PERPETUAL',
        name: 'XRP-USDC',
        base: 'XRP',
        quote: 'USDC',
        tickSize: '0.0000001',
        lotSize: '1',
        contractCurrency: 'XRP',
      }),
      instrument({
        ...base,
        symbol: 'BTC-25DEC26-100000-C',
        name: 'BTC-USD-261225-100000-C',
        marketType: 'option',
        quote: 'BTC',
        tickSize: '0.0001',
        lotSize: '0.1',
      }),
      instrument({
        ...base,
        symbol: 'XRP_USDC-30JUN23-0d625-C',
        name: 'XRP-USDC-230630-0.625-C',
        marketType: 'option',
        base: 'XRP',
        quote: 'USDC',
        contractCurrency: 'XRP',
      }),
      instrument({
        ...base,
        symbol: 'BTC_USDC',
        name: 'BTC-USDC',
        marketType: 'spot',
        quote: 'USDC',
        lotSize: '0.0001',
        state: 'halted',
      }),
      instrument({ symbol: 'BTC-23JUL21', name: 'BTC-USD-210723', marketType: 'future' }),
    ],
  },
  refusals,
})

test('deribit: channels are named by instrument and interval, books and trades each by their own', () => {
  const [socket, ...more] = deribit.plan(
    [
      { channel: 'book', symbol: 'BTC-PERPETUAL' },
      { channel: 'trade', symbol: 'BTC-PERPETUAL' },
    ],
    { ...CHOICE, trade: 'raw' },
  )
  assert.deepEqual(more, [])
  assert.equal(socket?.path, '/ws/api/v2')
  assert.deepEqual(
    socket.subscriptions.map(({ key }) => key),
    ['book.BTC-PERPETUAL.100ms', 'trades.BTC-PERPETUAL.raw'],
  )
})

test('deribit: requests are JSON-RPC with integer ids, as the sheet shows them', () => {
  assert.deepEqual(
    deribit.subscribe(['book.BTC-PERPETUAL.100ms'], () => 42),
    [
      {
        id: '42',
        text: '{"jsonrpc":"2.0","id":42,"method":"public/subscribe","params":{"channels":["book.BTC-PERPETUAL.100ms"]}}',
        keys: ['book.BTC-PERPETUAL.100ms'],
      },
    ],
  )
  const [leave] = deribit.unsubscribe(['book.BTC-PERPETUAL.100ms'], () => 43)
  assert.match(leave?.text ?? '', /"method":"public\/unsubscribe"/)
})

test('deribit: a socket asks for heartbeats and the platform state first, and a test request is answered with a test', () => {
  assert.deepEqual(
    deribit.greet().map((text): unknown => JSON.parse(text)),
    [
      { jsonrpc: '2.0', id: 'heartbeat', method: 'public/set_heartbeat', params: { interval: 30 } },
      {
        jsonrpc: '2.0',
        id: 'platform',
        method: 'public/subscribe',
        params: { channels: ['platform_state'] },
      },
    ],
  )
  assert.deepEqual(JSON.parse(deribit.heartbeat.answer ?? ''), {
    jsonrpc: '2.0',
    id: 'test',
    method: 'public/test',
    params: {},
  })
})
