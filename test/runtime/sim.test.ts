import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FailureError } from '../../src/core/errors.ts'
import { epochMicros } from '../../src/core/units.ts'
import type { Timer } from '../../src/runtime/runtime.ts'
import { Simulation } from '../../src/runtime/sim.ts'
import { SeededRandom } from '../../src/runtime/sim-random.ts'
import { INSTANT_LIMIT } from '../../src/runtime/sim-timeline.ts'

const atMs = (sim: Simulation): number => sim.clock.steadyUs() / 1_000

test('timers run in order of time, equal ones in order of arming', async () => {
  const sim = new Simulation({ seed: 1 })
  const ran: string[] = []
  for (const [name, delayMs] of [
    ['c', 20],
    ['a', 10],
    ['d', 20],
    ['b', 10],
  ] as const) {
    sim.timers.after(delayMs, () => ran.push(`${name} ${atMs(sim)}`))
  }
  await sim.advance(20)
  assert.deepEqual(ran, ['a 10', 'b 10', 'c 20', 'd 20'])
  assert.equal(sim.armedTimers, 0)
})

test('time passes exactly as far as asked', async () => {
  const sim = new Simulation({ seed: 1, startUs: epochMicros(1_000_000) })
  sim.timers.after(31, () => assert.fail('not due'))
  await sim.advance(30.5)
  assert.equal(sim.clock.steadyUs(), 30_500)
  assert.equal(sim.clock.now(), 1_030_500)
})

test('a step of the wall clock leaves timers and steady time alone', async () => {
  const sim = new Simulation({ seed: 1, startUs: epochMicros(5_000_000) })
  let ranAtMs = 0
  sim.timers.after(10, () => {
    ranAtMs = atMs(sim)
  })
  sim.stepWall(-2_000)
  await sim.advance(10)
  assert.equal(ranAtMs, 10)
  assert.equal(sim.clock.now(), 3_010_000)
})

test('a cancelled timer does not run, nor one cancelled by another due at the same time', async () => {
  const sim = new Simulation({ seed: 1 })
  const ran: string[] = []
  sim.timers.after(5, () => second.cancel())
  const second = sim.timers.after(5, () => ran.push('second'))
  const third = sim.timers.after(4, () => ran.push('third'))
  third.cancel()
  third.cancel()
  assert.equal(sim.armedTimers, 2)
  await sim.advance(10)
  assert.deepEqual(ran, [])
})

test('a period keeps its grid until it is cancelled from within', async () => {
  const sim = new Simulation({ seed: 1 })
  const ran: number[] = []
  const every: Timer = sim.timers.every(7, () => {
    ran.push(atMs(sim))
    if (ran.length === 4) every.cancel()
  })
  await sim.advance(100)
  assert.deepEqual(ran, [7, 14, 21, 28])
  assert.equal(sim.armedTimers, 0)
})

test('long promise chains run out between two due works', async () => {
  const sim = new Simulation({ seed: 1 })
  const ran: string[] = []
  const chain = async (length: number): Promise<void> => {
    for (let at = 0; at < length; at++) await Promise.resolve()
    ran.push('chain')
  }
  const chains: Promise<void>[] = []
  sim.timers.after(1, () => chains.push(chain(200)))
  sim.timers.after(1, () => ran.push('timer'))
  await sim.advance(1)
  assert.deepEqual(ran, ['chain', 'timer'])
  await Promise.all(chains)
})

test('code that sleeps by timers goes on under virtual time', async () => {
  const sim = new Simulation({ seed: 1 })
  const sleep = (ms: number) => new Promise<void>((resolve) => sim.timers.after(ms, resolve))
  const ran: number[] = []
  const work = async (): Promise<void> => {
    for (let at = 0; at < 3; at++) {
      await sleep(1_000)
      ran.push(atMs(sim))
    }
  }
  const done = work()
  await sim.advance(2_500)
  assert.deepEqual(ran, [1_000, 2_000])
  await sim.advance(500)
  await done
  assert.deepEqual(ran, [1_000, 2_000, 3_000])
})

test('runUntil stops at the moment the condition comes true, or at its limit', async () => {
  const sim = new Simulation({ seed: 1 })
  let count = 0
  sim.timers.every(10, () => count++)
  assert.equal(await sim.runUntil(() => count === 3, 1_000), true)
  assert.equal(atMs(sim), 30)
  assert.equal(await sim.runUntil(() => count === 99, 25), false)
  assert.equal(atMs(sim), 55)
})

test('what due work throws comes out of advance, and time can go on', async () => {
  const sim = new Simulation({ seed: 1 })
  sim.timers.after(1, () => {
    throw new RangeError('planted')
  })
  await assert.rejects(sim.advance(5), /planted/)
  await sim.advance(5)
  assert.equal(atMs(sim), 6)
})

test('two may not move time at once', async () => {
  const sim = new Simulation({ seed: 1 })
  const first = sim.advance(5)
  await assert.rejects(sim.advance(5), /already passing/)
  await first
})

test('work that re-arms itself without a delay is found out', async () => {
  const sim = new Simulation({ seed: 1 })
  let count = 0
  const again = (): void => {
    count++
    sim.timers.after(0, again)
  }
  again()
  await assert.rejects(sim.advance(1), /stands still/)
  assert.ok(count >= INSTANT_LIMIT)
})

test('hundreds of thousands of re-armed deadlines leave no pile', async () => {
  const sim = new Simulation({ seed: 1 })
  let deadline: Timer | undefined
  for (let at = 0; at < 300_000; at++) {
    deadline?.cancel()
    deadline = sim.timers.after(60_000, () => undefined)
  }
  assert.equal(sim.armedTimers, 1)
  await sim.advance(60_000)
  assert.equal(sim.armedTimers, 0)
})

function draw(seed: number, count: number): readonly number[] {
  const random = new SeededRandom(seed)
  return Array.from({ length: count }, () => random.next())
}

test('the random is uniform in [0, 1) and depends on the seed alone', () => {
  assert.deepEqual(draw(7, 100), draw(7, 100))
  assert.notDeepEqual(draw(7, 5), draw(8, 5))
  const many = draw(42, 20_000)
  assert.ok(many.every((value) => value >= 0 && value < 1))
  const tenths = Array.from(
    { length: 10 },
    (_, tenth) => many.filter((value) => Math.floor(value * 10) === tenth).length,
  )
  assert.ok(Math.min(...tenths) > 1_800 && Math.max(...tenths) < 2_200, tenths.join(' '))
})

/** A tree of timers: each arms its children when it runs, and may cancel one armed before it. */
interface Plan {
  readonly delayMs: number
  readonly cancels: number
  readonly children: readonly Plan[]
}
const plans = fc.letrec<{ plan: Plan }>((tie) => ({
  plan: fc.record({
    delayMs: fc.integer({ min: 0, max: 50 }),
    cancels: fc.integer({ min: -20, max: 20 }),
    children: fc.oneof({ depthSize: 'small' }, fc.constant([]), fc.array(tie('plan'), { maxLength: 4 })),
  }),
})).plan

async function trace(plan: readonly Plan[]): Promise<readonly string[]> {
  const sim = new Simulation({ seed: 1 })
  const armed: Timer[] = []
  const seen: string[] = []
  const arm = ({ delayMs, cancels, children }: Plan): void => {
    const number = armed.length
    const timer = sim.timers.after(delayMs, () => {
      seen.push(`${number}@${atMs(sim)}`)
      armed[cancels]?.cancel()
      for (const child of children) arm(child)
    })
    armed.push(timer)
  }
  for (const each of plan) arm(each)
  while (sim.armedTimers > 0) await sim.advance(13)
  return seen
}

test('the same timers run in the same order, never back in time', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(plans, { maxLength: 30 }), async (plan) => {
      const seen = await trace(plan)
      assert.deepEqual(await trace(plan), seen)
      const times = seen.map((entry) => Number(entry.split('@')[1]))
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      )
    }),
  )
})

test('files in memory keep what is appended, in folders that exist', () => {
  const { files } = new Simulation({ seed: 1 })
  files.makeFolder('/data/journal')
  const file = files.openAppend('/data/journal/a')
  file.append(Buffer.from('one '))
  file.append(Buffer.alloc(1_000, 'x'))
  file.close()
  assert.equal(files.openAppend('/data/journal/a').sizeBytes, 1_004)
  assert.equal(Buffer.from(files.read('/data/journal/a')).toString('latin1').slice(0, 6), 'one xx')
  files.rename('/data/journal/a', '/data/journal/b')
  assert.deepEqual(files.list('/data/journal'), ['b'])
  assert.deepEqual(files.list('/data'), ['journal'])
  assert.equal(files.sizeOf('/data/journal/a'), undefined)
  files.remove('/data/journal/b')
  assert.deepEqual(files.list('/data/journal'), [])
  assert.throws(() => files.read('/data/journal/b'), isDisk)
  assert.throws(() => files.openAppend('/nowhere/a'), isDisk)
  assert.throws(() => file.append(Buffer.from('late')), isDisk)
})

test('a full disk in memory takes what fits and says so', () => {
  const { disk } = new Simulation({ seed: 1 })
  disk.limitBytes = 10
  const file = disk.openAppend('a')
  file.append(Buffer.from('12345678'))
  assert.throws(() => file.append(Buffer.from('90ab')), isDisk)
  assert.equal(file.sizeBytes, 10)
})

const isDisk = (error: unknown): boolean => error instanceof FailureError && error.code === 'disk'
