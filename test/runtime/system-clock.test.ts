import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type HostClocks, nextOnGrid, SystemClock, SystemTimers } from '../../src/runtime/system-clock.ts'

/** A host whose time is moved by hand: true wall time in µs, and how far the wall clock has been set off it. */
function host(startUs: number) {
  let steadyUs = 0
  let offsetUs = startUs
  const clocks: HostClocks = {
    wallMs: () => Math.floor((offsetUs + steadyUs) / 1_000),
    steadyMs: () => steadyUs / 1_000,
    originMs: startUs / 1_000,
  }
  return {
    clocks,
    pass: (us: number) => {
      steadyUs += us
    },
    set: (us: number) => {
      offsetUs += us
    },
    trueUs: () => offsetUs + steadyUs,
  }
}

const START_US = 1_767_225_600_123_456

test('the clock counts microseconds between the ticks of the wall clock', () => {
  const { clocks, pass } = host(START_US)
  const clock = new SystemClock(clocks)
  assert.equal(clock.now(), START_US)
  pass(7)
  assert.equal(clock.now(), START_US + 7)
  pass(5_000_000_000)
  assert.equal(clock.now(), START_US + 5_000_000_007)
})

test('a wall clock that is set is followed at once, in either direction', () => {
  const { clocks, set, trueUs } = host(START_US)
  const clock = new SystemClock(clocks)
  for (const stepUs of [3_600_000_000, -7_200_000_000, 1_500, -2_700, 86_400_000_000]) {
    set(stepUs)
    assert.ok(Math.abs(clock.now() - trueUs()) < 1_000)
  }
})

test('however the wall clock is set or slewed, the time is in its present millisecond, and stands still with it', () => {
  const moves = fc.array(
    fc.record({
      passUs: fc.integer({ min: 0, max: 2_000_000 }),
      setUs: fc.integer({ min: -5_000, max: 5_000 }),
    }),
  )
  fc.assert(
    fc.property(moves, (plan) => {
      const { clocks, pass, set } = host(START_US)
      const clock = new SystemClock(clocks)
      for (const { passUs, setUs } of plan) {
        pass(passUs)
        set(setUs)
        const nowUs = clock.now()
        assert.equal(Math.floor(nowUs / 1_000), clocks.wallMs())
        assert.equal(clock.now(), nowUs)
      }
    }),
  )
})

test('without a step, time never goes back', () => {
  const passes = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1 })
  fc.assert(
    fc.property(passes, fc.integer({ min: -2_000_000, max: 2_000_000 }), (plan, originErrorUs) => {
      const { clocks, pass } = host(START_US)
      const clock = new SystemClock({ ...clocks, originMs: clocks.originMs + originErrorUs / 1_000 })
      let lastUs = 0
      for (const us of plan) {
        pass(us)
        const nowUs = clock.now()
        assert.ok(nowUs >= lastUs)
        lastUs = nowUs
      }
    }),
  )
})

test('the real clock agrees with the host, and resolves less than a millisecond', () => {
  const clock = new SystemClock()
  const seen = new Set<number>()
  const fromMs = Date.now()
  while (Date.now() < fromMs + 5) seen.add(clock.now())
  assert.ok(Math.abs(clock.now() / 1_000 - Date.now()) <= 1.5)
  assert.ok(seen.size > 20, `${seen.size} different times in 5 ms`)
})

test('the next point of a period is on its grid, ahead, and at most one period away', () => {
  assert.equal(nextOnGrid(0, 20, 3), 20)
  assert.equal(nextOnGrid(20, 20, 20), 40)
  assert.equal(nextOnGrid(20, 20, 95), 100)
  assert.equal(nextOnGrid(20, 20, 19), 40)
  const counts = fc.integer({ min: 1, max: 1_000_000 })
  fc.assert(
    fc.property(counts, counts, counts, (lastUs, periodUs, nowUs) => {
      const nextUs = nextOnGrid(lastUs, periodUs, nowUs)
      assert.equal((nextUs - lastUs) % periodUs, 0)
      assert.ok(nextUs > nowUs && nextUs > lastUs)
      assert.ok(nextUs <= Math.max(lastUs, nowUs) + periodUs)
    }),
  )
})

test('a period runs again and again, and misses what a busy process slept through', async () => {
  const clock = new SystemClock()
  const timers = new SystemTimers(clock)
  const ran: number[] = []
  const startUs = clock.steadyUs()
  await new Promise<void>((resolve) => {
    const every = timers.every(10, () => {
      ran.push(clock.steadyUs() - startUs)
      if (ran.length === 1) while (clock.steadyUs() - startUs < 60_000);
      if (ran.length < 4) return
      every.cancel()
      resolve()
    })
  })
  assert.equal(ran.length, 4)
  // Two runs right after the one that was late would be a pile: each comes at a point of the grid, or later.
  const afterUs = (ran[3] ?? 0) - (ran[1] ?? 0)
  assert.ok(afterUs > 9_000, ran.join(' '))
})

test('a cancelled timer does not run, and a delay beyond 24 days is not now', async () => {
  const timers = new SystemTimers(new SystemClock())
  const ran: string[] = []
  timers.after(1, () => ran.push('cancelled')).cancel()
  const far = [2 ** 31, 1e13, Infinity].map((delayMs) => timers.after(delayMs, () => ran.push(`${delayMs}`)))
  await new Promise<void>((resolve) => {
    timers.after(20, resolve)
  })
  for (const timer of far) timer.cancel()
  assert.deepEqual(ran, [])
})

test('a delay or period that makes no sense is refused', () => {
  const timers = new SystemTimers(new SystemClock())
  const run = (): void => assert.fail('ran')
  assert.throws(() => timers.after(Number.NaN, run), RangeError)
  for (const periodMs of [0, -1, Number.NaN]) assert.throws(() => timers.every(periodMs, run), RangeError)
})
