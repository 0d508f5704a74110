import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readGapChoice } from '../../src/app/gaps.ts'
import {
  beginSegment,
  lineOf,
  NEW_YEAR_US,
  openSink,
  sealedSegment,
  writeBatch,
} from '../sinks/parquet/rig.ts'
import { Place } from './records-place.ts'

const SECOND_US = 1_000_000
const GAPS = [
  lineOf('gap', {
    seq: 1,
    from_time_us: NEW_YEAR_US,
    to_time_us: NEW_YEAR_US + SECOND_US / 4,
    cause: 'sequence',
    repaired_by: 'snapshot',
  }),
  lineOf('gap', {
    seq: 2,
    exchange: 'okx',
    market_type: 'perpetual',
    instrument: 'BTC-USDT-SWAP',
    channel: 'trade',
    from_time_us: NEW_YEAR_US + 10 * SECOND_US,
    to_time_us: NEW_YEAR_US + 75 * SECOND_US,
    cause: 'disconnected',
    missed: 12,
    repaired_by: 'resumed',
  }),
  lineOf('gap', {
    seq: 3,
    symbol: 'ETH-USDT',
    instrument: 'ETHUSDT',
    from_time_us: NEW_YEAR_US + 20 * SECOND_US,
    to_time_us: null,
    cause: 'silent',
    repaired_by: null,
  }),
]

test('the ledger has one line a gap in their order, open ones said so, and totals', async (context) => {
  const place = new Place(context)
  await (await openSink(place.store)).store(sealedSegment(place.journal, 1, GAPS.slice(1)))
  writeBatch(beginSegment(place.journal, 2), GAPS.slice(0, 1))
  const [head = '', first = '', second = '', third = '', totals = ''] = (await place.gaps()).split('\n')
  assert.match(head, /^from +to +duration +stream +cause +missed +repaired by$/)
  assert.match(
    first,
    /^2026-01-01T00:00:00\.000000Z  2026-01-01T00:00:00\.250000Z +0\.250 s  binance spot BTCUSDT book +sequence +-  snapshot$/,
  )
  assert.match(second, /00:01:05  okx perpetual BTC-USDT-SWAP trade +disconnected +12  resumed$/)
  assert.match(third, /OPEN +-  binance spot ETHUSDT book +silent +-  -$/)
  assert.equal(
    totals,
    '3 gaps (1 sequence, 1 disconnected, 1 silent), 1 OPEN when the collector ended; 00:01:05 in all, 12 trades missed',
  )
})

test('the ledger can be asked for a venue, an exchange, an instrument, and a time', async (context) => {
  const place = new Place(context)
  sealedSegment(place.journal, 1, GAPS)
  const seen = async (choice: Parameters<Place['gaps']>[0]): Promise<readonly unknown[]> =>
    (await place.gaps({ json: true, ...choice }))
      .split('\n')
      .filter((line) => line !== '')
      .map((line): unknown => JSON.parse(line).cause)
  assert.deepEqual(await seen({}), ['sequence', 'disconnected', 'silent'])
  assert.deepEqual(await seen({ venue: 'binance-spot' }), ['sequence', 'silent'])
  assert.deepEqual(await seen({ venue: 'binance-derivatives' }), [])
  assert.deepEqual(await seen({ venue: 'okx-derivatives' }), ['disconnected'])
  assert.deepEqual(await seen({ exchange: 'okx' }), ['disconnected'])
  assert.deepEqual(await seen({ symbol: 'ETH-USDT' }), ['silent'])
  assert.deepEqual(await seen({ symbol: 'BTC-USDT-SWAP' }), ['disconnected'])
  assert.deepEqual(await seen({ symbol: "' OR 1=1 --" }), [])
  // One that is open has not ended before any time.
  assert.deepEqual(await seen({ sinceUs: NEW_YEAR_US + 80 * SECOND_US }), ['silent'])
  assert.deepEqual(await seen({ sinceUs: NEW_YEAR_US + SECOND_US }), ['disconnected', 'silent'])
})

test('without gaps the ledger says so', async (context) => {
  assert.equal(await new Place(context).gaps(), 'no gaps\n')
})

for (const [since, sinceMs] of [
  ['90s', 1_000_000_000_000 - 90_000],
  ['2h', 1_000_000_000_000 - 7_200_000],
  ['7d', 1_000_000_000_000 - 604_800_000],
  ['2026-01-01', 1_767_225_600_000],
  ['2026-01-01T00:00', 1_767_225_600_000],
  ['2026-01-01 01:00:00.5+01:00', 1_767_225_600_500],
] as const) {
  test(`gaps since '${since}' are those since that time in UTC`, () => {
    assert.deepEqual(readGapChoice({ since, venue: undefined }, 1_000_000_000_000), {
      sinceUs: sinceMs * 1_000,
      venue: undefined,
    })
  })
}

for (const choice of [
  { since: 'yesterday', venue: undefined },
  { since: '2026-13-01', venue: undefined },
  { since: '5', venue: undefined },
  { since: undefined, venue: 'kraken' },
]) {
  test(`gaps of ${JSON.stringify(choice)} are a fault of the command line`, () => {
    assert.ok('fault' in readGapChoice(choice, 0))
  })
}
