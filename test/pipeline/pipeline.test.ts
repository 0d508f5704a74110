import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RECORDS } from '../../src/core/record.ts'
import { crc32c } from '../../src/journal/crc32c.ts'
import { binanceSpot } from '../../src/venues/binance/spot.ts'
import { okxSpot } from '../../src/venues/okx/venue.ts'
import { around, delta, fall, type Levels, snapshot, trade } from './frames.ts'
import { liveRig } from './live.ts'
import { type Json, readRecord, Rig } from './rig.ts'

const BTC = 0
const ETH = 1

test('the samples of the record definitions are records', () => {
  for (const { sample, type } of RECORDS) assert.equal(readRecord(`${sample}\n`)['type'], type)
})

test('deltas wait for the snapshot, and the book is published whole before them', () => {
  const rig = new Rig(binanceSpot, ['BTCUSDT'])
  rig.carry(1)
  rig.frame(1, delta('BTCUSDT', 9, 10))
  rig.frame(1, delta('BTCUSDT', 11, 12, { b: [['99.00', '0.000']] }), 5)
  assert.deepEqual(rig.of(), [])
  assert.equal(rig.snapshot(BTC, snapshot(10), 8), 'joined')
  const [book, change] = rig.of()
  assert.equal(book?.['type'], 'orderbook')
  assert.equal(book?.['full'], true)
  assert.deepEqual(book?.['bids'], [
    ['100', '1'],
    ['99', '2'],
  ])
  assert.deepEqual(change?.['bids'], [['99', '0']])
  assert.equal(change?.['id'], 'binance:spot:orderbook_delta:BTCUSDT:12')
  assert.equal(change?.['epoch'], book?.['epoch'])
  assert.equal(rig.of().length, 2)
})

test('a gap is told once, loses one book of a thousand, and asks for one recovery', () => {
  const symbols = Array.from({ length: 1_000 }, (_, index) => `C${index}USDT`)
  const rig = liveRig(symbols)
  for (const symbol of symbols) rig.frame(1, delta(symbol, 11, 11), 10)
  rig.records.length = 0
  for (const symbol of symbols) {
    const lost = symbol === 'C500USDT'
    rig.frame(1, delta(symbol, lost ? 13 : 12, 13), 20)
    rig.frame(1, delta(symbol, 14, 14), 30)
  }
  assert.deepEqual(rig.asked, [500])
  assert.equal(rig.of('orderbook_delta').length, 999 * 2)
  assert.equal(rig.snapshot(500, snapshot(13), 40), 'joined')
  const gaps = rig.of('gap')
  assert.equal(gaps.length, 1)
  assert.equal(gaps[0]?.['instrument'], 'C500USDT')
  assert.equal(gaps[0]?.['cause'], 'sequence')
  assert.equal(gaps[0]?.['from_sequence'], 11)
  assert.equal(gaps[0]?.['to_sequence'], 13)
  assert.equal(gaps[0]?.['repaired_by'], 'snapshot')
  assert.deepEqual(rig.asked, [500])
  assert.equal(rig.pipeline.streams.filter(({ book }) => book.sync.isLive).length, 1_000)
})

test('a second snapshot for a live book is not needed and changes nothing', () => {
  const rig = liveRig()
  const before = rig.of().length
  assert.equal(rig.snapshot(BTC, snapshot(99)), 'ignored')
  assert.equal(rig.of().length, before)
})

test('frames of a session that ended are not taken', () => {
  const rig = liveRig()
  rig.pipeline.ended(1, rig.all(), 'disconnected')
  const before = rig.of().length
  rig.frame(1, delta('BTCUSDT', 11, 11))
  rig.frame(1, trade('BTCUSDT', 5))
  assert.equal(rig.of().length, before)
  assert.equal(rig.pipeline.streams[BTC]?.book.sync.isLive, false)
})

test('make before break: the successor takes over where it overlaps, and nothing is lost or doubled', () => {
  const rig = liveRig(['BTCUSDT'])
  rig.frame(1, delta('BTCUSDT', 11, 11))
  rig.carry(2)
  assert.equal(rig.pipeline.pending(2).length, 2)
  rig.frame(2, delta('BTCUSDT', 14, 14), 1)
  assert.equal(rig.pipeline.streams[BTC]?.book.owner, 1)
  rig.frame(1, delta('BTCUSDT', 12, 13), 2)
  rig.frame(1, delta('BTCUSDT', 14, 14), 3)
  rig.frame(2, delta('BTCUSDT', 15, 15), 4)
  rig.frame(1, delta('BTCUSDT', 15, 15), 5)
  rig.frame(1, trade('BTCUSDT', 5), 6)
  rig.frame(2, trade('BTCUSDT', 5), 6)
  assert.deepEqual(rig.pipeline.pending(2), [])
  rig.pipeline.ended(1, rig.all(), 'disconnected')
  rig.frame(2, delta('BTCUSDT', 16, 16), 7)
  assert.deepEqual(
    rig.of('orderbook_delta').map((record) => record['last_sequence']),
    [11, 13, 14, 15, 16],
  )
  assert.deepEqual(rig.of('gap'), [])
  assert.equal(rig.of('trade').length, 1)
})

test('a hole right after a refused frame is laid to it', () => {
  const rig = liveRig()
  rig.frame(1, delta('BTCUSDT', 11, 11), 1)
  rig.frame(1, '{"e":"depthUpdate","s":"BTCUSDT","U":12,"u":12,"b":[["x","1"]],"a":[]}', 2)
  rig.frame(1, delta('BTCUSDT', 13, 13), 3)
  rig.snapshot(BTC, snapshot(13), 4)
  assert.equal(rig.of('gap')[0]?.['cause'], 'malformed')
  assert.equal(rig.counts.refused, 1)
})

test('a book that stays crossed is lost; one crossed update is forgiven', () => {
  const rig = liveRig()
  rig.frame(1, delta('BTCUSDT', 11, 11, { b: [['102.00', '1']] }))
  assert.equal(rig.pipeline.streams[BTC]?.book.sync.isLive, true)
  rig.frame(1, delta('BTCUSDT', 12, 12, { b: [['102.00', '0']] }))
  rig.frame(1, delta('BTCUSDT', 13, 13, { b: [['102.00', '1']] }))
  rig.frame(1, delta('BTCUSDT', 14, 14, { b: [['99.50', '1']] }))
  assert.equal(rig.pipeline.streams[BTC]?.book.sync.isLive, false)
  assert.deepEqual(rig.asked, [BTC])
  rig.snapshot(BTC, snapshot(14))
  assert.equal(rig.of('gap')[0]?.['cause'], 'crossed')
  rig.frame(1, delta('BTCUSDT', 15, 15, { b: [['102.00', '1']] }))
  assert.equal(
    rig.pipeline.streams[BTC]?.book.sync.isLive,
    true,
    'what a lost book was forgiven does not count',
  )
})

test('a number that a book cannot hold costs that book only', () => {
  const rig = liveRig()
  rig.frame(1, delta('BTCUSDT', 11, 11, { b: [['9007199254740991', '1']] }))
  assert.deepEqual(rig.asked, [BTC])
  assert.equal(rig.pipeline.streams[BTC]?.book.sync.isLive, false)
  assert.equal(rig.pipeline.streams[ETH]?.book.sync.isLive, true)
})

test('the top of a book is published once an interval, and not while nothing changes', () => {
  const rig = new Rig(binanceSpot, ['BTCUSDT'], { deltas: false, depth: 1, everyMs: 100 })
  rig.carry(1)
  rig.snapshot(BTC, snapshot(10))
  for (let u = 11; u < 31; u++) rig.frame(1, delta('BTCUSDT', u, u), u)
  assert.equal(rig.of('orderbook').length, 1)
  while (rig.timeline.next(1_000_000));
  const tops = rig.of('orderbook').filter((record) => record['full'] === false)
  assert.equal(tops.length, 1)
  assert.deepEqual(tops[0]?.['bids'], [['100', '1']])
  assert.equal(tops[0]?.['sequence'], 30)
  assert.equal(rig.timeline.armed, 0)
})

test('a gap that is open when the collector ends is told as open', () => {
  const rig = liveRig()
  rig.frame(1, delta('BTCUSDT', 11, 11), 1)
  rig.pipeline.ended(1, rig.all(), 'disconnected')
  rig.pipeline.stop(rig.timeline.now())
  const gaps = rig.of('gap')
  assert.equal(gaps.length, 2)
  assert.ok(gaps.every((record) => record['to_time_us'] === null && record['repaired_by'] === null))
})

test('numbers of the records of a stream have no hole', () => {
  const rig = liveRig()
  for (let u = 11; u < 60; u++) {
    if (u % 7 !== 0) rig.frame(1, delta('BTCUSDT', u, u), u)
    if (u % 5 === 0) rig.snapshot(BTC, snapshot(u), u)
  }
  const byType = Map.groupBy(rig.of(), (record) => JSON.stringify([record['type'], record['instrument']]))
  for (const records of byType.values()) {
    assert.deepEqual(
      records.map((record) => record['seq']),
      records.map((_, index) => index + 1),
    )
  }
})

test('when little of the known depth is left, a snapshot beside the live book renews it, and nothing is interrupted', () => {
  const rig = new Rig(binanceSpot, ['BTCUSDT'])
  rig.carry(1)
  rig.snapshot(BTC, around(10, 100), 0, 8)
  rig.frame(1, fall(11, 100, 7), 1)
  assert.deepEqual(rig.renewed, [BTC])
  rig.frame(1, delta('BTCUSDT', 12, 12, { b: [['92', '5']] }), 2)
  assert.equal(rig.pipeline.streams[BTC]?.book.sync.book.knownDepth('bid'), 1)
  const fresh = {
    lastUpdateId: 12,
    bids: [
      ['92', '5'],
      ['91', '1'],
      ['90', '1'],
      ['89', '2'],
    ],
    asks: around(12, 100)['asks'],
  }
  assert.equal(rig.snapshot(BTC, fresh, 3, 8), 'joined')
  assert.equal(rig.counts.renewals, 1)
  assert.equal(rig.pipeline.streams[BTC]?.book.sync.book.knownDepth('bid'), 4)
  rig.frame(1, delta('BTCUSDT', 13, 13), 4)
  assert.deepEqual(rig.of('gap'), [])
  assert.deepEqual(
    rig.of('orderbook_delta').map((record) => record['last_sequence']),
    [11, 12, 13],
  )
  const [first, deeper] = rig.of('orderbook')
  assert.equal(rig.of('orderbook').length, 2)
  assert.deepEqual([deeper?.['full'], deeper?.['sequence'], deeper?.['known_depth_bids']], [true, 12, null])
  assert.equal(
    deeper?.['epoch'],
    first?.['epoch'],
    'readers get the levels that it reaches down to, in the same epoch',
  )
  assert.deepEqual(deeper?.['bids'], fresh.bids)
})

test('a book that has just joined, with changes that waited for it, needs no snapshot beside it', () => {
  const rig = new Rig(binanceSpot, ['BTCUSDT'])
  rig.carry(1)
  rig.frame(1, delta('BTCUSDT', 11, 11), 1)
  assert.equal(rig.snapshot(BTC, around(10, 100), 2, 8), 'joined')
  assert.equal(rig.pipeline.streams[BTC]?.book.sync.book.sequence, 11)
  rig.frame(1, delta('BTCUSDT', 12, 12), 3)
  assert.deepEqual(rig.renewed, [])
})

test('a snapshot ahead of the live book renews it once the book has come as far', () => {
  const rig = new Rig(binanceSpot, ['BTCUSDT'])
  rig.carry(1)
  rig.snapshot(BTC, around(10, 100), 0, 8)
  rig.frame(1, fall(11, 100, 7), 1)
  const fresh = {
    lastUpdateId: 13,
    bids: [
      ['92', '5'],
      ['91', '1'],
    ],
    asks: around(12, 100)['asks'],
  }
  rig.snapshot(BTC, fresh, 2, 8)
  assert.equal(rig.counts.renewals, 0)
  rig.frame(1, delta('BTCUSDT', 12, 12, { b: [['92', '5']] }), 3)
  rig.frame(1, delta('BTCUSDT', 13, 13, { b: [['91', '1']] }), 4)
  assert.equal(rig.counts.renewals, 1)
  assert.deepEqual(rig.of('gap'), [])
})

test('two snapshots in a row that differ from the live book are a drift: a gap back to when it was last right', () => {
  const rig = new Rig(binanceSpot, ['BTCUSDT'])
  rig.carry(1)
  rig.snapshot(BTC, around(10, 100), 0, 8)
  rig.frame(1, fall(11, 100, 7), 1)
  const other = (last: number): Json => ({
    lastUpdateId: last,
    bids: [['92', '7']],
    asks: around(12, 100)['asks'],
  })
  rig.snapshot(BTC, other(11), 2, 8)
  assert.deepEqual(rig.of('gap'), [], 'one snapshot alone is not believed')
  assert.deepEqual(rig.renewed, [BTC, BTC])
  rig.frame(1, delta('BTCUSDT', 12, 12, { a: [['101', '9']] }), 3)
  rig.snapshot(
    BTC,
    { ...other(12), asks: [['101', '9'], ...(around(12, 100)['asks'] as Levels).slice(1)] },
    4,
    8,
  )
  const [gap] = rig.of('gap')
  assert.equal(gap?.['cause'], 'drift')
  assert.deepEqual([gap?.['from_sequence'], gap?.['to_sequence']], [10, 12])
  const books = rig.of('orderbook')
  assert.equal(books.length, 2)
  assert.deepEqual(books[1]?.['bids'], [['92', '7']])
})

test('a book that has joined anew is not suspected for what one snapshot said of the book before it', () => {
  const rig = new Rig(binanceSpot, ['BTCUSDT'])
  rig.carry(1)
  rig.snapshot(BTC, around(10, 100), 0, 8)
  rig.frame(1, fall(11, 100, 7), 1)
  rig.snapshot(BTC, { lastUpdateId: 11, bids: [['92', '7']], asks: around(12, 100)['asks'] }, 2, 8)
  assert.deepEqual(rig.renewed, [BTC, BTC])
  rig.frame(1, delta('BTCUSDT', 15, 15), 3)
  rig.snapshot(BTC, around(15, 100), 4, 8)
  rig.frame(1, delta('BTCUSDT', 16, 16), 70_000)
  assert.deepEqual(rig.renewed, [BTC, BTC], 'it needs no snapshot beside it')
})

test('what the journal sums up while records are handed on changes none of those that follow', () => {
  const rig = new Rig(okxSpot, ['BTC-USDT'])
  rig.carry(1)
  rig.hear = () => void crc32c(new Uint8Array(300_000).fill(57), 0, 300_000)
  const row = (id: number): string =>
    `{"instId":"BTC-USDT","tradeId":"${id}","px":"42219.${id}","sz":"0.12","side":"buy","ts":"1630048897897","count":"1","source":"0"}`
  rig.frame(
    1,
    `{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[${[101, 102, 103, 104].map(row).join(',')}]}`,
  )
  assert.deepEqual(
    rig.of('trade').map((record) => [record['trade_id'], record['price'], record['size']]),
    [101, 102, 103, 104].map((id) => [String(id), `42219.${id}`, '0.12']),
  )
})
