import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { PlainServer } from '../app/plain-server.ts'
import { type InstanceOptions, processNamed, Scraper, SupervisedInstance } from '../app/supervised.ts'

/** `MARKETPRISM_LONG=1`: with the windows of the defaults, and a block of a minute. */
const IS_LONG = process.env['MARKETPRISM_LONG'] === '1'
const WINDOWS = IS_LONG
  ? { stalling_seconds: 5, unhealthy_seconds: 10, kill_seconds: 15 }
  : { stalling_seconds: 1, unhealthy_seconds: 2, kill_seconds: 3 }
const BLOCK_MS = IS_LONG ? 60_000 : 20_000
const SCRAPE_MS = 50
const PATHS = ['/metrics', '/health']
/** Of scrapes, beyond what a plain server needs at the same time: processes end and begin on the same processors. */
const P99_LIMIT_MS = IS_LONG ? 100 : 250
const VERIFIED_LIMIT_MS = 30_000
/** A report, a look of the supervisor and one of the test, and what a busy machine adds. */
const LOOK_SLACK_MS = 3_000

interface Fault {
  readonly name: string
  readonly options?: InstanceOptions
  begin(instance: SupervisedInstance, pid: number): void
  /** Why the process ended in the end; `undefined` where it lives on. */
  readonly ending: string | undefined
  /** It is only found out by its silence. */
  readonly isStall?: true
}

const FAULTS: readonly Fault[] = [
  {
    name: 'blocked',
    begin: (instance) => instance.fault('block', BLOCK_MS),
    ending: 'stall',
    isStall: true,
  },
  {
    name: 'stopped by SIGSTOP',
    begin: (_, pid) => process.kill(pid, 'SIGSTOP'),
    ending: 'stall',
    isStall: true,
  },
  {
    name: 'out of heap',
    // Collecting garbage to the last is silence too: it has the windows of the defaults.
    options: { config: { supervisor: { heap_mb: 64 } } },
    begin: (instance) => instance.fault('heap'),
    ending: 'heap',
  },
  { name: 'killed', begin: (_, pid) => process.kill(pid, 'SIGKILL'), ending: 'killed' },
  { name: 'thrown down by a bug', begin: (instance) => instance.fault('throw'), ending: 'exception' },
  {
    name: 'holding 600 MB of external memory',
    begin: (instance) => instance.fault('external', 600),
    ending: undefined,
  },
]

describe('a collector in trouble', () => {
  for (const fault of FAULTS) {
    test(
      `${fault.name}: no scrape fails, and the books are verified soon after`,
      { timeout: 180_000 },
      async (t) => {
        await using instance = await SupervisedInstance.start({
          config: { supervisor: WINDOWS },
          ...fault.options,
        })
        const { status } = await instance.untilVerified()
        const { pid } = processNamed(status, 'collector')
        assert.ok(pid !== undefined)
        await using plain = await PlainServer.start()
        await using control = new Scraper(plain.url, ['/'], SCRAPE_MS)
        await using scraper = new Scraper(instance.url, PATHS, SCRAPE_MS)
        fault.begin(instance, pid)
        const facts =
          fault.ending === undefined ? await bornWith(instance) : await healed(instance, fault, pid)
        const { answers, failures, p99Ms } = await scraper.stop()
        const plainly = await control.stop()
        t.diagnostic(
          `${facts}; ${answers.length} scrapes, ${failures.length} failed, p99 ${p99Ms.toFixed(0)} ms, of a plain server ${plainly.p99Ms.toFixed(0)} ms`,
        )
        assert.deepEqual(failures, [])
        assert.ok(answers.length > 20, `${answers.length} scrapes`)
        assert.ok(p99Ms < P99_LIMIT_MS + plainly.p99Ms, `p99 ${p99Ms.toFixed(0)} ms`)
      },
    )
  }
})

/** It is found out, ended and replaced. */
async function healed(instance: SupervisedInstance, fault: Fault, pid: number): Promise<string> {
  const isOther = (other: number | undefined): boolean => other !== undefined && other !== pid
  const found =
    fault.isStall === undefined
      ? undefined
      : await instance.until('the stall is found', (status) => {
          // It is unhealthy for a second, which a look may miss.
          const { state, lastEnd } = processNamed(status, 'collector')
          return state === 'unhealthy' || lastEnd?.startsWith('stall:') === true
        })
  const replaced = await instance.until('the collector is replaced', ({ processes }) =>
    processes.some(
      ({ name, state, pid: other }) => name === 'collector' && state === 'running' && isOther(other),
    ),
  )
  const verified = await instance.untilVerified(VERIFIED_LIMIT_MS)
  const collector = processNamed(verified.status, 'collector')
  assert.match(collector.lastEnd ?? '', new RegExp(`^${fault.ending}:`))
  await instance.untilMetric(
    `collector_restarts_total{process="collector",reason="${fault.ending}"}`,
    (count) => count === 1,
  )
  if (found === undefined) return `verified ${seconds(replaced.ms + verified.ms)} after`
  assert.ok(found.ms < WINDOWS.unhealthy_seconds * 1_000 + LOOK_SLACK_MS, `found after ${seconds(found.ms)}`)
  const killedMs = found.ms + replaced.ms
  assert.ok(
    killedMs < WINDOWS.kill_seconds * 1_000 + LOOK_SLACK_MS + 2_000,
    `replaced after ${seconds(killedMs)}`,
  )
  const evidence = readdirSync(join(instance.folder, 'journal/evidence'))
  assert.equal(evidence.filter((name) => name.startsWith('collector-')).length, 1, evidence.join())
  return `found after ${seconds(found.ms)}, replaced after ${seconds(killedMs)}, verified ${seconds(verified.ms)} later`
}

/** It lives on, and everybody can see how it is. */
async function bornWith(instance: SupervisedInstance): Promise<string> {
  const { status, ms } = await instance.until('its memory is seen', (seen) => {
    const { residentBytes = 0 } = processNamed(seen, 'collector')
    return residentBytes > 600e6
  })
  const { residentBytes = 0, restarts } = processNamed(status, 'collector')
  assert.equal(restarts, 0)
  return `${(residentBytes / 1e6).toFixed(0)} MB seen after ${seconds(ms)}`
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

test('out of descriptors: no scrape fails, and the shortage is seen', { timeout: 120_000 }, async (t) => {
  await using instance = await SupervisedInstance.start({ descriptors: 256 })
  await instance.untilVerified()
  await using scraper = new Scraper(instance.url, PATHS, SCRAPE_MS)
  instance.fault('descriptors')
  const { status } = await instance.until('the descriptors are seen', (seen) => {
    const { descriptors = 0, restarts } = processNamed(seen, 'collector')
    return descriptors >= 250 || restarts > 0
  })
  // At nine tenths of its limit it is replaced, in good order.
  await instance.until('it is replaced', (seen) => processNamed(seen, 'collector').restarts > 0)
  const verified = await instance.untilVerified(VERIFIED_LIMIT_MS)
  const { failures, answers, p99Ms } = await scraper.stop()
  const { descriptors, lastEnd } = processNamed(verified.status, 'collector')
  t.diagnostic(
    `${processNamed(status, 'collector').descriptors} of 256 seen, then ${descriptors}; ${lastEnd}; ${answers.length} scrapes, p99 ${p99Ms.toFixed(0)} ms`,
  )
  assert.deepEqual(failures, [])
  assert.match(lastEnd ?? '', /^governor:/)
})

test(
  'it ends within ten seconds of being told to, with 0, also while its collector hangs',
  { timeout: 60_000 },
  async () => {
    await using instance = await SupervisedInstance.start()
    await instance.untilVerified()
    instance.fault('block', 30_000)
    await new Promise((resolve) => setTimeout(resolve, 300))
    const { code, ms } = await instance.stop()
    assert.equal(code, 0)
    assert.ok(ms < 10_000, `${ms} ms`)
    assert.match(instance.lines.join('\n'), /marketprism ended after 00:00:\d\d: \d+ frames, \d+ records/)
  },
)
