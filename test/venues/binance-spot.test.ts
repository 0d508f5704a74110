import assert from 'node:assert/strict'
import { test } from 'node:test'
import { binanceSpot } from '../../src/venues/binance/spot.ts'
import { acknowledge, instrument, links, refusals, refuse, row } from './binance-examples.ts'
import { conformance } from './conformance.ts'

const spot = { venue: 'binance-spot', marketType: 'spot' } as const

conformance(binanceSpot, {
  symbols: ['BNBBTC', '币安人生USDT'],
  symbolAt: (index) => `COIN${index}USDT`,
  acknowledge,
  refuse,
  links: [
    ...links(false, [
      ['what the snapshot has is old', 'old', 160, 157, 160],
      ['it straddles the snapshot', 'next', 158, 157, 160],
      ['it may begin right after the snapshot', 'next', 156, 157, 160],
      ['the snapshot is older than the stream', 'gap', 155, 157, 160],
      ['anything follows a book that was never used', 'next', -1, 157, 160],
    ]),
    ...links(true, [
      ['it begins right after the last', 'next', 156, 157, 160],
      ['an overlap is no fault', 'next', 158, 157, 160],
      ['a repeat is old', 'old', 160, 157, 160],
      ['one missing id is a gap', 'gap', 155, 157, 160],
    ]),
  ],
  catalogue: {
    body: JSON.stringify({
      timezone: 'UTC',
      rateLimits: [],
      symbols: [
        row('BTCUSDT', 'BTC', 'TRADING'),
        row('币安人生USDT', '币安人生', 'CANCEL_ONLY'),
        row('OLDUSDT', 'OLD', 'SOMETHING_ELSE'),
        row('ODDUSDT', 'ODD', 'TRADING', { filters: [] }),
      ],
    }),
    instruments: [
      instrument({ ...spot, symbol: 'BTCUSDT', base: 'BTC', state: 'trading' }),
      instrument({ ...spot, symbol: '币安人生USDT', base: '币安人生', state: 'halted' }),
      instrument({ ...spot, symbol: 'OLDUSDT', base: 'OLD', state: 'halted' }),
    ],
  },
  snapshot: {
    bodies: [
      {
        body: '{"lastUpdateId":1027024,"bids":[["4.00000000","431.00000000"]],"asks":[["4.00000200","12.00000000"]]}',
        event: { kind: 'snapshot', last: 1_027_024, bids: [['4', '431']], asks: [['4.000002', '12']] },
      },
      {
        body: '{"asks":[],"bids":[],"lastUpdateId":-1}',
        event: { kind: 'snapshot', last: -1, bids: [], asks: [] },
      },
    ],
    requests: [
      [1, '/api/v3/depth?symbol=BNBBTC&limit=100', 100, 5],
      [100, '/api/v3/depth?symbol=BNBBTC&limit=100', 100, 5],
      [101, '/api/v3/depth?symbol=BNBBTC&limit=500', 500, 25],
      [1_000, '/api/v3/depth?symbol=BNBBTC&limit=1000', 1_000, 50],
      [1_001, '/api/v3/depth?symbol=BNBBTC&limit=5000', 5_000, 250],
      [100_000, '/api/v3/depth?symbol=BNBBTC&limit=5000', 5_000, 250],
    ],
    urls: [
      ['https://www.binance.com/api/v1/depth?symbol=ZILUSDT&limit=1000', 'ZILUSDT'],
      ['https://data-api.binance.vision/api/v3/depth?limit=5000&symbol=%E5%B8%81USDT', '币USDT'],
      ['https://api.binance.com/api/v3/exchangeInfo?symbol=BTCUSDT', undefined],
      ['https://api.binance.com/api/v3/depth?limit=5000', undefined],
      ['https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT', undefined],
      ['sample/l2_snapshot/spot', undefined],
    ],
  },
  refusals,
})

test('binance: stream names are in lower case, but for letters outside of ASCII', () => {
  const choice = { book: 'depth@100ms', trade: 'trade' }
  const plans = binanceSpot.plan([{ channel: 'book', symbol: 'İBTC币USDT' }], choice)
  assert.deepEqual(plans, [
    {
      path: '/stream',
      subscriptions: [{ channel: 'book', symbol: 'İBTC币USDT', key: 'İbtc币usdt@depth@100ms' }],
    },
  ])
})

test('binance: a subscription asked for twice is carried once', () => {
  const twice = { channel: 'book', symbol: 'BTCUSDT' } as const
  const [plan] = binanceSpot.plan([twice, twice], { book: 'depth@100ms', trade: 'trade' })
  assert.equal(plan?.subscriptions.length, 1)
})

test('binance: the weight used is read from its header, and only from a number', () => {
  assert.equal(binanceSpot.usedWeight?.({ 'x-mbx-used-weight-1m': '1250' }), 1_250)
  assert.equal(binanceSpot.usedWeight?.({ 'x-mbx-used-weight-1m': 'many' }), undefined)
  assert.equal(binanceSpot.usedWeight?.({}), undefined)
})

test('binance: an instrument list of which nothing can be read is refused with the place of the fault', () => {
  const body = new TextEncoder().encode('{"symbols":[{"symbol":"BTCUSDT","baseAsset":"BTC","filters":[]}]}')
  assert.throws(() => binanceSpot.catalogue.read(body), {
    code: 'missing_field',
    message: 'missing symbols[0].quoteAsset',
  })
})
