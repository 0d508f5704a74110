import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Simulation } from '../../src/runtime/sim.ts'
import { WatchedChild } from '../../src/supervisor/child.ts'
import type { SystemEvent } from '../../src/telemetry/events.ts'
import { ScriptedProcesses } from './scripted-processes.ts'

const REPORT = { kind: 'report', report: { role: 'delivery', process: {}, sinks: [] } }
const MINUTE_MS = 60_000

/** A watched child in simulated time. */
class Rig {
  readonly simulation = new Simulation({ seed: 7 })
  readonly processes = new ScriptedProcesses()
  readonly events: SystemEvent[] = []
  readonly kept = new Map<string, string>()
  readonly messages: unknown[] = []
  readonly lines: string[] = []
  reports = 0
  diskIsFull = false
  /** So much later it is at each look at the clock than at the one before. */
  lookUs = 0
  #looksUs = 0
  readonly child = new WatchedChild(
    {
      name: 'delivery',
      role: 'delivery',
      process: () => ({ args: ['deliver'], nodeArgs: [], input: 'config', isOutputShared: false }),
      windows: { stallingMs: 5_000, unhealthyMs: 10_000, killMs: 15_000 },
      crashLimit: 5,
    },
    {
      processes: this.processes,
      runtime: {
        timers: this.simulation.timers,
        random: this.simulation.random,
        clock: {
          now: () => this.simulation.clock.now(),
          steadyUs: () => this.simulation.clock.steadyUs() + (this.#looksUs += this.lookUs),
        },
      },
      emit: (event) => this.events.push(event),
      keep: (name, text) => {
        if (this.diskIsFull) throw new Error('no room')
        this.kept.set(name, text)
      },
      onReport: () => (this.reports += 1),
      onMessage: (message) => this.messages.push(message),
      onLine: (line) => this.lines.push(line),
    },
  )

  get state(): string {
    return this.child.snapshot().state.name
  }

  get restarts(): Readonly<Record<string, number>> {
    return this.child.snapshot().restartsBy
  }

  types(): readonly string[] {
    return this.events.map(({ type }) => type)
  }

  say(message: unknown = REPORT): void {
    this.processes.last.hearer.message(message)
  }

  /** Lets time pass in which it reports once a second. */
  async well(ms: number): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += 1_000) {
      this.say()
      await this.simulation.advance(1_000)
    }
  }
}

function running(): Rig {
  const rig = new Rig()
  rig.child.start()
  return rig
}

test('a process that reports is left alone, however long', async () => {
  const rig = running()
  await rig.well(10 * MINUTE_MS)
  assert.deepEqual(rig.types(), ['process_started'])
  assert.deepEqual([rig.state, rig.reports, rig.processes.started.length], ['running', 600, 1])
  assert.deepEqual(rig.processes.last.signals, [])
})

test('what comes that is no report is handed on as a sign of life, and a malformed report is dropped', async () => {
  const rig = running()
  await rig.simulation.advance(6_000)
  assert.equal(rig.state, 'stalling')
  rig.say({ kind: 'diagnosis', id: 1 })
  assert.equal(rig.state, 'running')
  rig.say({ kind: 'report', report: 'well' })
  rig.say('well')
  assert.deepEqual([rig.messages, rig.reports], [[{ kind: 'diagnosis', id: 1 }], 0])
  assert.equal(rig.child.snapshot().report, undefined)
  assert.deepEqual(rig.types(), ['process_started', 'process_stalling', 'process_resumed'])
})

test('one that falls silent is told of, evidence is kept, and it is killed and started again', async () => {
  const rig = running()
  rig.say()
  rig.processes.last.hearer.line('reading the journal')
  await rig.simulation.advance(15_000)
  assert.deepEqual(rig.processes.last.signals, ['SIGKILL'])
  const [[name = '', text = ''] = []] = rig.kept
  assert.match(name, /^delivery-\d+\.txt$/)
  assert.match(text, /not heard from for 10\.0 s\n== status of 101\n/)
  assert.match(text, /== last lines\nreading the journal\n/)
  assert.match(text, /== last report\n\{\n "role": "delivery"/)
  rig.processes.end({ signal: 'SIGKILL' })
  const { state, lastEnd, startUs, pid } = rig.child.snapshot()
  assert.deepEqual([state.name, lastEnd?.reason, startUs, pid], ['waiting', 'stall', undefined, undefined])
  await rig.simulation.advance(1_250)
  assert.deepEqual([rig.state, rig.processes.started.length, rig.restarts], ['running', 2, { stall: 1 }])
  assert.deepEqual(rig.types(), [
    'process_started',
    'process_stalling',
    'process_stalled',
    'process_killed',
    'process_ended',
    'process_started',
  ])
})

test('it is killed also when the disk takes no evidence', async () => {
  const rig = running()
  rig.diskIsFull = true
  await rig.simulation.advance(15_000)
  assert.deepEqual(rig.processes.last.signals, ['SIGKILL'])
  const stalled = rig.events.find((event) => event.type === 'process_stalled')
  assert.equal(stalled?.evidence, undefined)
})

test('a crash loop is entered, tried on every minute, and left after two healthy minutes', async () => {
  const rig = running()
  for (let crash = 0; crash < 6; crash++) {
    rig.processes.end({ code: 70 })
    if (crash < 5) {
      assert.deepEqual([rig.state, rig.child.isLooping], ['waiting', false])
      await rig.simulation.runUntil(() => rig.processes.started.length > crash + 1, 17_000)
    }
  }
  assert.deepEqual([rig.state, rig.child.isLooping, rig.processes.started.length], ['looping', true, 6])
  await rig.simulation.advance(59_500)
  assert.equal(rig.processes.started.length, 6)
  await rig.simulation.advance(750)
  assert.deepEqual([rig.state, rig.child.isLooping, rig.processes.started.length], ['running', true, 7])
  await rig.well(119_000)
  assert.equal(rig.child.isLooping, true)
  await rig.well(2_000)
  assert.equal(rig.child.isLooping, false)
  assert.deepEqual(rig.restarts, { exception: 6 })
})

test('a configuration that cannot be used is tried once a minute, and its reason is told', async () => {
  const rig = running()
  rig.processes.last.hearer.line('venues.okx: unknown key')
  rig.processes.end({ code: 78 })
  const { state, lastEnd } = rig.child.snapshot()
  assert.deepEqual([state.name, lastEnd?.reason, rig.child.isLooping], ['looping', 'config', true])
  assert.match(lastEnd?.text ?? '', /unknown key/)
  await rig.simulation.advance(59_500)
  assert.equal(rig.processes.started.length, 1)
  await rig.simulation.advance(750)
  assert.equal(rig.processes.started.length, 2)
})

test('how long it waits is told from its end on, however slow the machine is', () => {
  const rig = running()
  rig.lookUs = 5_000
  rig.processes.end({ code: 78 })
  const end = rig.events.find((event) => event.type === 'process_ended')
  assert.equal(end?.retryMs, 60_000)
})

test('only the own last words of a process say why it ended', async () => {
  const rig = running()
  rig.processes.last.hearer.line('FATAL ERROR: JavaScript heap out of memory')
  rig.processes.end({ signal: 'SIGABRT' })
  await rig.simulation.advance(1_250)
  rig.processes.end({ signal: 'SIGABRT' })
  assert.deepEqual(rig.restarts, { heap: 1, killed: 1 })
  assert.deepEqual(rig.child.lines, ['FATAL ERROR: JavaScript heap out of memory'])
})

test('a kill is for want of memory only when the system counts one then', async () => {
  const rig = running()
  await rig.well(20_000)
  rig.processes.kills = 1
  rig.processes.end({ signal: 'SIGKILL' })
  await rig.simulation.advance(1_250)
  await rig.well(20_000)
  rig.processes.end({ signal: 'SIGKILL' })
  assert.deepEqual(rig.restarts, { cgroup: 1, killed: 1 })
})

test('a stop asks, waits 6 s, ends it by force, and starts nothing more', async () => {
  const rig = running()
  let isStopped = false
  const stopped = rig.child.stop().then(() => (isStopped = true))
  assert.deepEqual([rig.state, rig.processes.last.signals], ['stopping', ['SIGTERM']])
  await rig.simulation.advance(5_999)
  assert.deepEqual(rig.processes.last.signals, ['SIGTERM'])
  await rig.simulation.advance(1)
  assert.deepEqual([rig.processes.last.signals, isStopped], [['SIGTERM', 'SIGKILL'], false])
  rig.processes.end({ signal: 'SIGKILL' })
  await stopped
  await rig.simulation.advance(10 * MINUTE_MS)
  assert.deepEqual([rig.state, rig.processes.started.length, rig.restarts], ['stopped', 1, {}])
  assert.equal(rig.simulation.armedTimers, 0)
  assert.equal(rig.child.snapshot().lastEnd?.reason, 'asked')
})

test('a stop that is obeyed leaves nothing behind', async () => {
  const rig = running()
  const stopped = rig.child.stop()
  rig.processes.end({ code: 0 })
  await stopped
  assert.equal(rig.simulation.armedTimers, 0)
  assert.deepEqual(rig.processes.last.signals, ['SIGTERM'])
})

test('a stop waits for nobody whom the system does not let go', async () => {
  const rig = running()
  const stopped = rig.child.stop()
  await rig.simulation.advance(10_000)
  await stopped
  assert.equal(rig.state, 'stopping')
  rig.processes.end({ signal: 'SIGKILL' })
  assert.equal(rig.state, 'stopped')
  assert.equal(rig.simulation.armedTimers, 0)
})

test('one that waits to be started is stopped at once, and may be started again', async () => {
  const rig = running()
  rig.processes.end({ code: 70 })
  await rig.child.stop()
  await rig.simulation.advance(MINUTE_MS)
  assert.deepEqual([rig.state, rig.processes.started.length, rig.simulation.armedTimers], ['stopped', 1, 0])
  rig.child.start()
  rig.child.start()
  assert.deepEqual([rig.state, rig.processes.started.length], ['running', 2])
})

test('a controlled restart asks, counts under its reason, starts at once and delays no later one', async () => {
  const rig = running()
  rig.child.restart('governor')
  rig.child.restart('asked')
  assert.deepEqual(rig.processes.last.signals, ['SIGTERM'])
  rig.processes.end({ code: 0 })
  assert.deepEqual([rig.state, rig.processes.started.length, rig.restarts], ['running', 2, { governor: 1 }])
  for (let round = 0; round < 10; round++) {
    rig.child.restart('governor')
    rig.processes.end({ code: 0 })
  }
  assert.deepEqual([rig.state, rig.child.isLooping, rig.restarts], ['running', false, { governor: 11 }])
})

test('a restart of one that does not listen is forced after 6 s, and one that is not running is left waiting', async () => {
  const rig = running()
  rig.child.restart('governor')
  await rig.simulation.advance(6_000)
  assert.deepEqual(rig.processes.last.signals, ['SIGTERM', 'SIGKILL'])
  rig.processes.end({ signal: 'SIGKILL' })
  assert.deepEqual(rig.restarts, { governor: 1 })
  rig.processes.end({ code: 78 })
  rig.child.restart('governor')
  await rig.simulation.advance(30_000)
  assert.deepEqual([rig.state, rig.processes.started.length], ['looping', 2])
})

test('a stop during a restart is a stop', async () => {
  const rig = running()
  rig.child.restart('governor')
  const stopped = rig.child.stop()
  rig.processes.end({ code: 0 })
  await stopped
  assert.deepEqual([rig.state, rig.processes.started.length], ['stopped', 1])
})

test('stopNow ends it by force at once', async () => {
  const rig = running()
  rig.child.stopNow()
  assert.deepEqual(rig.processes.last.signals, ['SIGKILL'])
  rig.processes.end({ signal: 'SIGKILL' })
  await rig.simulation.advance(MINUTE_MS)
  assert.deepEqual([rig.state, rig.restarts], ['stopped', {}])
})

test('a question reaches the process that runs, and nobody when none does', () => {
  const rig = running()
  rig.child.ask({ kind: 'govern', level: 1 })
  assert.deepEqual(rig.processes.last.sent, [{ kind: 'govern', level: 1 }])
  rig.processes.end({ code: 70 })
  rig.child.ask({ kind: 'govern', level: 0 })
  assert.equal(rig.processes.last.sent.length, 1)
})

test('a message that is read after the end of its process does not speak for the next one', async () => {
  const rig = running()
  const first = rig.processes.last
  rig.processes.end({ code: 70 })
  await rig.simulation.advance(1_250)
  first.hearer.message(REPORT)
  assert.deepEqual([rig.child.snapshot().heardUs, rig.reports], [undefined, 0])
})
