import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FaultName } from '../../src/emulator/model.ts'
import { okxDerivatives } from '../../src/venues/okx/venue.ts'
import type { Venue } from '../../src/venues/venue.ts'
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

/** A socket for each instrument. */
const okxApart: Venue = {
  ...okxDerivatives,
  plan: (wanted, choice) =>
    [...Map.groupBy(wanted, ({ symbol }) => symbol).values()].flatMap((subscriptions) =>
      okxDerivatives.plan(subscriptions, choice),
    ),
}

/** So many that the last one waits longer for its turn than a handshake may take. */
const MANY = 40

for (const count of [7, MANY]) {
  test(`okx-derivatives: ${count} sockets that are lost together, and take 3 s to end, come back within the venue's limit`, async () => {
    const rig = new FeedRig('okx-derivatives', {
      seed: 5,
      symbols: count,
      change: () => okxApart,
    })
    const openedUs = new Map<number, number>()
    const isBack = (sockets: number): boolean => {
      for (const { number, sinceUs } of rig.registry.list()) openedUs.set(number, sinceUs)
      return rig.live === count && openedUs.size === sockets
    }
    rig.feed.start()
    assert.ok(await rig.sim.runUntil(() => isBack(count), 60_000))
    await rig.sim.advance(1_000)
    // All are given up for silence at once; no close is answered.
    rig.sim.network.halfOpen(HOST)
    const areAllBack = await rig.sim.runUntil(() => isBack(2 * count), 90_000)
    const { connects } = okxDerivatives.limits
    const timesUs = [...openedUs.values()]
    for (const [at, us] of timesUs.entries()) {
      const before = timesUs[at - connects.count]
      assert.ok(
        before === undefined || us - before >= connects.perMs * 1_000,
        `socket ${at + 1} came too early`,
      )
    }
    assert.ok(areAllBack)
    const lost = rig.of('session_changed').filter(({ state }) => state === 'waiting')
    assert.deepEqual(
      lost.map(({ reason }) => reason),
      Array.from({ length: count }, () => 'no sign of life'),
    )
    await rig.stop()
  })
}
