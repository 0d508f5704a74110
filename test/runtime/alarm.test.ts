import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Alarm } from '../../src/runtime/alarm.ts'
import { Simulation } from '../../src/runtime/sim.ts'

function rig() {
  const sim = new Simulation({ seed: 1 })
  const rungMs: number[] = []
  const alarm = new Alarm(sim, () => rungMs.push(sim.clock.steadyUs() / 1_000))
  const beginUs = sim.clock.steadyUs()
  return { sim, alarm, rungMs, at: (ms: number) => beginUs + ms * 1_000, beginMs: beginUs / 1_000 }
}

test('an alarm rings once, when it is due, and then holds no timer', async () => {
  const { sim, alarm, rungMs, at, beginMs } = rig()
  alarm.set(at(100))
  alarm.set(at(100))
  assert.equal(sim.armedTimers, 1)
  await sim.advance(1_000)
  assert.deepEqual(rungMs, [beginMs + 100])
  assert.equal(sim.armedTimers, 0)
})

test('the last time set counts, earlier or later, and Infinity takes it back', async () => {
  const { sim, alarm, rungMs, at, beginMs } = rig()
  alarm.set(at(100))
  alarm.set(at(500))
  alarm.set(at(300))
  assert.equal(sim.armedTimers, 1)
  await sim.advance(1_000)
  assert.deepEqual(rungMs, [beginMs + 300])
  alarm.set(at(2_000))
  alarm.set(Infinity)
  assert.equal(sim.armedTimers, 0)
  await sim.advance(2_000)
  assert.equal(rungMs.length, 1)
})

test('what is past is due at once, and the same time may be set again after it rang', async () => {
  const { sim, alarm, rungMs, at } = rig()
  await sim.advance(500)
  alarm.set(at(100))
  await sim.advance(1)
  alarm.set(at(100))
  await sim.advance(1)
  assert.equal(rungMs.length, 2)
})

test('a fraction of a millisecond is rounded up: it never rings too early', async () => {
  const { sim, alarm, rungMs, at, beginMs } = rig()
  alarm.set(at(0.2))
  await sim.advance(10)
  assert.deepEqual(rungMs, [beginMs + 1])
})
