// What becomes of books while nothing can be written, and how they go on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { epochMicros } from '../../src/core/units.ts'
import { binanceSpot } from '../../src/venues/binance/spot.ts'
import { deribit } from '../../src/venues/deribit/venue.ts'
import { around, delta, fall, snapshot, trade } from './frames.ts'
import { at, bookGap, BTC, gapEvents, gapOf, recordedRig, resume, rigOf, seqs } from './holding.ts'
import { type Json, Rig } from './rig.ts'

test('a book that changed while held has one gap up to its last change, and begins anew in full', () => {
  const rig = recordedRig()
  const epoch = rig.of('orderbook')[0]?.['epoch']
  rig.pipeline.hold()
  rig.frame(1, delta('BTCUSDT', 12, 12, { b: [['98.00', '7']] }), 20)
  rig.frame(1, delta('BTCUSDT', 13, 13, { b: [['99.00', '0']] }), 30)
  assert.equal(rig.records.length, 2, 'nothing is recorded while held')
  assert.equal(rig.counts.unrecorded, 2)
  resume(rig, 1_000)
  const [gap, book, ...more] = rig.records.slice(2)
  assert.deepEqual(gapOf(gap), bookGap('unrecorded', [2, 11], [30, 13]))
  assert.deepEqual(more, [])
  assert.equal(book?.['full'], true)
  assert.equal(book?.['sequence'], 13)
  assert.equal(book?.['recv_time_us'], at(30), 'the time of what the book is made of')
  assert.ok(Number(book?.['epoch']) > Number(epoch))
  assert.deepEqual(book?.['bids'], [
    ['100', '1'],
    ['98', '7'],
  ])
  rig.frame(1, delta('BTCUSDT', 14, 14), 1_010)
  assert.deepEqual(seqs(rig.of('orderbook_delta')), [1, 2])
  assert.deepEqual(seqs(rig.of('orderbook')), [1, 2])
  assert.equal(rig.of('orderbook_delta')[1]?.['epoch'], book?.['epoch'])
  assert.equal(rig.counts.gaps, 1)
  const stream = { venue: 'binance-spot', symbol: 'BTCUSDT', channel: 'book', cause: 'unrecorded' }
  assert.deepEqual(gapEvents(rig), [
    { type: 'gap_opened', ...stream },
    { type: 'gap_closed', ...stream },
  ])
})

test('a stream on which nothing came while held goes on as if nothing had been', () => {
  const rig = recordedRig()
  rig.frame(1, trade('BTCUSDT', 5), 3)
  rig.pipeline.hold()
  rig.frame(1, delta('BTCUSDT', 11, 11), 20)
  rig.frame(1, trade('BTCUSDT', 5), 20)
  resume(rig, 1_000)
  assert.equal(rig.records.length, 3)
  assert.equal(rig.timeline.armed, 0)
  rig.frame(1, delta('BTCUSDT', 12, 12), 1_001)
  rig.frame(1, trade('BTCUSDT', 6), 1_002)
  assert.deepEqual(seqs(rig.of('orderbook_delta')), [1, 2])
  assert.deepEqual(seqs(rig.of('trade')), [1, 2])
  assert.deepEqual(rig.of('gap'), [])
  assert.equal(rig.counts.unrecorded, 0)
})

test('a gap that is open over a hold keeps its cause and its beginning', () => {
  const rig = recordedRig()
  rig.frame(1, delta('BTCUSDT', 13, 13), 3)
  rig.pipeline.hold()
  rig.frame(1, delta('BTCUSDT', 14, 14), 20)
  resume(rig, 1_000)
  assert.equal(rig.records.length, 2)
  rig.snapshot(BTC, snapshot(14), 1_100)
  assert.deepEqual(rig.of('gap').map(gapOf), [bookGap('sequence', [2, 11], [1_100, 14])])
  assert.deepEqual(rig.asked, [BTC])
})

test('a book that became live while held ends its gap when records can be made again', () => {
  const rig = recordedRig()
  rig.frame(1, delta('BTCUSDT', 13, 13), 3)
  rig.pipeline.hold()
  assert.equal(rig.snapshot(BTC, snapshot(13), 20), 'joined')
  assert.deepEqual(rig.recovered, [BTC, BTC], 'a recovery is over when the book is live')
  rig.frame(1, delta('BTCUSDT', 14, 14), 30)
  assert.equal(rig.records.length, 2)
  resume(rig, 1_000)
  assert.deepEqual(rig.of('gap').map(gapOf), [bookGap('sequence', [2, 11], [30, 14])])
  assert.equal(rig.of('orderbook')[1]?.['sequence'], 14)
})

test('a book that changed while held and then was lost has one gap, from the last that is recorded', () => {
  const rig = recordedRig()
  rig.pipeline.hold()
  rig.frame(1, delta('BTCUSDT', 12, 12), 20)
  rig.frame(1, delta('BTCUSDT', 14, 14), 30)
  assert.deepEqual(rig.asked, [BTC])
  resume(rig, 1_000)
  assert.equal(rig.records.length, 2, 'it is told when the book is live again')
  rig.snapshot(BTC, snapshot(14), 1_100)
  assert.deepEqual(rig.of('gap').map(gapOf), [bookGap('unrecorded', [2, 11], [1_100, 14])])
  assert.equal(rig.counts.gaps, 1)
})

test('a book that was lost before anything of it was withheld has the gap of its loss', () => {
  const rig = recordedRig()
  rig.pipeline.hold()
  rig.pipeline.ended(1, rig.all(), 'disconnected')
  resume(rig, 1_000)
  rig.carry(2)
  rig.snapshot(BTC, snapshot(14), 1_100)
  assert.deepEqual(rig.of('gap').map(gapOf), [bookGap('disconnected', [2, 11], [1_100, 14])])
})

test('a book that was never recorded has no gap: it begins when records can be made', () => {
  const rig = rigOf()
  rig.pipeline.hold()
  rig.snapshot(BTC, snapshot(10), 10)
  rig.frame(1, delta('BTCUSDT', 11, 11), 20)
  assert.deepEqual(rig.records, [])
  resume(rig, 1_000)
  assert.deepEqual(
    rig.records.map((record) => [record['type'], record['sequence'], record['seq']]),
    [['orderbook', 11, 1]],
  )
})

test('a book that was lost again before it was ever recorded has no gap', () => {
  const rig = rigOf()
  rig.pipeline.hold()
  rig.snapshot(BTC, snapshot(10), 10)
  rig.frame(1, delta('BTCUSDT', 13, 13), 20)
  resume(rig, 1_000)
  rig.snapshot(BTC, snapshot(13), 1_100)
  assert.deepEqual(
    rig.records.map((record) => [record['type'], record['sequence']]),
    [['orderbook', 13]],
  )
})

test('a snapshot and the deltas that waited for it, all while held, end in a book no older than the snapshot', () => {
  const rig = recordedRig()
  rig.frame(1, delta('BTCUSDT', 13, 13), 3)
  rig.pipeline.hold()
  rig.frame(1, delta('BTCUSDT', 14, 14), 20)
  rig.snapshot(BTC, snapshot(13), 30)
  resume(rig, 1_000)
  assert.deepEqual(rig.of('gap').map(gapOf), [bookGap('sequence', [2, 11], [30, 14])])
})

test('a snapshot that replaces a live book while held is a gap, whatever the numbers say', () => {
  const rig = new Rig(deribit, ['BTC-PERPETUAL'])
  rig.carry(1)
  const frame = (data: Json): Json => ({
    jsonrpc: '2.0',
    method: 'subscription',
    params: {
      channel: 'book.BTC-PERPETUAL.100ms',
      data: { timestamp: 1_700_000_000_000, instrument_name: 'BTC-PERPETUAL', ...data },
    },
  })
  const bids = [['new', 100.5, 10]]
  rig.frame(1, frame({ type: 'snapshot', change_id: 7, bids, asks: [] }), 1)
  rig.pipeline.hold()
  rig.frame(1, frame({ type: 'snapshot', change_id: 9, bids, asks: [] }), 20)
  resume(rig, 1_000)
  assert.deepEqual(rig.of('gap').map(gapOf), [bookGap('unrecorded', [1, 7], [20, 9])])
  assert.equal(rig.counts.unrecorded, 1)
  assert.deepEqual(seqs(rig.of('orderbook')), [1, 2])
})

test('a drift that is found while held reaches back to where the book was last right', () => {
  const rig = rigOf()
  rig.snapshot(BTC, around(10, 100), 1, 8)
  rig.frame(1, fall(11, 100, 7), 2)
  rig.pipeline.hold()
  const other = (last: number): Json => ({ ...around(last, 100), bids: [['92', '7']] })
  rig.snapshot(BTC, other(11), 20, 8)
  rig.frame(1, delta('BTCUSDT', 12, 12, { b: [['92', '6']] }), 30)
  rig.snapshot(BTC, { ...other(12), bids: [['92', '5']] }, 40, 8)
  resume(rig, 1_000)
  assert.deepEqual(rig.of('gap').map(gapOf), [bookGap('drift', [1, 10], [40, 12])])
  assert.deepEqual(rig.of('orderbook')[1]?.['bids'], [['92', '5']])
  assert.equal(rig.counts.gaps, 1)
})

test('a drift of a book that became live while held leaves its gap as it began', () => {
  const rig = recordedRig()
  rig.frame(1, delta('BTCUSDT', 13, 13), 3)
  rig.pipeline.hold()
  rig.snapshot(BTC, around(13, 100), 10, 8)
  rig.frame(1, fall(14, 100, 7), 20)
  const other = { ...around(14, 100), bids: [['92', '7']] }
  rig.snapshot(BTC, other, 30, 8)
  rig.snapshot(BTC, other, 40, 8)
  resume(rig, 1_000)
  assert.deepEqual(rig.of('gap').map(gapOf), [bookGap('sequence', [2, 11], [40, 14])])
  assert.deepEqual(rig.of('orderbook')[1]?.['bids'], [['92', '7']])
})

test('a book is renewed while held, and recorded as far down as it is known', () => {
  const rig = rigOf()
  rig.snapshot(BTC, around(10, 100), 1, 8)
  rig.pipeline.hold()
  rig.frame(1, fall(11, 100, 7), 2)
  assert.deepEqual(rig.renewed, [BTC])
  const bids = [
    ['92', '1'],
    ['91', '3'],
  ]
  rig.snapshot(BTC, { ...around(11, 100), bids }, 3, 8)
  assert.equal(rig.counts.renewals, 1)
  resume(rig, 1_000)
  assert.deepEqual(rig.of('orderbook')[1]?.['bids'], bids)
})

test('a rotation goes on while held, and costs nothing on top', () => {
  const rig = recordedRig()
  rig.pipeline.hold()
  rig.carry(2)
  for (const session of [1, 2]) rig.frame(session, delta('BTCUSDT', 12, 12), 20)
  for (const session of [1, 2]) rig.frame(session, trade('BTCUSDT', 5), 20)
  assert.deepEqual(rig.pipeline.pending(2), [])
  rig.pipeline.ended(1, rig.all(), 'disconnected')
  resume(rig, 1_000)
  rig.frame(2, delta('BTCUSDT', 13, 13), 1_001)
  assert.deepEqual(rig.of('gap').map(gapOf), [bookGap('unrecorded', [2, 11], [20, 12])])
  assert.equal(rig.of('orderbook_delta').at(-1)?.['last_sequence'], 13)
})

test('the top of a book waits while held, without a timer, and is published afterwards', () => {
  const rig = rigOf({ publish: { deltas: true, depth: 1, everyMs: 100 } })
  rig.snapshot(BTC, snapshot(10), 1)
  rig.frame(1, delta('BTCUSDT', 11, 11), 2)
  const tops = (): Json[] => rig.of('orderbook').filter((record) => record['full'] === false)
  rig.pipeline.hold()
  rig.pass(10_000)
  assert.deepEqual(tops(), [])
  assert.equal(rig.timeline.armed, 0)
  resume(rig, 10_000)
  assert.deepEqual(tops(), [])
  rig.pass(100)
  assert.deepEqual(
    tops().map((record) => [record['sequence'], record['recv_time_us']]),
    [[11, at(2)]],
  )
  assert.deepEqual(rig.of('gap'), [])
})

test('tops that no longer fit are published at the next interval, and the others not again', () => {
  const symbols = ['BTCUSDT', 'ETHUSDT']
  const rig = new Rig(binanceSpot, symbols, { deltas: false, depth: 1, everyMs: 100 })
  rig.carry(1)
  for (let slot = 0; slot < symbols.length; slot++) rig.snapshot(slot, snapshot(10), 1)
  for (const symbol of symbols) rig.frame(1, delta(symbol, 11, 11), 2)
  rig.hear = () => rig.pipeline.hold()
  rig.pass(100)
  rig.hear = () => undefined
  resume(rig, 200)
  rig.pass(1_000)
  assert.deepEqual(
    rig.of('orderbook').map((record) => [record['instrument'], record['sequence']]),
    [
      ['BTCUSDT', 10],
      ['ETHUSDT', 10],
      ['BTCUSDT', 11],
      ['ETHUSDT', 11],
    ],
  )
})

test('a book of which tops alone are published has a gap when it changed while held', () => {
  const rig = rigOf({ publish: { deltas: false, depth: 1, everyMs: 100 } })
  rig.snapshot(BTC, snapshot(10), 1)
  rig.pipeline.hold()
  rig.frame(1, delta('BTCUSDT', 11, 11), 20)
  resume(rig, 1_000)
  assert.deepEqual(rig.of('gap').map(gapOf), [bookGap('unrecorded', [1, 10], [20, 11])])
  assert.equal(rig.counts.unrecorded, 0, 'the change itself would not have been a record')
})

test('a book of which no change is published has no gap', () => {
  const rig = rigOf({ publish: { deltas: false, depth: 0, everyMs: 100 } })
  rig.snapshot(BTC, snapshot(10), 1)
  rig.pipeline.hold()
  rig.frame(1, delta('BTCUSDT', 11, 11), 20)
  resume(rig, 1_000)
  assert.equal(rig.records.length, 1)
})

test('a hold while held, and a resume while not held, do nothing', () => {
  const rig = recordedRig()
  resume(rig, 10)
  assert.equal(rig.records.length, 2)
  rig.pipeline.hold()
  rig.frame(1, delta('BTCUSDT', 12, 12), 20)
  rig.pipeline.hold()
  rig.frame(1, delta('BTCUSDT', 13, 13), 30)
  resume(rig, 1_000)
  resume(rig, 2_000)
  assert.deepEqual(rig.of('gap').map(gapOf), [bookGap('unrecorded', [2, 11], [30, 13])])
  assert.equal(rig.of('orderbook').length, 2)
})

test('a journal that fills up on the way of a resume is gone on with at the next one', () => {
  const symbols = ['BTCUSDT', 'ETHUSDT', 'BNBUSDT']
  const rig = new Rig(binanceSpot, symbols)
  rig.carry(1)
  for (let slot = 0; slot < symbols.length; slot++) rig.snapshot(slot, snapshot(10), 1)
  rig.pipeline.hold()
  for (const symbol of symbols) rig.frame(1, delta(symbol, 11, 11), 20)
  // Room for one record a resume: a gap, or a book.
  rig.hear = () => rig.pipeline.hold()
  const before = rig.records.length
  for (let round = 1; round <= 2 * symbols.length; round++) {
    resume(rig, round * 1_000)
    assert.equal(rig.records.length, before + round, 'each resume takes what fits')
  }
  rig.hear = () => undefined
  resume(rig, 9_000)
  assert.equal(rig.records.length, before + 2 * symbols.length)
  assert.equal(rig.of('gap').length, symbols.length)
  for (const symbol of symbols) rig.frame(1, delta(symbol, 12, 12), 9_001)
  assert.equal(rig.of('orderbook_delta').length, symbols.length)
})

test('a collector that ends while held writes nothing more', () => {
  const rig = rigOf({ publish: { deltas: true, depth: 1, everyMs: 100 } })
  rig.snapshot(BTC, snapshot(10), 1)
  rig.frame(1, delta('BTCUSDT', 11, 11), 2)
  rig.pipeline.hold()
  rig.frame(1, delta('BTCUSDT', 12, 12), 20)
  rig.pipeline.stop(epochMicros(at(1_000)))
  resume(rig, 2_000)
  rig.pass(1_000)
  assert.equal(rig.records.length, 2)
})
