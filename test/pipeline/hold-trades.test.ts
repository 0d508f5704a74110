// What becomes of trades while nothing can be written, and how they go on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { trade } from './frames.ts'
import { at, gapEvents, gapOf, resume, rigOf } from './holding.ts'
import type { Json } from './rig.ts'

test('trades that came or were missing while held are one gap that counts them', () => {
  const rig = rigOf()
  rig.frame(1, trade('BTCUSDT', 5), 1)
  rig.pipeline.hold()
  for (const t of [6, 7, 7, 10]) rig.frame(1, trade('BTCUSDT', t), t)
  assert.equal(rig.counts.unrecorded, 3)
  assert.equal(rig.records.length, 1)
  resume(rig, 1_000)
  const [gap] = rig.of('gap')
  assert.deepEqual(gapOf(gap), ['trade', 'unrecorded', at(1), at(1_000), 5, 11, 5, 'resumed'])
  rig.frame(1, trade('BTCUSDT', 10), 1_001)
  rig.frame(1, trade('BTCUSDT', 11), 1_002)
  assert.deepEqual(
    rig.of('trade').map((record) => [record['seq'], record['trade_seq']]),
    [
      [1, 5],
      [2, 11],
    ],
  )
  assert.equal(rig.of('gap').length, 1)
  const stream = { venue: 'binance-spot', symbol: 'BTCUSDT', channel: 'trade', cause: 'unrecorded' }
  assert.deepEqual(gapEvents(rig), [
    { type: 'gap_opened', ...stream },
    { type: 'gap_closed', ...stream },
  ])
})

test('trades that are missing after a hold are a gap of their own, right behind that of the hold', () => {
  const rig = rigOf()
  rig.frame(1, trade('BTCUSDT', 5), 1)
  rig.pipeline.hold()
  rig.frame(1, trade('BTCUSDT', 6), 2)
  rig.pipeline.ended(1, rig.all(), 'disconnected')
  resume(rig, 1_000)
  rig.carry(2)
  rig.frame(2, trade('BTCUSDT', 9), 1_001)
  assert.deepEqual(rig.of('gap').map(gapOf), [
    ['trade', 'unrecorded', at(1), at(1_000), 5, 7, 1, 'resumed'],
    ['trade', 'disconnected', at(2), at(1_001), 6, 9, 2, 'resumed'],
  ])
})

test('how many trades are missed is not known when the venue began to count anew while held', () => {
  const rig = rigOf()
  const later = (t: number, ms: number): Json => ({ ...trade('BTCUSDT', t), T: 1_700_000_000_000 + ms })
  rig.frame(1, later(1_000, 0), 1)
  rig.pipeline.hold()
  for (let t = 1; t < 60; t++) rig.frame(1, later(t, t), t)
  resume(rig, 1_000)
  assert.deepEqual(rig.of('gap').map(gapOf), [
    ['trade', 'unrecorded', at(1), at(1_000), 1_000, 60, null, 'resumed'],
  ])
})

test('trades that came before any was recorded are no gap', () => {
  const rig = rigOf()
  rig.pipeline.hold()
  rig.frame(1, trade('BTCUSDT', 5), 1)
  rig.frame(1, trade('BTCUSDT', 6), 2)
  resume(rig, 1_000)
  rig.frame(1, trade('BTCUSDT', 7), 1_001)
  assert.deepEqual(
    rig.records.map((record) => [record['type'], record['trade_seq'], record['seq']]),
    [['trade', 7, 1]],
  )
})

test('a trade after a hole whose gap was the last record that fitted is missed once', () => {
  const rig = rigOf()
  rig.frame(1, trade('BTCUSDT', 5), 1)
  rig.hear = () => rig.pipeline.hold()
  rig.frame(1, trade('BTCUSDT', 8), 2)
  rig.hear = () => undefined
  resume(rig, 1_000)
  assert.deepEqual(rig.of('gap').map(gapOf), [
    ['trade', 'sequence', at(1), at(2), 5, 8, 2, 'resumed'],
    ['trade', 'unrecorded', at(2), at(1_000), 7, 9, 1, 'resumed'],
  ])
})
