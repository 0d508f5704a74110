import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePorts } from '../../scripts/programs.ts'
import { ask, until } from '../app/asking.ts'
import { HeldVenues } from '../app/held-venues.ts'

const PROGRAM = join(import.meta.dirname, '../../bin/marketprism.mjs')
const TEST = { timeout: 120_000 }
const LIMIT_MS = 30_000
const END_MS = 15_000

/** `marketprism start` on one emulated venue, with variables of its environment. */
async function started(env: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'marketprism-ports-'))
  const venues = await HeldVenues.start(['okx-spot'])
  const [{ hosts, symbols }] = venues.venues as [(typeof venues.venues)[number]]
  const others = ['binance-spot', 'binance-derivatives', 'okx-derivatives', 'deribit']
  const config = {
    venues: {
      'okx-spot': { stream_url: hosts.stream, rest_url: hosts.rest, instruments: symbols },
      ...Object.fromEntries(others.map((id) => [id, { enabled: false }])),
    },
    http: { health_port: 1, metrics_port: 2 },
    journal: { folder: join(folder, 'journal') },
    sinks: { parquet: { enabled: false } },
  }
  writeFileSync(join(folder, 'marketprism.yaml'), JSON.stringify(config))
  const child = spawn(process.execPath, [PROGRAM, 'start', '--config', join(folder, 'marketprism.yaml')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => (text += part))
  }
  const ended = once(child, 'exit')
  return {
    folder,
    child,
    ended,
    told: () => text,
    async [Symbol.asyncDispose]() {
      const force = setTimeout(() => child.kill('SIGKILL'), END_MS)
      child.kill('SIGTERM')
      await ended
      clearTimeout(force)
      await venues.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

/** The process and those that it has started, with all that they have started. */
function family(pid: number): readonly number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
  return [pid, ...children.flatMap((child) => family(child))]
}

/** Addresses at which a process listens, as the system writes them. */
function listening(pid: number): readonly string[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    }),
  )
  return ['tcp', 'tcp6'].flatMap((table) => {
    const path = `/proc/${pid}/net/${table}`
    const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').slice(1) : []
    return lines
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A' && inodes.has(fields[9] ?? ''))
      .map((fields) => fields[1] ?? '')
  })
}

const recorded = (folder: string): boolean =>
  existsSync(join(folder, 'journal')) &&
  readdirSync(join(folder, 'journal')).some((name) => name.endsWith('.ndjson.open'))

test('COLLECTOR_ENABLE_HTTP=0: it collects, and no process of it listens', TEST, async () => {
  await using run = await started({ COLLECTOR_ENABLE_HTTP: '0' })
  await until('it collects', () => recorded(run.folder), LIMIT_MS, run.told)
  const pids = family(run.child.pid ?? 0)
  assert.equal(pids.length, 2, 'supervisor and collector')
  assert.deepEqual(pids.flatMap(listening), [])
  assert.doesNotMatch(run.told(), /health and metrics at/)
})

test('HEALTH_CHECK_PORT and METRICS_PORT go before the file, and both answer', TEST, async () => {
  const [health = 0, metrics = 0] = await freePorts(2)
  await using run = await started({ HEALTH_CHECK_PORT: String(health), METRICS_PORT: String(metrics) })
  await until('it listens', () => /health and metrics at/.test(run.told()), LIMIT_MS, run.told)
  assert.match(run.told(), new RegExp(`health and metrics at http://127.0.0.1:${health}\n`))
  assert.equal((await ask(`http://127.0.0.1:${health}/live`)).status, 200)
  assert.match((await ask(`http://127.0.0.1:${metrics}/metrics`)).text, /^collector_build_info\{/m)
  assert.equal(listening(run.child.pid ?? 0).length, 2)
})

test('a port in use ends it with 75, naming host and port, and nothing was started', TEST, async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  try {
    const address = taken.address()
    assert.ok(typeof address === 'object' && address !== null)
    const [free = 0] = await freePorts(1)
    await using run = await started({ HEALTH_CHECK_PORT: String(free), METRICS_PORT: String(address.port) })
    const [code] = await run.ended
    assert.equal(code, 75)
    assert.match(run.told(), new RegExp(`127\\.0\\.0\\.1:${address.port}\\b`))
    // A collector takes the lock of the journal first of all.
    const journal = join(run.folder, 'journal')
    const left = existsSync(journal) ? readdirSync(journal) : []
    assert.deepEqual(
      left.filter((name) => name !== 'evidence'),
      [],
    )
  } finally {
    taken.close()
  }
})

test('a variable that makes no sense ends it with 78, and says which', TEST, async () => {
  await using run = await started({ METRICS_PORT: 'ninety' })
  const [code] = await run.ended
  assert.equal(code, 78)
  assert.match(run.told(), /METRICS_PORT/)
})
