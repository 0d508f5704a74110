import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Backlog, type BacklogEvent, sizeOf } from '../../src/alerts/backlog.ts'
import type { Alert } from '../../src/alerts/notice.ts'

const ROBOTS = ['first', 'second'] as const

const alertOf = (number: number): Alert => ({
  status: 'firing',
  labels: { alertname: `A${number}` },
  annotations: {},
  startsAtMs: number,
  fingerprint: `${number}`,
  generatorUrl: '',
})

type Step =
  | { readonly kind: 'queue'; readonly count: number; readonly to: number }
  | { readonly kind: 'send'; readonly robot: number; readonly count: number }
  | {
      readonly kind: 'answer'
      readonly robot: number
      readonly isDone: boolean
      readonly isUncertain: boolean
    }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('queue'),
    count: fc.integer({ min: 1, max: 4 }),
    to: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ kind: fc.constant('send'), robot: fc.nat(1), count: fc.integer({ min: 1, max: 5 }) }),
  fc.record({
    kind: fc.constant('answer'),
    robot: fc.nat(1),
    isDone: fc.boolean(),
    isUncertain: fc.boolean(),
  }),
)

/** Events as a bridge makes them of the steps. */
function eventsOf(steps: readonly Step[]): readonly BacklogEvent[] {
  const backlog = new Backlog()
  const events: BacklogEvent[] = []
  const flying = new Map<string, readonly number[]>()
  let alerts = 0
  const add = (event: BacklogEvent): void => {
    events.push(event)
    backlog.apply(event)
  }
  for (const [at, given] of steps.entries()) {
    if (given.kind === 'queue') {
      const robots = ROBOTS.filter((_, index) => (given.to & (index + 1)) !== 0).map((name) => ({ name }))
      const fresh = Array.from({ length: given.count }, () => alertOf(alerts++))
      const shared = { route: 'r', externalUrl: '', truncatedAlerts: 0 }
      add({
        op: 'queued',
        atMs: at,
        key: `k${at}`,
        firstId: backlog.nextId,
        robots,
        alerts: fresh,
        ...shared,
      })
      continue
    }
    const robot = ROBOTS[given.robot] ?? 'first'
    if (given.kind === 'send' && !flying.has(robot)) {
      const ids = backlog
        .waiting(robot)
        .slice(0, given.count)
        .map(({ id }) => id)
      if (ids.length === 0) continue
      flying.set(robot, ids)
      add({ op: 'sending', atMs: at, robot, ids })
    } else if (given.kind === 'answer' && flying.has(robot)) {
      const done = given.isDone ? (flying.get(robot) ?? []) : []
      flying.delete(robot)
      const pause = given.isDone ? {} : { pausedUntilMs: at + 100 }
      add({
        op: 'answered',
        atMs: at,
        robot,
        done,
        ...pause,
        ...(given.isUncertain ? { isUncertain: true } : {}),
      })
    }
  }
  return events
}

/** Everything that can be asked of it. */
function viewOf(backlog: Backlog): unknown {
  return {
    nextId: backlog.nextId,
    robots: ROBOTS.map((name) => ({
      waiting: backlog
        .waiting(name)
        .map(({ id, atMs, alert }) => ({ id, atMs, alert, unsure: backlog.isUncertain(name, id) })),
      bytes: backlog.bytes(name),
      pace: { ...backlog.pace(name) },
      taken: Array.from({ length: 40 }, (_, at) => backlog.takenAtMs(name, `k${at}`)),
    })),
  }
}

const replay = (events: readonly BacklogEvent[]): Backlog => {
  const backlog = new Backlog()
  for (const event of events) backlog.apply(JSON.parse(JSON.stringify(event)) as BacklogEvent)
  return backlog
}

test('what it says of itself makes the same backlog again, at any moment', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const backlog = replay(eventsOf(steps))
      const again = replay(backlog.image())
      backlog.settle()
      again.settle()
      assert.deepEqual(viewOf(again), viewOf(backlog))
    }),
  )
})

test('an alert waits from the moment it is queued until it is answered for as done, whatever happens between', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const events = eventsOf(steps)
      for (const name of ROBOTS) {
        const queued = events.flatMap((event) =>
          event.op === 'queued' && event.robots.some((robot) => robot.name === name)
            ? event.alerts.map((_, at) => event.firstId + at)
            : [],
        )
        const done = new Set(
          events.flatMap((event) => (event.op === 'answered' && event.robot === name ? event.done : [])),
        )
        assert.deepEqual(
          replay(events)
            .waiting(name)
            .map(({ id }) => id),
          queued.filter((id) => !done.has(id)),
        )
      }
    }),
  )
})

test('of two lines with one id the later one counts: the first was refused, and could not be cut back', () => {
  const backlog = new Backlog()
  for (const number of [1, 2]) {
    backlog.apply({
      op: 'queued',
      atMs: number,
      key: `${number}`,
      firstId: 1,
      route: 'r',
      robots: [{ name: 'first' }],
      externalUrl: '',
      truncatedAlerts: 0,
      alerts: [alertOf(number)],
    })
  }
  assert.deepEqual(
    backlog.waiting('first').map(({ alert }) => alert),
    [alertOf(2)],
  )
  assert.deepEqual([backlog.holds('first', alertOf(1)), backlog.holds('first', alertOf(2))], [false, true])
  assert.equal(backlog.bytes('first'), sizeOf(alertOf(2)))
})

test('the size of an alert is in bytes, not in characters', () => {
  const sizeWith = (summary: string): number => sizeOf({ ...alertOf(1), annotations: { summary } })
  assert.equal(sizeWith('告'.repeat(100)) - sizeWith(''), 300)
})

test('what is over leaves nothing behind', () => {
  const backlog = new Backlog()
  for (let at = 0; at < 300; at++) {
    const shared = { route: 'r', externalUrl: '', truncatedAlerts: 0, robots: [{ name: 'first' }] }
    backlog.apply({ op: 'queued', atMs: at, key: '', firstId: at + 1, alerts: [alertOf(at)], ...shared })
    const told = { robot: 'first', atMs: at } as const
    backlog.apply({ op: 'sending', ids: [at + 1], ...told })
    backlog.apply({ op: 'answered', done: [], isUncertain: true, ...told })
    backlog.apply({ op: 'sending', ids: [at + 1], ...told })
    backlog.apply({ op: 'answered', done: [at + 1], ...told })
  }
  const [kept, ...others] = backlog.image()
  assert.deepEqual(others, [])
  assert.ok(kept?.op === 'kept')
  assert.deepEqual([kept.robots[0]?.uncertain, kept.robots[0]?.sentAtMs.length], [[], 100])
})

test('what waits for a robot that is gone goes to the others of its route', () => {
  const backlog = replay(eventsOf([{ kind: 'queue', count: 2, to: 1 }]))
  assert.equal(
    backlog.adopt(new Set(['third']), () => ['third']),
    0,
  )
  assert.deepEqual([backlog.count('first'), backlog.count('third')], [0, 2])
  assert.equal(
    backlog.adopt(new Set(['fourth']), () => []),
    2,
  )
})
