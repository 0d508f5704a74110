import assert from 'node:assert/strict'
import { test } from 'node:test'
import { binanceDerivatives } from '../../src/venues/binance/derivatives.ts'
import { acknowledge, instrument, links, refusals, refuse, row } from './binance-examples.ts'
import { conformance } from './conformance.ts'

const perpetual = { venue: 'binance-derivatives', marketType: 'perpetual' } as const
const future = { venue: 'binance-derivatives', marketType: 'future', base: 'BTC' } as const

conformance(binanceDerivatives, {
  symbols: ['BTCUSDT', 'BTCUSDT_261225'],
  symbolAt: (index) => `COIN${index}USDT`,
  acknowledge,
  refuse,
  links: [
    ...links(false, [
      ['what the snapshot has is old', 'old', 99, 90, 98, 80],
      ['it straddles the snapshot', 'next', 99, 90, 110, 80],
      ['it may end at the snapshot', 'next', 99, 90, 99, 80],
      ['it may name the snapshot', 'next', 99, 104, 110, 99],
      ['the snapshot is older than the stream', 'gap', 99, 104, 110, 100],
      ['anything follows a book that was never used', 'next', -1, 104, 110, 100],
    ]),
    ...links(true, [
      ['it names the last', 'next', 99, 104, 110, 99],
      ['a straddle is no link', 'gap', 99, 90, 110, 80],
      ['a repeat is old', 'old', 110, 104, 110, 99],
      ['another predecessor is a gap', 'gap', 99, 104, 110, 101],
    ]),
  ],
  catalogue: {
    body: JSON.stringify({
      timezone: 'UTC',
      futuresType: 'U_MARGINED',
      symbols: [
        row('BTCUSDT', 'BTC', 'TRADING', { contractType: 'PERPETUAL' }),
        row('BTCUSDT_261225', 'BTC', 'TRADING', { contractType: 'CURRENT_QUARTER' }),
        row('TSLAUSDT', 'TSLA', 'PENDING_TRADING', { contractType: 'TRADIFI_PERPETUAL' }),
        row('GONEUSDT', 'GONE', 'SETTLING', { contractType: 'PERPETUAL DELIVERING' }),
        row('BTCUSDT_260626', 'BTC', 'DELIVERED', { contractType: 'CURRENT_QUARTER' }),
        row('ODDUSDT', 'ODD', 'TRADING', { contractType: '' }),
      ],
    }),
    instruments: [
      instrument({ ...perpetual, symbol: 'BTCUSDT', base: 'BTC', state: 'trading' }),
      instrument({ ...future, symbol: 'BTCUSDT_261225', suffix: '-261225', state: 'trading' }),
      instrument({ ...perpetual, symbol: 'TSLAUSDT', base: 'TSLA', state: 'halted' }),
      instrument({ ...perpetual, symbol: 'GONEUSDT', base: 'GONE', state: 'halted' }),
      instrument({ ...future, symbol: 'BTCUSDT_260626', suffix: '-260626', state: 'ended' }),
    ],
  },
  snapshot: {
    bodies: [
      {
        body: '{"lastUpdateId":1027024,"E":1589436922972,"T":1589436922959,"bids":[["4.00","431.0"]],"asks":[["4.20","9.5"]]}',
        event: {
          kind: 'snapshot',
          time_us: 1_589_436_922_959_000,
          last: 1_027_024,
          bids: [['4', '431']],
          asks: [['4.2', '9.5']],
        },
      },
    ],
    requests: [
      [5, '/fapi/v1/depth?symbol=BTCUSDT&limit=50', 50, 2],
      [51, '/fapi/v1/depth?symbol=BTCUSDT&limit=100', 100, 5],
      [500, '/fapi/v1/depth?symbol=BTCUSDT&limit=500', 500, 10],
      [5_000, '/fapi/v1/depth?symbol=BTCUSDT&limit=1000', 1_000, 20],
    ],
    urls: [
      ['https://testnet.binancefuture.com/fapi/v1/depth?limit=1000&symbol=BTCUSDT_210625', 'BTCUSDT_210625'],
      ['https://api.binance.com/api/v3/depth?symbol=BTCUSDT', undefined],
      ['sample/l2_snapshot/linear_swap', undefined],
    ],
  },
  refusals,
  shortenedCaptures: ['samples-tardis.ndjson'],
})

test('binance-derivatives: every stream goes by the route that delivers it', () => {
  const both = [
    { channel: 'book', symbol: 'BTCUSDT' },
    { channel: 'trade', symbol: 'BTCUSDT' },
  ] as const
  const paths = (trade: string): readonly string[] =>
    binanceDerivatives.plan(both, { book: 'depth@100ms', trade }).map(({ path }) => path)
  assert.deepEqual(paths('aggTrade'), ['/public/stream', '/market/stream'])
  assert.deepEqual(paths('trade'), ['/public/stream'])
})
