import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OLD_LIMIT } from '../../src/book/sync.ts'
import { trade } from './frames.ts'
import { liveRig } from './live.ts'
import type { Json } from './rig.ts'

test('trades are recorded once, and missing numbers are a gap that says how many', () => {
  const rig = liveRig()
  for (const t of [5, 6, 6, 5, 7, 11]) rig.frame(1, trade('BTCUSDT', t), t)
  assert.deepEqual(
    rig.of('trade').map((record) => record['trade_seq']),
    [5, 6, 7, 11],
  )
  assert.equal(rig.of('trade')[0]?.['size'], '0.025')
  assert.equal(rig.of('trade')[0]?.['aggressor'], 'sell')
  const [gap] = rig.of('gap')
  assert.equal(gap?.['missed'], 3)
  assert.equal(gap?.['channel'], 'trade')
  assert.deepEqual([gap?.['from_sequence'], gap?.['to_sequence']], [7, 11])
  assert.equal(rig.counts.duplicates, 2)
})

test('a repeat of many trades is dropped, and a venue that counts anew is followed after a gap', () => {
  const rig = liveRig()
  const at = (t: number, timeMs: number): Json => ({ ...trade('BTCUSDT', t), T: 1_700_000_000_000 + timeMs })
  for (let t = 1_000; t < 1_200; t++) rig.frame(1, at(t, t))
  for (let t = 1_000; t < 1_200; t++) rig.frame(1, at(t, t))
  assert.equal(rig.of('trade').length, 200)
  assert.deepEqual(rig.of('gap'), [])
  for (let t = 1; t <= OLD_LIMIT; t++) rig.frame(1, at(t, 2_000 + t))
  assert.equal(rig.of('trade').at(-1)?.['trade_seq'], OLD_LIMIT)
  rig.frame(1, at(OLD_LIMIT - 1, 2_100))
  assert.equal(rig.of('trade').at(-1)?.['trade_seq'], OLD_LIMIT, 'an old number is counted anew from there')
  for (let t = OLD_LIMIT + 1; t < 100; t++) rig.frame(1, at(t, 2_100 + t))
  const [gap] = rig.of('gap')
  assert.deepEqual([gap?.['cause'], gap?.['from_sequence'], gap?.['missed']], ['reset', 1_199, null])
  assert.equal(rig.of('trade').at(-1)?.['trade_seq'], 99)
  assert.equal(rig.of('gap').length, 1)
})

test('old numbers of a session that owns nothing, however many, are known to begin anew when a session takes them over', () => {
  const rig = liveRig()
  const at = (t: number): Json => ({ ...trade('BTCUSDT', t), T: 1_700_000_000_000 + t })
  rig.frame(1, { ...trade('BTCUSDT', 10_000), T: 1_700_000_000_000 })
  rig.pipeline.ended(1, rig.all(), 'shed')
  for (let t = 1; t <= 256; t++) rig.frame(1, at(t))
  rig.carry(2)
  for (let t = 257; t < 357; t++) rig.frame(2, at(t))
  assert.equal(rig.of('trade').length, 101)
})

test('a disconnect that cost nothing leaves no trade gap, and one that did names the disconnect', () => {
  const rig = liveRig()
  rig.frame(1, trade('BTCUSDT', 5))
  rig.frame(1, trade('ETHUSDT', 5))
  rig.pipeline.ended(1, rig.all(), 'disconnected')
  rig.carry(2)
  rig.frame(2, trade('BTCUSDT', 6))
  rig.frame(2, trade('ETHUSDT', 8))
  const gaps = rig.of('gap').filter((record) => record['channel'] === 'trade')
  assert.deepEqual(
    gaps.map((record) => [record['instrument'], record['cause'], record['missed']]),
    [['ETHUSDT', 'disconnected', 2]],
  )
  rig.frame(2, trade('BTCUSDT', 9))
  assert.equal(
    rig.of('gap').at(-1)?.['cause'],
    'sequence',
    'the disconnect is over with the first trade behind it',
  )
})
