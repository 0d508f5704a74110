import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Action, ACTION_LEVELS, type Level, type Signals } from '../../src/governor/governing.ts'
import { Governor, type GovernorStep } from '../../src/governor/governor.ts'
import { CALM, HOLD_SECONDS, RESTART_SECONDS, SECOND_US, isEmergency, isRelieved } from './governed.ts'

const near = (...values: readonly number[]) =>
  fc.option(fc.constantFrom(0, ...values.flatMap((value) => [value - 0.001, value])), { nil: undefined })

/** Values on either side of each limit: where mistakes would be. */
const someSignals: fc.Arbitrary<Signals> = fc.record({
  heapShare: near(0.65, 0.75, 0.82, 0.85, 0.92, 0.97),
  memoryShare: near(0.6, 0.7, 0.78, 0.8, 0.88, 1.2),
  lagP99Ms: near(50, 100, 125, 250, 500, 1000, 9000),
  backlogShare: near(0.15, 0.25, 0.4, 0.5, 0.65, 0.75),
  descriptorShare: near(0.4, 0.5, 0.7, 0.8, 0.9),
  unaccounted: fc.option(fc.constantFrom(0, 3, 4, 5, 6, 40), { nil: undefined }),
})
/** Mostly one trouble at a time, so that levels are left as well. */
const oneSignal = fc
  .tuple(someSignals, fc.constantFrom(...keysOf(CALM)))
  .map(([some, only]): Signals => Object.assign({}, CALM, { [only]: some[only] }))
const signals = fc.oneof(
  { weight: 1, arbitrary: someSignals },
  { weight: 3, arbitrary: oneSignal },
  { weight: 3, arbitrary: fc.constant(CALM) },
)

interface Stretch {
  readonly signals: Signals
  readonly seconds: number
  /** 0: the process is started again before it. */
  readonly anew: number
}
const stretches: fc.Arbitrary<Stretch[]> = fc.array(
  fc.record({
    signals,
    seconds: fc.constantFrom(1, 2, 4, 5, 6, 29, 31, 60, 61, 119, 121, 250),
    anew: fc.nat(20),
  }),
  { minLength: 1, maxLength: 30 },
)

interface Look {
  readonly second: number
  readonly signals: Signals
  readonly step: GovernorStep
  readonly isAnew: boolean
}

/** What a governor told, second by second. */
function looks(course: readonly Stretch[], isEnabled = true): Look[] {
  const governor = new Governor({ isEnabled })
  const told: Look[] = []
  let second = 0
  for (const stretch of course) {
    if (stretch.anew === 0) {
      const step = governor.startAnew(second * SECOND_US)
      told.push({ second, signals: CALM, step, isAnew: true })
    }
    for (let left = stretch.seconds; left > 0; left--) {
      second++
      const step = governor.step(stretch.signals, second * SECOND_US)
      told.push({ second, signals: stretch.signals, step, isAnew: false })
    }
  }
  return told
}

/** Calls `judge` for each change of level that signals made. */
function eachChange(told: readonly Look[], judge: (at: number, before: Level, after: Level) => void): void {
  for (const [at, { step, isAnew }] of told.entries()) {
    const before = told[at - 1]?.step.state.level ?? 0
    if (!isAnew && step.state.level !== before) judge(at, before, step.state.level)
  }
}

test('a level rises by one in 5 s at most, but for an emergency and the restart', () => {
  fc.assert(
    fc.property(stretches, (course) => {
      const told = looks(course)
      let raised = -Infinity
      eachChange(told, (at, before, after) => {
        const look = told[at]
        if (look === undefined || after < before) return
        if (isEmergency(look.signals)) assert.ok(after >= 3)
        else {
          assert.equal(after, before + 1)
          assert.ok(look.second - raised >= 5)
        }
        raised = look.second
      })
    }),
  )
})

test('a level falls by one, after a hold in which every second was relieved of it', () => {
  fc.assert(
    fc.property(stretches, (course) => {
      const told = looks(course)
      eachChange(told, (at, before, after) => {
        if (after > before || before === 0) return
        assert.equal(after, before - 1)
        // The hold is between its first and its last look: one more than its seconds.
        const hold = told
          .filter(({ isAnew }, index) => !isAnew && index <= at)
          .slice(-HOLD_SECONDS[before] - 1)
        assert.equal(hold.length, HOLD_SECONDS[before] + 1)
        for (const [index, look] of hold.entries()) {
          assert.ok(isRelieved(look.signals, before))
          if (index < hold.length - 1) assert.equal(look.step.state.level, before)
        }
      })
    }),
  )
})

test('the actions in force are those of the level, and what begins and ends adds up to them', () => {
  fc.assert(
    fc.property(stretches, (course) => {
      const inForce = new Set<string>()
      const asked = new Map<Action, number>()
      for (const { step } of looks(course)) {
        for (const action of step.ended) assert.ok(inForce.delete(action))
        for (const action of step.begun) {
          assert.ok(!inForce.has(action))
          inForce.add(action)
          asked.set(action, (asked.get(action) ?? 0) + 1)
        }
        for (const action of keysOf(ACTION_LEVELS)) {
          assert.equal(inForce.has(action), step.state.level >= ACTION_LEVELS[action])
          assert.equal(step.state.actions[action], inForce.has(action))
          assert.equal(step.state.askedBy[action], asked.get(action) ?? 0)
        }
        inOrder(step.begun)
        inOrder(step.ended.toReversed())
      }
    }),
  )
})

test('a restart is asked for in level 4 only, and not again within 15 min', () => {
  fc.assert(
    fc.property(stretches, (course) => {
      let asked = -Infinity
      for (const { second, step } of looks(course)) {
        if (!step.restart) continue
        assert.equal(step.state.level, 4)
        assert.ok(second - asked >= RESTART_SECONDS)
        asked = second
      }
    }),
  )
})

test('levels, their changes and pressures are the same whether it is enabled or not', () => {
  fc.assert(
    fc.property(stretches, (course) => {
      const seen = (told: readonly Look[]) =>
        told.map(({ step: { state } }) => [
          state.level,
          state.sinceUs,
          state.pressures,
          state.ups,
          state.downs,
        ])
      assert.deepEqual(seen(looks(course, true)), seen(looks(course, false)))
    }),
  )
})

test('whatever has been, calm for all holds leads back to level 0, and stays there', () => {
  const calm = { signals: CALM, seconds: 120 + 120 + 60 + 30 + 1, anew: 1 }
  fc.assert(
    fc.property(stretches, (course) => {
      const told = looks([...course, calm, { ...calm, seconds: 10 }]).slice(-10)
      assert.deepEqual(new Set(told.map(({ step }) => step.state.level)), new Set([0]))
    }),
  )
})

function keysOf<Key extends string>(record: Readonly<Record<Key, unknown>>): readonly Key[] {
  return Object.keys(record) as Key[]
}

function inOrder(actions: readonly Action[]): void {
  const levels = actions.map((action) => ACTION_LEVELS[action])
  assert.deepEqual(
    levels,
    levels.toSorted((one, other) => one - other),
  )
}
