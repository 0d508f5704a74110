import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VENUE_IDS } from '../../src/core/ids.ts'
import { plannedLifeMs } from '../../src/feed/rotation.ts'
import type { Venue } from '../../src/venues/venue.ts'
import { FeedRig } from './rig.ts'

/** Sockets live a minute and a half instead of a day. */
const shortLived = (venue: Venue): Venue => ({ ...venue, limits: { ...venue.limits, lifetimeMs: 90_000 } })

test('a socket of a day is used for 23 hours, give or take half of one', () => {
  const day = 86_400_000
  assert.equal(plannedLifeMs(day, { next: () => 0 }), 22.5 * 3_600_000)
  assert.equal(plannedLifeMs(day, { next: () => 0.5 }), 23 * 3_600_000)
  assert.equal(plannedLifeMs(Infinity, { next: () => 0.5 }), Infinity)
})

for (const id of VENUE_IDS) {
  test(`${id}: a planned rotation loses nothing, closes no stream early, and at most doubles the sockets`, async () => {
    const rig = new FeedRig(id, { change: shortLived })
    rig.feed.start()
    await rig.until(3, 5_000)
    const planned = rig.feed.status().sockets.actual
    await rig.sim.advance(200_000)
    const steps = rig.of('rotation').map(({ step }) => step)
    assert.ok(steps.filter((step) => step === 'done').length >= 2 * planned, steps.join(' '))
    assert.ok(!steps.includes('failed'))
    assert.equal(rig.endedEarly, 0)
    assert.equal(rig.counts.gaps, 0)
    assert.equal(rig.live, 3)
    assert.ok(rig.registry.counts().peak <= 2 * planned)
    assert.equal(rig.registry.counts().actual, planned)
    await rig.stop()
    assert.equal(rig.sim.armedTimers, 0)
  })
}

test('streams on which nothing comes do not keep an old socket for ever', async () => {
  const rig = new FeedRig('okx-spot', { change: shortLived })
  rig.feed.start()
  await rig.until(3, 5_000)
  const [symbol = ''] = rig.model.symbols
  rig.model.faults.set({ name: 'mute', symbol, channel: 'trade' })
  const planned = rig.feed.status().sockets.actual
  const steps = (): string[] => rig.of('rotation').map(({ step }) => step)
  assert.ok(await rig.sim.runUntil(() => steps().includes('done'), 200_000), steps().join(' '))
  assert.ok(!steps().includes('failed'), steps().join(' '))
  await rig.sim.advance(1_000)
  assert.equal(rig.counts.gaps, 0)
  assert.equal(rig.registry.counts().actual, planned)
  await rig.stop()
})
