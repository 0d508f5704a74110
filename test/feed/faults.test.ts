import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FaultName } from '../../src/emulator/model.ts'
import { FeedRig, HOST } from './rig.ts'

/** Fault, how long it lasts, and within which time after it all books are live again. */
const FAULTS: readonly (readonly [FaultName, number, number])[] = [
  ['half_open', 40_000, 60_000],
  ['mute', 60_000, 60_000],
  ['drop', 20_000, 60_000],
  ['close', 30_000, 60_000],
  ['refuse', 60_000, 60_000],
  ['hang', 60_000, 90_000],
  ['malformed', 20_000, 60_000],
  ['sequence_reset', 20_000, 30_000],
  ['maintenance', 60_000, 60_000],
]

for (const id of ['binance-spot', 'okx-derivatives', 'deribit'] as const) {
  for (const [name, lastsMs, limitMs] of FAULTS) {
    test(`${id}: all books are live again after ${name}`, async () => {
      const rig = new FeedRig(id, { seed: 5 })
      rig.feed.start()
      await rig.until(3, 5_000)
      await rig.sim.advance(70_000)
      rig.model.faults.set({ name })
      if (name === 'refuse' || name === 'hang') rig.sim.network.disconnect(HOST)
      await rig.sim.advance(lastsMs)
      rig.model.faults.clear()
      const wellMs = 5_000
      await rig.sim.advance(limitMs)
      assert.equal(rig.live, 3)
      await rig.sim.advance(wellMs)
      assert.equal(rig.live, 3)
      assert.equal(rig.feed.status().counts.booksLive, 3)
      assert.ok(rig.registry.counts().peak <= 2)
      await rig.stop()
      assert.equal(rig.registry.counts().actual, 0)
      assert.equal(rig.sim.armedTimers, 0)
    })
  }
}
