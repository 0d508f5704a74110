import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ChildState } from '../../src/supervisor/instance.ts'
import {
  unwatched,
  type Watch,
  type WatchInput,
  type WatchOrder,
  watchStep,
  type WatchWindows,
} from '../../src/supervisor/watch.ts'

const WINDOWS: WatchWindows = { stallingMs: 5_000, unhealthyMs: 10_000, killMs: 15_000 }

const STARTED: WatchInput = { type: 'started' }
const HEARD: WatchInput = { type: 'heard' }
const TICK: WatchInput = { type: 'tick' }
const STOPPING: WatchInput = { type: 'stopping' }
const waitingUntil = (ms: number): WatchInput => ({
  type: 'ended',
  sequel: { name: 'waiting', retryUs: ms * 1_000 },
})

/** A watch with its time, driven by hand. */
class Course {
  watch: Watch = unwatched(0)
  nowMs = 0
  readonly orders: { readonly atMs: number; readonly order: WatchOrder }[] = []

  give(input: WatchInput): ChildState['name'] {
    const { watch, orders } = watchStep(this.watch, input, this.nowMs * 1_000, WINDOWS)
    this.watch = watch
    for (const order of orders) this.orders.push({ atMs: this.nowMs, order })
    return watch.state.name
  }

  /** Lets time pass in looks of a quarter of a second. */
  pass(ms: number): ChildState['name'] {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs = Math.min(endMs, this.nowMs + 250)
      this.give(TICK)
    }
    return this.watch.state.name
  }
}

function started(): Course {
  const course = new Course()
  course.give(STARTED)
  return course
}

test('a silent process is stalling after 5 s, unhealthy with evidence after 10 s, and killed after 15 s, each once', () => {
  const course = started()
  assert.equal(course.pass(4_750), 'running')
  assert.equal(course.pass(250), 'stalling')
  assert.equal(course.pass(4_750), 'stalling')
  assert.equal(course.pass(250), 'unhealthy')
  assert.equal(course.pass(60_000), 'unhealthy')
  assert.deepEqual(course.orders, [
    { atMs: 10_000, order: 'keep_evidence' },
    { atMs: 15_000, order: 'kill' },
  ])
})

test('a sign of life makes it run again, and the next silence is found anew', () => {
  const course = started()
  course.pass(11_000)
  assert.equal(course.give(HEARD), 'running')
  assert.deepEqual(course.watch.state, { name: 'running', sinceUs: 11_000_000 })
  assert.equal(course.pass(11_000), 'unhealthy')
  assert.deepEqual(
    course.orders.map(({ order }) => order),
    ['keep_evidence', 'keep_evidence'],
  )
})

test('what is read of a process after it was killed is no sign of life', () => {
  const course = started()
  course.pass(15_000)
  assert.equal(course.give(HEARD), 'unhealthy')
  course.pass(30_000)
  assert.equal(course.orders.filter(({ order }) => order === 'kill').length, 1)
})

test('a process that ended is started when its wait is over, and then has the whole patience again', () => {
  const course = started()
  course.pass(15_000)
  assert.equal(course.give(waitingUntil(17_000)), 'waiting')
  course.pass(1_750)
  assert.equal(course.orders.at(-1)?.order, 'kill')
  course.pass(250)
  assert.deepEqual(course.orders.at(-1), { atMs: 17_000, order: 'start' })
  assert.equal(course.give(STARTED), 'running')
  assert.equal(course.pass(4_750), 'running')
  assert.equal(course.pass(10_250), 'unhealthy')
  assert.deepEqual(course.orders.at(-1), { atMs: 32_000, order: 'kill' })
})

test('one that is stopping is not watched, and one that has stopped stays so', () => {
  const course = started()
  course.give(STOPPING)
  assert.equal(course.pass(60_000), 'stopping')
  assert.equal(course.give({ type: 'ended', sequel: { name: 'stopped' } }), 'stopped')
  assert.equal(course.give(HEARD), 'stopped')
  assert.equal(course.give(STOPPING), 'stopped')
  assert.equal(course.pass(60_000), 'stopped')
  assert.deepEqual(course.orders, [])
})

test('a watcher that was stopped itself blames nobody for what it did not see', () => {
  const course = started()
  course.pass(3_000)
  course.give(HEARD)
  course.nowMs += 3_600_000
  assert.equal(course.give(TICK), 'running')
  assert.equal(course.give(HEARD), 'running')
  course.nowMs += 3_600_000
  course.give(TICK)
  course.pass(20_000)
  assert.deepEqual(
    course.orders.map(({ order }) => order),
    ['keep_evidence', 'kill'],
  )
})

/** Waits of at most 2 s, each followed by a look or a sign of life. */
const moments = fc.array(
  fc.record({ waitMs: fc.integer({ min: 0, max: 2_000 }), input: fc.constantFrom(TICK, TICK, TICK, HEARD) }),
  { maxLength: 200 },
)

test('never wrong: the state is what the silence says, and nothing is killed that was heard within the window', () => {
  fc.assert(
    fc.property(moments, (course) => {
      const watched = started()
      let heardMs = 0
      for (const { waitMs, input } of course) {
        watched.nowMs += waitMs
        const isDoomed = watched.watch.isKilled
        const name = watched.give(input)
        if (isDoomed) continue
        if (input === HEARD) heardMs = watched.nowMs
        const silentMs = watched.nowMs - heardMs
        if (input === TICK) assert.equal(name, nameOf(silentMs))
        assert.equal(watched.watch.isKilled, silentMs >= WINDOWS.killMs)
      }
    }),
  )
})

const nameOf = (silentMs: number): ChildState['name'] => {
  if (silentMs >= WINDOWS.unhealthyMs) return 'unhealthy'
  return silentMs >= WINDOWS.stallingMs ? 'stalling' : 'running'
}

test('never for ever: whatever went before, one that falls silent is killed once, evidence first and once', () => {
  const looks = fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 30, maxLength: 30 })
  fc.assert(
    fc.property(moments, looks, (before, after) => {
      const watched = started()
      for (const { waitMs, input } of before) {
        watched.nowMs += waitMs
        watched.give(input)
      }
      const [told] = [watched.orders.length]
      const wasKilled = watched.watch.isKilled
      if (!wasKilled) watched.give(HEARD)
      for (const waitMs of [...after, ...Array.from({ length: 15 }, () => 1_000)]) {
        watched.nowMs += waitMs
        watched.give(TICK)
      }
      const orders = watched.orders.slice(told).map(({ order }) => order)
      assert.deepEqual(orders, wasKilled ? [] : ['keep_evidence', 'kill'])
    }),
  )
})

test('looks that come more than 2 s apart find a silent process too, only later', () => {
  const course = started()
  for (let look = 0; look < 8; look++) {
    course.nowMs += 5_000
    course.give(TICK)
  }
  assert.deepEqual(
    course.orders.map(({ order }) => order),
    ['keep_evidence', 'kill'],
  )
})
