import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { epochMicros } from '../../src/core/units.ts'
import { PRIORITIES, type Priority, RequestBudget, WAITING_LIMIT } from '../../src/feed/budget.ts'
import { CLOCK_MARGIN_MS } from '../../src/feed/spending.ts'
import { Simulation } from '../../src/runtime/sim.ts'

const MINUTE_MS = 60_000
const BINANCE = { rate: { count: 6_000, perMs: MINUTE_MS }, window: 'clock' } as const
const OKX = { rate: { count: 20, perMs: 2_000 }, window: 'sliding' } as const
/** Twenty seconds into a UTC minute. */
const START_US = epochMicros(1_767_225_620_000_000)

function setUp(options: ConstructorParameters<typeof RequestBudget>[0]) {
  const sim = new Simulation({ seed: 1, startUs: START_US })
  const budget = new RequestBudget(options, sim)
  const ran: { readonly name: string; readonly atMs: number }[] = []
  const settles = new Map<string, (usedWeight?: number) => void>()
  const ask = (name: string, weight: number, priority: Priority) =>
    budget.ask({
      weight,
      priority,
      run: (settled) => {
        ran.push({ name, atMs: sim.clock.steadyUs() / 1_000 })
        settles.set(name, settled)
      },
    })
  return {
    sim,
    budget,
    ran,
    ask,
    names: () => ran.map(({ name }) => name),
    settle: (name: string) => settles.get(name),
  }
}

test('a request runs at once while there is room, and arms no timer', () => {
  const { ask, sim, names } = setUp(BINANCE)
  assert.equal(ask('a', 250, 'recovery').outcome, 'started')
  assert.deepEqual(names(), ['a'])
  assert.equal(sim.armedTimers, 0)
})

test('over the limit it waits for the next UTC minute and the margin', async () => {
  const { ask, sim, ran } = setUp(BINANCE)
  for (let at = 0; at < 24; at++) assert.equal(ask(`${at}`, 250, 'recovery').outcome, 'started')
  assert.equal(ask('late', 250, 'recovery').outcome, 'waiting')
  assert.equal(sim.armedTimers, 1)
  await sim.advance(2 * MINUTE_MS)
  assert.deepEqual(ran.at(-1), { name: 'late', atMs: 40_000 + CLOCK_MARGIN_MS })
  assert.equal(sim.armedTimers, 0)
})

test('with a sliding window each spending counts for its own time', async () => {
  const { ask, sim, ran } = setUp(OKX)
  ask('a', 15, 'recovery')
  await sim.advance(500)
  ask('b', 5, 'recovery')
  ask('c', 10, 'recovery')
  ask('d', 6, 'recovery')
  await sim.advance(10_000)
  assert.deepEqual(ran, [
    { name: 'a', atMs: 0 },
    { name: 'b', atMs: 500 },
    { name: 'c', atMs: 2_000 },
    { name: 'd', atMs: 2_500 },
  ])
})

test('the urgent go first, and those of one priority in order of asking', async () => {
  const { ask, sim, budget, names } = setUp(OKX)
  budget.hold(1_000)
  for (const priority of PRIORITIES.toReversed())
    for (const at of [1, 2]) ask(`${priority} ${at}`, 1, priority)
  await sim.advance(1_000)
  assert.deepEqual(
    names(),
    PRIORITIES.flatMap((priority) => [`${priority} 1`, `${priority} 2`]),
  )
})

test('polls leave room for a recovery', () => {
  const { ask } = setUp(OKX)
  const polls = Array.from({ length: 20 }, (_, at) => ask(`${at}`, 1, 'poll').outcome)
  assert.equal(polls.filter((outcome) => outcome === 'started').length, 12)
  assert.equal(ask('recovery', 8, 'recovery').outcome, 'started')
})

test('a cheap request does not overtake a dear one of its priority', async () => {
  const { ask, sim, names } = setUp(OKX)
  ask('first', 15, 'recovery')
  ask('dear', 10, 'recovery')
  ask('cheap', 1, 'recovery')
  assert.deepEqual(names(), ['first'])
  await sim.advance(2_000)
  assert.deepEqual(names(), ['first', 'dear', 'cheap'])
})

test('a request heavier than the limit goes alone', async () => {
  const { ask, sim, ran } = setUp(OKX)
  ask('light', 1, 'recovery')
  assert.equal(ask('heavy', 100, 'recovery').outcome, 'waiting')
  await sim.advance(2_000)
  assert.deepEqual(ran.at(-1), { name: 'heavy', atMs: 2_000 })
})

test('Retry-After holds everything until then, and a shorter one does not cut it', async () => {
  const { ask, sim, budget, ran } = setUp(BINANCE)
  budget.hold(120_000)
  budget.hold(5_000)
  ask('a', 1, 'recovery')
  assert.equal(budget.heldMs, 120_000)
  await sim.advance(200_000)
  assert.deepEqual(ran, [{ name: 'a', atMs: 120_000 }])
  assert.equal(budget.heldMs, 0)
})

test("the venue's figure replaces ours, and what is unanswered comes on top", () => {
  const { ask, budget, settle } = setUp(BINANCE)
  ask('a', 250, 'recovery')
  ask('b', 50, 'recovery')
  assert.equal(budget.usedWeight, 300)
  settle('a')?.(4_000)
  assert.equal(budget.usedWeight, 4_050)
  settle('b')?.(4_050)
  assert.equal(budget.usedWeight, 4_050)
})

test("the venue's figure is forgotten with its minute", async () => {
  const { ask, sim, budget, settle } = setUp(BINANCE)
  ask('a', 250, 'recovery')
  settle('a')?.(5_990)
  assert.equal(ask('b', 250, 'recovery').outcome, 'waiting')
  await sim.advance(40_000 + CLOCK_MARGIN_MS)
  assert.equal(budget.waiting, 0)
  assert.equal(budget.usedWeight, 250)
})

test('a figure told just after the turn of the minute does not block the whole next one', async () => {
  const { ask, sim, budget, settle } = setUp(BINANCE)
  ask('a', 250, 'recovery')
  await sim.advance(40_200)
  settle('a')?.(5_990)
  assert.equal(budget.usedWeight, 5_990)
  await sim.advance(CLOCK_MARGIN_MS)
  assert.equal(budget.usedWeight, 0)
})

test('a figure below ours frees what waits', async () => {
  const { ask, sim, settle, names } = setUp(BINANCE)
  ask('a', 5_900, 'recovery')
  ask('b', 250, 'recovery')
  settle('a')?.(100)
  await sim.advance(0)
  assert.deepEqual(names(), ['a', 'b'])
})

test('where the window slides, a figure below ours changes nothing', () => {
  const { ask, budget, settle } = setUp(OKX)
  ask('a', 10, 'recovery')
  settle('a')?.(2)
  assert.equal(budget.usedWeight, 10)
  settle('a')?.(17)
  assert.equal(budget.usedWeight, 17)
})

test('a cancelled request never runs, and lets the next one go', async () => {
  const { ask, sim, names } = setUp(OKX)
  ask('first', 15, 'recovery')
  const dear = ask('dear', 10, 'recovery')
  ask('cheap', 5, 'recovery')
  assert.equal(dear.outcome, 'waiting')
  if (dear.outcome === 'waiting') dear.cancel()
  assert.deepEqual(names(), ['first', 'cheap'])
  await sim.advance(10_000)
  assert.deepEqual(names(), ['first', 'cheap'])
})

test('too many waiting polls are refused, a recovery is not', () => {
  const { ask, budget } = setUp(OKX)
  budget.hold(1_000)
  for (let at = 0; at < WAITING_LIMIT; at++) assert.equal(ask(`${at}`, 1, 'poll').outcome, 'waiting')
  assert.equal(ask('poll', 1, 'poll').outcome, 'full')
  assert.equal(ask('recovery', 1, 'recovery').outcome, 'waiting')
})

test('after a stop nothing runs and no timer is left', async () => {
  const { ask, sim, budget, ran } = setUp(OKX)
  budget.hold(1_000)
  ask('a', 1, 'poll')
  budget.stop()
  assert.equal(sim.armedTimers, 0)
  await sim.advance(10_000)
  assert.deepEqual(ran, [])
})

test('a wall clock set back an hour delays nothing', async () => {
  const { ask, sim, names } = setUp(BINANCE)
  ask('a', 6_000, 'recovery')
  ask('b', 6_000, 'recovery')
  sim.stepWall(-3_600_000)
  await sim.advance(MINUTE_MS)
  assert.deepEqual(names(), ['a', 'b'])
})

const plans = fc.array(
  fc.record({
    waitMs: fc.integer({ min: 0, max: 3_000 }),
    weight: fc.integer({ min: 1, max: 8 }),
    priority: fc.constantFrom(...PRIORITIES),
  }),
  { maxLength: 60 },
)

async function carriedOut(options: ConstructorParameters<typeof RequestBudget>[0], plan: Asks) {
  const sim = new Simulation({ seed: 1, startUs: START_US })
  const budget = new RequestBudget(options, sim)
  const spent: { readonly atMs: number; readonly wallMs: number; readonly weight: number }[] = []
  for (const { waitMs, weight, priority } of plan) {
    await sim.advance(waitMs)
    const run = (): void => {
      spent.push({ atMs: sim.clock.steadyUs() / 1_000, wallMs: sim.clock.now() / 1_000, weight })
    }
    budget.ask({ weight, priority, run })
  }
  const isDone = await sim.runUntil(() => budget.waiting === 0, plan.length * 2 * options.rate.perMs)
  return { spent, isDone, armed: sim.armedTimers }
}
type Asks = readonly { readonly waitMs: number; readonly weight: number; readonly priority: Priority }[]

test('never wrong: no stretch as long as the window holds more than the limit', async () => {
  const options = { rate: { count: 20, perMs: 2_000 }, window: 'sliding' } as const
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const { spent } = await carriedOut(options, plan)
      for (const { atMs } of spent) {
        const within = spent.filter((other) => other.atMs > atMs - 2_000 && other.atMs <= atMs)
        assert.ok(within.reduce((sum, { weight }) => sum + weight, 0) <= 20)
      }
    }),
  )
})

test('never wrong: no clock window holds more than the limit, for a venue whose clock is up to a margin off', async () => {
  const options = { rate: { count: 20, perMs: 10_000 }, window: 'clock' } as const
  await fc.assert(
    fc.asyncProperty(
      plans,
      fc.integer({ min: 1 - CLOCK_MARGIN_MS, max: CLOCK_MARGIN_MS }),
      async (plan, behindMs) => {
        const { spent } = await carriedOut(options, plan)
        const windows = Map.groupBy(spent, ({ wallMs }) => Math.floor((wallMs - behindMs) / 10_000))
        for (const within of windows.values())
          assert.ok(within.reduce((sum, { weight }) => sum + weight, 0) <= 20)
      },
    ),
  )
})

test('never needlessly unhappy: everything asked runs in the end, and no timer stays', async () => {
  await fc.assert(
    fc.asyncProperty(plans, fc.constantFrom('clock', 'sliding'), async (plan, window) => {
      const { spent, isDone, armed } = await carriedOut({ rate: { count: 10, perMs: 1_500 }, window }, plan)
      assert.ok(isDone)
      assert.equal(spent.length, plan.length)
      assert.equal(armed, 0)
    }),
  )
})

test('settled twice or never, a spending counts once and ends by itself', async () => {
  const { ask, sim, budget, settle } = setUp(OKX)
  ask('a', 10, 'recovery')
  settle('a')?.()
  settle('a')?.()
  assert.equal(budget.usedWeight, 10)
  ask('b', 5, 'recovery')
  await sim.advance(2_000)
  assert.equal(budget.usedWeight, 0)
})
