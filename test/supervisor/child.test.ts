import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemRuntime } from '../../src/runtime/system.ts'
import { SystemProcesses } from '../../src/runtime/system-processes.ts'
import { WatchedChild } from '../../src/supervisor/child.ts'
import type { WatchWindows } from '../../src/supervisor/watch.ts'
import type { ChildSnapshot } from '../../src/supervisor/instance.ts'
import type { SystemEvent } from '../../src/telemetry/events.ts'

const folder = mkdtempSync(join(tmpdir(), 'marketprism-child-'))
after(() => rmSync(folder, { recursive: true }))

interface RigOptions {
  readonly windows?: WatchWindows
  readonly nodeArgs?: readonly string[]
  readonly node?: string
}

/** Reports ten times a second, and ends with its parent, as every process of this program does. */
const REPORTS = `
  const report = { kind: 'report', report: { role: 'delivery', process: { sockets: 0 }, sinks: [] } }
  const tell = () => process.send?.(report, undefined, {}, () => undefined)
  tell()
  setInterval(tell, 100)
  process.once('disconnect', () => process.exit(0))
`

/** Of processes that do not fall silent: a busy machine is no stall. */
const PATIENT: WatchWindows = { stallingMs: 10_000, unhealthyMs: 15_000, killMs: 20_000 }
/** Of those that do: they make the tests short. */
const SHORT: WatchWindows = { stallingMs: 1_000, unhealthyMs: 1_500, killMs: 2_000 }

/** A real process that is watched. */
class Rig implements AsyncDisposable {
  readonly events: SystemEvent[] = []
  readonly kept: string[] = []
  readonly #waiting = new Set<{ readonly isMet: () => boolean; readonly resolve: () => void }>()
  readonly child: WatchedChild

  constructor(text: string, given: RigOptions = {}) {
    const { windows = PATIENT, nodeArgs = [], node } = given
    const program = join(folder, 'program.mjs')
    writeFileSync(program, text)
    this.child = new WatchedChild(
      {
        name: 'delivery',
        role: 'delivery',
        process: () => ({ args: [], nodeArgs, input: '', isOutputShared: false }),
        windows,
        crashLimit: 2,
      },
      {
        processes: new SystemProcesses(node === undefined ? { program } : { program, node }),
        runtime: systemRuntime(),
        emit: (event) => {
          this.events.push(event)
          this.#look()
        },
        keep: (_, kept) => this.kept.push(kept),
        onReport: () => this.#look(),
        onMessage: () => undefined,
        onLine: () => undefined,
      },
    )
    this.child.start()
  }

  get snapshot(): ChildSnapshot {
    return this.child.snapshot()
  }

  /** The process that runs at present has reported. */
  get isHeard(): boolean {
    const { pid, heardUs } = this.snapshot
    return pid !== undefined && heardUs !== undefined
  }

  /** Resolves at the first event or report after which it is so. */
  async until(isMet: () => boolean): Promise<void> {
    if (isMet()) return
    await new Promise<void>((resolve) => this.#waiting.add({ isMet, resolve }))
  }

  /** Waits until it has ended `count` times, and answers the ends. */
  async ends(count: number): Promise<readonly Extract<SystemEvent, { type: 'process_ended' }>[]> {
    const ends = () => this.events.filter((event) => event.type === 'process_ended')
    await this.until(() => ends().length >= count)
    return ends()
  }

  types(): readonly string[] {
    return this.events.map(({ type }) => type)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.stopNow()
    await this.until(() => this.snapshot.pid === undefined)
  }

  #look(): void {
    for (const waiting of this.#waiting) {
      if (!waiting.isMet()) continue
      this.#waiting.delete(waiting)
      waiting.resolve()
    }
  }
}

const LIMIT = { timeout: 30_000 }

test('a process that reports runs, is read from outside, and ends when it is stopped', LIMIT, async () => {
  await using rig = new Rig(`process.once('SIGTERM', () => process.exit(0)); ${REPORTS}`)
  await rig.until(() => rig.isHeard)
  const { state, readings, report } = rig.snapshot
  assert.deepEqual([state.name, report?.process.sockets], ['running', 0])
  if (process.platform === 'linux') assert.ok((readings?.residentBytes ?? 0) > 1_000_000)
  await rig.child.stop()
  assert.deepEqual([rig.snapshot.state.name, rig.snapshot.lastEnd?.code], ['stopped', 0])
  assert.deepEqual(rig.types(), ['process_started', 'process_ended'])
})

test('one that was stopped by a signal is found, killed and started again', LIMIT, async () => {
  await using rig = new Rig(REPORTS, { windows: SHORT })
  await rig.until(() => rig.isHeard)
  process.kill(rig.snapshot.pid ?? 0, 'SIGSTOP')
  const [end] = await rig.ends(1)
  assert.deepEqual([end?.reason, rig.kept.length], ['stall', 1])
  if (process.platform === 'linux') assert.match(rig.kept[0] ?? '', /State:\s+T/)
  await rig.until(() => rig.isHeard)
  assert.deepEqual([rig.snapshot.state.name, rig.snapshot.restartsBy], ['running', { stall: 1 }])
})

test(
  'one whose loop is blocked for a minute is killed long before, though it does not hear signals',
  LIMIT,
  async () => {
    const text = `${REPORTS}
    process.on('SIGTERM', () => undefined)
    setTimeout(() => { for (const endMs = Date.now() + 60_000; Date.now() < endMs;); }, 300)`
    await using rig = new Rig(text, { windows: SHORT })
    const [end] = await rig.ends(1)
    assert.equal(end?.reason, 'stall')
    // A look that comes late finds it stalled at once.
    assert.deepEqual(
      rig.types().filter((type) => type !== 'process_stalling'),
      ['process_started', 'process_stalled', 'process_killed', 'process_ended'],
    )
  },
)

test('one that never speaks is killed too', LIMIT, async () => {
  await using rig = new Rig('setInterval(() => undefined, 1000)', { windows: SHORT })
  const [end] = await rig.ends(1)
  assert.equal(end?.reason, 'stall')
})

test('one that runs out of heap says so', LIMIT, async () => {
  const text = `${REPORTS} const all = []; setInterval(() => { for (let n = 0; n < 1e4; n++) all.push({ n, text: 'x' + n }) }, 1)`
  await using rig = new Rig(text, { nodeArgs: ['--max-old-space-size=20'] })
  const [end] = await rig.ends(1)
  assert.deepEqual([end?.reason, end?.text], ['heap', 'it ran out of heap'])
})

test('one that cannot use its configuration is tried once a minute, and why is told', LIMIT, async () => {
  await using rig = new Rig(`console.error('config: venues.okx: unknown key'); process.exit(78)`)
  const [end] = await rig.ends(1)
  assert.equal(end?.reason, 'config')
  assert.match(end?.text ?? '', /code 78: config: venues\.okx: unknown key$/)
  assert.deepEqual([rig.snapshot.state.name, Math.round(end?.retryMs ?? 0)], ['looping', 60_000])
})

test('one that crashes again and again is a crash loop', LIMIT, async () => {
  await using rig = new Rig(`throw new TypeError('no such venue')`)
  const ends = await rig.ends(3)
  for (const { reason, text } of ends) {
    assert.equal(reason, 'exception')
    assert.match(text, /TypeError: no such venue/)
  }
  assert.deepEqual([rig.snapshot.state.name, rig.child.isLooping], ['looping', true])
  assert.deepEqual(rig.snapshot.restartsBy, { exception: 3 })
})

test('one that cannot be started is tried again', LIMIT, async () => {
  await using rig = new Rig('', { node: join(folder, 'nothing') })
  const ends = await rig.ends(2)
  assert.match(ends[1]?.text ?? '', /could not be started: .*ENOENT/)
  assert.deepEqual(rig.snapshot.restartsBy, { unavailable: 2 })
  assert.equal(rig.types().includes('process_started'), false)
})

test('one that was killed by somebody is started again', LIMIT, async () => {
  await using rig = new Rig(REPORTS)
  await rig.until(() => rig.isHeard)
  process.kill(rig.snapshot.pid ?? 0, 'SIGKILL')
  const [end] = await rig.ends(1)
  assert.match(end?.reason ?? '', /^killed$/)
  await rig.until(() => rig.isHeard)
  assert.equal(rig.snapshot.state.name, 'running')
})
