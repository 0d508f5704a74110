import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Shedding } from '../../src/app/shedding.ts'
import { StoragePause } from '../../src/app/storage-pause.ts'
import { eventText } from '../../src/app/event-text.ts'
import { Simulation } from '../../src/runtime/sim.ts'
import type { SystemEvent } from '../../src/telemetry/events.ts'

/** What the outside has been asked for. */
class Outside {
  readonly sim = new Simulation({ seed: 1 })
  readonly flushes: (number | undefined)[] = []
  /** Orphans that there are. */
  orphans = 0
  /** The share of the heap that a collection frees. */
  freed = 0.5
  collections = 0
  readonly shedding: Shedding

  constructor(flushMs = 2) {
    const { clock, timers } = this.sim
    const end = (): number => {
      const { orphans } = this
      this.orphans = 0
      return orphans
    }
    this.shedding = new Shedding(
      {
        venues: [],
        journal: { flushEvery: (ms) => this.flushes.push(ms) },
        flushMs,
        tier: () => 2,
        shed: () => undefined,
      },
      {
        clock,
        timers,
        connections: { owned: 0, total: 0, endOrphans: end },
        collectGarbage: () => {
          this.collections++
          return this.freed
        },
      },
      () => undefined,
    )
  }

  /** Asks for a collection of garbage, and for none. */
  collectOnce(): void {
    this.shedding.govern({ level: 2, actions: ['collect_garbage'] })
    this.shedding.govern({ level: 0, actions: [] })
  }
}

test('orphans are ended when it is asked for, and while it is asked those that come to be', async () => {
  const outside = new Outside()
  outside.orphans = 3
  outside.shedding.govern({ level: 2, actions: ['end_orphans'] })
  assert.equal(outside.orphans, 0)
  outside.orphans = 2
  await outside.sim.advance(10_000)
  assert.equal(outside.shedding.report().shedBy['end_orphans'], 5)
  outside.shedding.govern({ level: 0, actions: [] })
  outside.orphans = 1
  await outside.sim.advance(60_000)
  assert.deepEqual([outside.orphans, outside.sim.armedTimers], [1, 0])
})

test('the journal is written in larger batches while it is asked for, and never more often than it was', () => {
  const courses = [
    [2, 20],
    [10, 50],
    [400, 400],
  ] as const
  for (const [flushMs, large] of courses) {
    const outside = new Outside(flushMs)
    outside.shedding.govern({ level: 1, actions: ['large_batches'] })
    outside.shedding.govern({ level: 2, actions: ['large_batches', 'less_depth'] })
    outside.shedding.govern({ level: 0, actions: [] })
    assert.deepEqual(outside.flushes, [large, undefined])
  }
})

test('garbage is collected once each time it is asked for, and more seldom where it frees little', async () => {
  const outside = new Outside()
  outside.collectOnce()
  outside.collectOnce()
  assert.equal(outside.collections, 2)
  outside.freed = 0.01
  outside.collectOnce()
  outside.collectOnce()
  assert.equal(outside.collections, 3)
  await outside.sim.advance(1_000)
  outside.collectOnce()
  assert.equal(outside.collections, 4)
  await outside.sim.advance(1_000)
  outside.collectOnce()
  assert.equal(outside.collections, 4, 'the wait has doubled')
  await outside.sim.advance(1_000)
  outside.freed = 0.5
  outside.collectOnce()
  outside.collectOnce()
  assert.equal(outside.collections, 6)
  assert.equal(outside.shedding.report().shedBy['collect_garbage'], 6)
})

test('what others own is left to them, and not told as in force here', () => {
  const { shedding } = new Outside()
  shedding.govern({ level: 3, actions: ['pause_storage', 'slow_tops'] })
  assert.deepEqual([shedding.report().level, shedding.report().actions], [3, ['slow_tops']])
})

test('where a connection is to be replaced and there is none, nothing is done', () => {
  const { shedding } = new Outside()
  shedding.govern({ level: 2, actions: ['replace_worst'] })
  assert.equal(shedding.report().shedBy['replace_worst'], 0)
})

test('a person is told what is left out, and when it is not any more', () => {
  const texts = [true, false].map((active) =>
    eventText({ type: 'governor_action', action: 'slow_tops', active }),
  )
  assert.equal(new Set(texts).size, 2)
  assert.ok(texts.every((text) => text?.includes('slow_tops') === true))
})

test('sinks that store are paused while the governor asks for it, others are not; each change is told once', () => {
  const events: SystemEvent[] = []
  const loops = ['parquet', 'nats', 'clickhouse', 'stdout'].map((name) => ({
    sink: { name },
    calls: [] as string[],
    pause() {
      this.calls.push('pause')
    },
    resume() {
      this.calls.push('resume')
    },
  }))
  const storage = new StoragePause(loops, (event) => events.push(event))
  storage.govern({ level: 2, actions: ['slow_tops'] })
  storage.govern({ level: 3, actions: ['pause_storage'] })
  storage.govern({ level: 3, actions: ['pause_storage'] })
  storage.govern({ level: 0, actions: [] })
  assert.deepEqual(
    loops.map(({ calls }) => calls),
    [['pause', 'resume'], [], ['pause', 'resume'], []],
  )
  assert.deepEqual(events, [
    { type: 'governor_action', action: 'pause_storage', active: true },
    { type: 'governor_action', action: 'pause_storage', active: false },
  ])
})
