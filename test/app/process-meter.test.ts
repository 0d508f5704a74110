import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ProcessMeter } from '../../src/app/process-meter.ts'
import { GC_KINDS } from '../../src/telemetry/report.ts'
import { until } from './asking.ts'

const BLOCK_MS = 300
const LIMIT_MS = 5_000

function block(ms: number): void {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs) Math.sqrt(ms)
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  assert.ok(typeof collect === 'function')
  collect()
}

test('a loop that stood still is seen, by its lag and its load', async (t) => {
  const meter = new ProcessMeter(() => 0)
  t.after(() => meter.close())
  // The measuring has begun once a timer has been on time.
  await new Promise((resolve) => setTimeout(resolve, 100))
  // What a busy machine has held up before it.
  const { lagMaxMs } = meter.report()
  block(lagMaxMs + BLOCK_MS)
  await until('the lag is seen', () => meter.report().lagMaxMs >= lagMaxMs + BLOCK_MS - 50, LIMIT_MS)
  assert.ok(meter.report().lagP50Ms < BLOCK_MS / 2, 'one late timer is not the rule')
})

test('the share of work is of the time since the last report', async (t) => {
  const meter = new ProcessMeter(() => 0)
  t.after(() => meter.close())
  await new Promise((resolve) => setTimeout(resolve, 50))
  meter.report()
  block(BLOCK_MS)
  await new Promise((resolve) => setImmediate(resolve))
  assert.ok(meter.report().utilization > 0.8)
  await new Promise((resolve) => setTimeout(resolve, BLOCK_MS))
  assert.ok(meter.report().utilization < 0.8)
})

test('garbage collections are counted, and what a major one leaves is told', async (t) => {
  const meter = new ProcessMeter(() => 0)
  t.after(() => meter.close())
  const before = meter.report()
  collectGarbage()
  await until('it is counted', () => meter.report().gc.major.count > before.gc.major.count, LIMIT_MS)
  const { gc, heapAfterMajorGcBytes, heapUsedBytes, heapLimitBytes } = meter.report()
  assert.ok(gc.major.seconds > 0 && gc.major.seconds < LIMIT_MS / 1_000)
  assert.deepEqual(Object.keys(gc).toSorted(), [...GC_KINDS].toSorted())
  assert.ok(heapAfterMajorGcBytes !== undefined && heapAfterMajorGcBytes > 1e6)
  assert.ok(heapUsedBytes < heapLimitBytes)
})

test('it tells the connections that it is told of, and what keeps the loop alive', (t) => {
  let sockets = 3
  const meter = new ProcessMeter(() => sockets)
  t.after(() => meter.close())
  const timer = setTimeout(() => undefined, 10_000)
  assert.equal(meter.report().sockets, 3)
  sockets = 4
  assert.equal(meter.report().sockets, 4)
  assert.ok((meter.report().resources['Timeout'] ?? 0) >= 1)
  clearTimeout(timer)
})

/** Takes every descriptor that is left, and reports. */
const STARVING = `
import { openSync } from 'node:fs'
import { ProcessMeter } from ${JSON.stringify(join(import.meta.dirname, '../../src/app/process-meter.ts'))}
const meter = new ProcessMeter(() => 1)
const before = meter.report()
let isFull = false
try { for (;;) openSync('/dev/null', 'r') } catch (failure) { isFull = failure.code === 'EMFILE' }
const { heapUsedBytes, arrayBufferBytes } = meter.report()
meter.close()
process.stdout.write(JSON.stringify({ isFull, heapUsedBytes, isSame: arrayBufferBytes === before.arrayBufferBytes }))
`

test('it reports without a descriptor to spare', async () => {
  const { stdout } = await promisify(execFile)(
    'sh',
    ['-c', 'ulimit -n 64; exec "$0" --input-type=module --eval "$1"', process.execPath, STARVING],
    { timeout: 30_000 },
  )
  const told = JSON.parse(stdout)
  assert.equal(told.isFull, true)
  assert.ok(told.heapUsedBytes > 1e6)
})
