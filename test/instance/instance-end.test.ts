import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { lockHolder } from '../../src/runtime/lock-file.ts'
import { until } from '../app/asking.ts'
import { HeldVenues } from '../app/held-venues.ts'
import { SupervisedInstance } from '../app/supervised.ts'

/** One that is asked to end has this time, and one whose supervisor is gone. */
const END_MS = 10_000
/** A collector hangs for so long, less than after which it is ended by force. */
const HANG_MS = 5_500
/** A second signal ends it in this time, while its collector hangs. */
const AT_ONCE_MS = 4_000

/** Whether it runs; what has ended and nobody has asked for its code does not. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

async function started(): Promise<{
  readonly instance: SupervisedInstance
  readonly pids: readonly number[]
}> {
  const instance = await SupervisedInstance.start({ venues: await HeldVenues.start(['okx-spot', 'deribit']) })
  const { status } = await instance.untilVerified(20_000)
  const pids = status.processes.flatMap(({ pid }) => pid ?? [])
  assert.equal(pids.length, 3, 'supervisor, collector, delivery')
  assert.ok(pids.every(isRunning))
  return { instance, pids }
}

const untilGone = (pids: readonly number[], limitMs: number): Promise<number> =>
  until(
    'all processes are gone',
    () => !pids.some(isRunning),
    limitMs,
    () => pids.filter(isRunning).join(),
  )

/** Nobody holds the journal or the cursor of a sink, and where it was closed in good order no segment is open. */
function assertReleased({ folder }: SupervisedInstance): void {
  const journal = join(folder, 'journal')
  assert.equal(lockHolder(join(journal, 'lock')), undefined)
  assert.equal(lockHolder(join(journal, 'sinks/parquet.lock')), undefined)
}

const openSegments = ({ folder }: SupervisedInstance): readonly string[] =>
  readdirSync(join(folder, 'journal')).filter((name) => name.endsWith('.open'))

test(
  'a signal ends it with 0 within ten seconds, no process is left, and the journal is sealed',
  { timeout: 120_000 },
  async () => {
    const { instance, pids } = await started()
    await using _ = instance
    const { code, ms } = await instance.stop()
    assert.equal(code, 0)
    assert.ok(ms < END_MS, `${ms} ms`)
    assert.deepEqual(pids.filter(isRunning), [])
    assert.deepEqual(openSegments(instance), [])
    assertReleased(instance)
  },
)

test('a signal as soon as it says that it listens ends it with 0', { timeout: 120_000 }, async () => {
  await using instance = await SupervisedInstance.start()
  const { code } = await instance.stop()
  assert.equal(code, 0)
})

test(
  'a second signal ends it and its processes at once, also one that hangs',
  { timeout: 120_000 },
  async () => {
    const { instance, pids } = await started()
    await using _ = instance
    instance.fault('block', HANG_MS)
    await until('it hangs', () => !isWaiting(instance), 5_000)
    const startMs = performance.now()
    const ended = once(instance.process, 'exit')
    // A signal that comes along with the first, as a terminal sends it to all, is none of its own: hence again and again.
    const again = setInterval(() => instance.process.kill('SIGTERM'), 500)
    const [code] = await ended
    clearInterval(again)
    assert.equal(code, 128 + 15)
    assert.ok(performance.now() - startMs < AT_ONCE_MS)
    await untilGone(pids, AT_ONCE_MS)
  },
)

test(
  'processes whose supervisor was killed end by themselves, and give their locks back',
  { timeout: 120_000 },
  async () => {
    const { instance, pids } = await started()
    await using _ = instance
    instance.process.kill('SIGKILL')
    await untilGone(pids, END_MS)
    assertReleased(instance)
    assert.deepEqual(openSegments(instance), [])
  },
)

/** The fault has not been met with yet. */
const isWaiting = ({ folder }: SupervisedInstance): boolean => readdirSync(folder).includes('fault')
