import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HealthFacts } from '../../src/health/facts.ts'
import { Health } from '../../src/health/health.ts'
import type { HealthState, Verdict } from '../../src/health/verdict.ts'
import {
  healthFacts,
  justStarted,
  processFacts,
  sinkFacts,
  venueFacts,
  WINDOWS,
  withAll,
  withCollector,
  withFirst,
} from './rig.ts'

const GOOD = healthFacts()
const DEGRADED = withFirst({ ageMs: { book: 90, trade: 61_000 } })
const DOWN = withAll({ ageMs: { book: 75_000, trade: 75_000 } })

/** Judges once a second from the start on; `run` answers the last verdict. */
class Seconds {
  readonly #health = new Health(WINDOWS)
  #second = 0
  readonly states: HealthState[] = []

  get second(): number {
    return this.#second
  }

  run(seconds: number, facts: HealthFacts): Verdict {
    let verdict = this.#judge(facts)
    for (let at = 1; at < seconds; at++) verdict = this.#judge(facts)
    return verdict
  }

  /** Judges until the state is this; answers how many seconds that took. */
  until(state: HealthState, facts: HealthFacts): number {
    for (let seconds = 1; seconds < 3_600; seconds++) if (this.#judge(facts).state === state) return seconds
    return assert.fail(`never ${state}`)
  }

  #judge(facts: HealthFacts): Verdict {
    this.#second++
    const verdict = this.#health.judge({ ...facts, startUs: 0, nowUs: this.#second * 1_000_000 })
    this.states.push(verdict.state)
    return verdict
  }
}

function healthy(): Seconds {
  const seconds = new Seconds()
  assert.equal(seconds.run(1, GOOD).state, 'healthy')
  return seconds
}

test('it is starting until the first venue is synced, and then healthy at once', () => {
  const seconds = new Seconds()
  const verdict = seconds.run(20, justStarted(0))
  assert.deepEqual(
    [verdict.state, verdict.sinceUs, verdict.isLive, verdict.isReady],
    ['starting', 0, true, false],
  )
  assert.equal(seconds.until('healthy', GOOD), 1)
  assert.equal(seconds.run(1, GOOD).isReady, true)
})

test('where no venue is ever synced the grace ends after its time', () => {
  const seconds = new Seconds()
  assert.equal(seconds.until('unhealthy', justStarted(0)), 121)
})

test('the grace does not come back when the first venue is lost again', () => {
  const seconds = healthy()
  const lost = withAll({ ageMs: { book: 1_000, trade: 1_000 }, books: { expected: 50, live: 0, stale: 0 } })
  assert.equal(seconds.until('degraded', lost), 2)
})

test('a stall breaks the grace at once and for good', () => {
  const seconds = new Seconds()
  seconds.run(20, justStarted(0))
  const stalled = justStarted(0, { processes: [processFacts({ silentMs: 12_000 })] })
  assert.equal(seconds.run(1, stalled).state, 'unhealthy')
  assert.equal(seconds.until('degraded', justStarted(0)), 16)
  assert.equal(seconds.until('unhealthy', justStarted(0)) + seconds.states.indexOf('degraded') + 1, 61)
  assert.equal(seconds.states.includes('healthy'), false)
})

test('a venue that is synced for a single second ends the grace', () => {
  const seconds = new Seconds()
  const [first, ...others] = justStarted(0).venues
  assert.ok(first !== undefined)
  seconds.run(1, justStarted(0, { venues: [venueFacts(first.venue), ...others] }))
  assert.equal(seconds.run(1, justStarted(0)).state, 'degraded')
})

test('two evaluations in a row make it worse, one does not', () => {
  const seconds = healthy()
  assert.equal(seconds.run(1, DEGRADED).state, 'healthy')
  assert.equal(seconds.run(1, GOOD).state, 'healthy')
  assert.equal(seconds.run(1, DEGRADED).state, 'healthy')
  assert.equal(seconds.run(1, DEGRADED).state, 'degraded')
})

test('of two evaluations that are worse the milder counts', () => {
  const seconds = healthy()
  seconds.run(1, DOWN)
  assert.equal(seconds.run(1, DEGRADED).state, 'degraded')
  seconds.run(1, DOWN)
  assert.equal(seconds.run(1, DOWN).state, 'unhealthy')
})

test('an evaluation that made it worse counts for what is worse still', () => {
  const seconds = healthy()
  seconds.run(1, DEGRADED)
  assert.equal(seconds.run(1, DOWN).state, 'degraded')
  assert.equal(seconds.run(1, DOWN).state, 'unhealthy')
})

test('a stall, a fault and the wish to stop count at once', () => {
  assert.equal(healthy().run(1, withCollector({ silentMs: 10_500 })).state, 'unhealthy')
  assert.equal(healthy().run(1, healthFacts({ fault: 'x' })).state, 'unhealthy')
  assert.equal(healthy().run(1, healthFacts({ isStopping: true })).state, 'stopping')
})

test('all trades dead for 61 s while everything else is fine is degraded, never healthy', () => {
  const seconds = healthy()
  seconds.run(2, withAll({ ageMs: { book: 90, trade: 61_000 } }))
  const verdict = seconds.run(600, withAll({ ageMs: { book: 90, trade: 61_000 } }))
  assert.deepEqual(new Set(seconds.states.slice(2)), new Set(['degraded']))
  assert.deepEqual([verdict.isLive, verdict.isReady], [true, true])
  assert.equal(verdict.reasons.length, 5)
})

test('one venue down is degraded, all down is unhealthy', () => {
  const down = { ageMs: { book: 75_000, trade: 75_000 } }
  assert.equal(healthy().run(5, withFirst(down)).state, 'degraded')
  const verdict = healthy().run(5, withAll(down))
  assert.deepEqual([verdict.state, verdict.isLive, verdict.isReady], ['unhealthy', true, false])
})

test('it is healthy again after 30 s without anything wrong, not before', () => {
  const seconds = healthy()
  seconds.run(2, DEGRADED)
  seconds.run(29, GOOD)
  assert.equal(seconds.run(1, DEGRADED).state, 'degraded')
  assert.equal(seconds.until('healthy', GOOD), 31)
})

test('from unhealthy it goes to degraded after 15 s and from there to healthy after 30 s more', () => {
  const seconds = healthy()
  seconds.run(2, DOWN)
  assert.equal(seconds.until('degraded', GOOD), 16)
  assert.equal(seconds.until('healthy', GOOD), 31)
})

test('more than six changes in ten minutes pin the worse state for ten minutes', () => {
  const seconds = new Seconds()
  seconds.run(1, GOOD)
  for (let round = 0; round < 2; round++) {
    seconds.run(2, DEGRADED)
    seconds.until('healthy', GOOD)
  }
  // The change at the start and four of these; this one is the sixth.
  assert.equal(seconds.run(2, DEGRADED).transitions, 6)
  seconds.run(31, GOOD)
  const pinnedAt = seconds.second
  const pinned = seconds.run(1, GOOD)
  assert.deepEqual([pinned.state, pinned.transitions], ['degraded', 6])
  assert.match(pinned.reasons[0]?.text ?? '', /\[too many changes, held for 9 min 59 s more\]$/)
  assert.equal(seconds.until('healthy', GOOD) + 1, 600)
  assert.equal(seconds.second - pinnedAt, 600)
})

test('while it is pinned it may still get worse', () => {
  const seconds = healthy()
  for (let round = 0; round < 2; round++) {
    seconds.run(2, DEGRADED)
    seconds.until('healthy', GOOD)
  }
  seconds.run(2, DEGRADED)
  assert.equal(seconds.run(40, GOOD).state, 'degraded')
  assert.equal(seconds.run(2, DOWN).state, 'unhealthy')
})

test('a change that goes back within 30 s is a flap', () => {
  const seconds = healthy()
  seconds.run(2, DEGRADED)
  seconds.until('healthy', GOOD)
  seconds.run(5, GOOD)
  assert.equal(seconds.run(2, DEGRADED).flaps, 1)
  seconds.until('healthy', GOOD)
  seconds.run(60, GOOD)
  const verdict = seconds.run(2, DEGRADED)
  assert.deepEqual([verdict.flaps, verdict.transitions], [1, 6])
})

test('what is over is told with how long, until the state gets better', () => {
  const seconds = healthy()
  assert.equal(seconds.run(2, DEGRADED).reasons[0]?.text, 'Stale: no trade for 61 s (allowed: 60 s)')
  assert.deepEqual(seconds.run(10, GOOD).reasons, [
    {
      component: 'venue/binance-spot',
      reason: 'trade_stale',
      text: 'Stale: no trade for 61 s (allowed: 60 s) [over for 10 s]',
    },
  ])
  seconds.until('healthy', GOOD)
  assert.deepEqual(seconds.run(1, GOOD).reasons, [])
})

test('what is wrong stands before what is over', () => {
  const seconds = healthy()
  seconds.run(2, DOWN)
  const { state, reasons } = seconds.run(3, healthFacts({ sinks: [sinkFacts({ behindMs: 400_000 })] }))
  assert.equal(state, 'unhealthy')
  assert.equal(reasons[0]?.reason, 'sink_behind')
  assert.equal(reasons[1]?.reason, 'no_data')
})

test('a component tells since when it is in its state', () => {
  const seconds = healthy()
  const sinceOf = (verdict: Verdict) =>
    verdict.components.find(({ name }) => name === 'venue/binance-spot')?.sinceUs
  seconds.run(9, GOOD)
  assert.equal(sinceOf(seconds.run(1, DEGRADED)), 11_000_000)
  assert.equal(sinceOf(seconds.run(5, withFirst({ trouble: 'x' }))), 11_000_000)
  assert.equal(sinceOf(seconds.run(1, GOOD)), 17_000_000)
})

test('a process that is started again makes no venue forget when it last delivered', () => {
  const seconds = healthy()
  seconds.run(200, GOOD)
  const empty = withAll({ ageMs: {}, books: { expected: 0, live: 0, stale: 0 } })
  const verdict = seconds.run(5, empty)
  assert.equal(verdict.state, 'degraded')
  assert.equal(verdict.components.find(({ name }) => name === 'venue/deribit')?.ageMs, 5_090)
  assert.equal(seconds.until('unhealthy', empty) + 5, 61)
})

test('with all venues in maintenance it is degraded but not ready', () => {
  const venues = (['okx-spot', 'okx-derivatives'] as const).map((venue) =>
    venueFacts(venue, { isMaintenance: true, ageMs: { book: 90_000, trade: 90_000 } }),
  )
  const { state, isReady } = healthy().run(3, healthFacts({ venues }))
  assert.deepEqual([state, isReady], ['degraded', false])
})

test('stopping is for good, and not ready', () => {
  const seconds = healthy()
  seconds.run(1, healthFacts({ isStopping: true }))
  const { state, isReady, isLive } = seconds.run(60, GOOD)
  assert.deepEqual([state, isReady, isLive], ['stopping', false, true])
})
