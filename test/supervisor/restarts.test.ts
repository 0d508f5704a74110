import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NO_RESTARTS, planRestart, type RestartPlan, type UnaskedEnd } from '../../src/supervisor/restarts.ts'

const LIMIT = 5
const SECOND_US = 1_000_000
const MINUTE_US = 60 * SECOND_US

const latest = { next: () => 1 - Number.EPSILON }

/** Plans one end after the other, at these minutes. */
function plansAt(minutes: readonly number[], end: Partial<UnaskedEnd> = {}): readonly RestartPlan[] {
  let history = NO_RESTARTS
  return minutes.map((minute) => {
    const plan = planRestart(
      history,
      { nowUs: minute * MINUTE_US, healthyUs: 0, isHopeless: false, ...end },
      LIMIT,
      latest,
    )
    history = plan.history
    return plan
  })
}

test('the longest wait is 1, 2, 4 .. 60 s', () => {
  const everyHour = Array.from({ length: 9 }, (_, index) => index * 60)
  assert.deepEqual(
    plansAt(everyHour).map(({ waitMs }) => Math.round(waitMs / 1_000)),
    [1, 2, 4, 8, 16, 32, 60, 60, 60],
  )
})

test('more than five ends within 15 minutes are a loop, tried on every minute', () => {
  const plans = plansAt([0, 1, 2, 3, 4, 5, 6])
  assert.deepEqual(
    plans.map(({ isLooping }) => isLooping),
    [false, false, false, false, false, true, true],
  )
  assert.equal(plans.at(-1)?.waitMs, 60_000)
})

test('a loop is left when the ends become rare', () => {
  const plans = plansAt([0, 1, 2, 3, 4, 5, 21, 40])
  assert.deepEqual(
    plans.slice(5).map(({ isLooping }) => isLooping),
    [true, false, false],
  )
})

test('after ten healthy minutes the waits begin anew, after less they go on', () => {
  for (const [healthyUs, waitMs] of [
    [10 * MINUTE_US, 1_000],
    [10 * MINUTE_US - 1, 8_000],
  ] as const) {
    const { history } = plansAt([0, 20, 40]).at(-1) ?? { history: NO_RESTARTS }
    const end = { nowUs: 60 * MINUTE_US, healthyUs, isHopeless: false }
    assert.equal(Math.round(planRestart(history, end, LIMIT, latest).waitMs), waitMs)
  }
})

test('where the next one would end in the same way it is tried every minute from the first end on', () => {
  const [first] = plansAt([0], { isHopeless: true })
  assert.deepEqual([first?.isLooping, first?.waitMs], [true, 60_000])
})

test('a wait is always between half a second and a minute, and what is remembered has a limit', () => {
  const ends = fc.array(
    fc.record({
      afterUs: fc.integer({ min: 0, max: 20 * MINUTE_US }),
      healthyUs: fc.integer({ min: 0, max: 20 * MINUTE_US }),
      isHopeless: fc.boolean(),
    }),
    { maxLength: 100 },
  )
  const draws = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(ends, draws, fc.integer({ min: 1, max: 10 }), (course, draw, crashLimit) => {
      let history = NO_RESTARTS
      let nowUs = 0
      for (const { afterUs, healthyUs, isHopeless } of course) {
        nowUs += afterUs
        const since = nowUs - 15 * MINUTE_US
        const plan = planRestart(history, { nowUs, healthyUs, isHopeless }, crashLimit, { next: () => draw })
        const lately = [...history.endsUs, nowUs].filter((endUs) => endUs > since)
        assert.ok(plan.waitMs >= 500 && plan.waitMs <= 60_000)
        assert.equal(plan.isLooping, isHopeless || lately.length > crashLimit)
        assert.equal(plan.isLooping && plan.waitMs !== 60_000, false)
        assert.deepEqual(plan.history.endsUs, lately)
        history = plan.history
      }
    }),
  )
})
