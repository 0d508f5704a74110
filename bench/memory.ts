// Resident memory of `marketprism start` with two books of each emulated venue: `node bench/memory.ts [seconds=60]`. Metrics are
// scraped every five seconds, as in production. It is started twice, and the second time is the one that counts: the first run after
// a change of the source has to strip and compile it, and keeps what does so. Exit 1 where a bound is missed.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { firstInstruments } from '../src/app/demo.ts'
import type { Status } from '../src/app/status.ts'
import { isVenueId, VENUE_IDS } from '../src/core/ids.ts'
import { systemRuntime } from '../src/runtime/system.ts'

const PROGRAM = join(import.meta.dirname, '../bin/marketprism.mjs')
const INSTRUMENTS = 2
const WARM_SECONDS = 5
const SCRAPE_MS = 5_000
const MEGABYTE = 1e6
const BOUNDS_MB = { supervisor: 80, total: 300 }

const seconds = Number(process.argv[2] ?? 60)
const folder = mkdtempSync(join(tmpdir(), 'marketprism-memory-'))
const runtime = systemRuntime()
const children: ChildProcess[] = []

function run(...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return child
}

async function* linesOf({ stdout }: ChildProcess): AsyncGenerator<string> {
  if (stdout !== null) yield* createInterface({ input: stdout })
}

/** Starts the venues and answers the configuration of them. */
async function emulate(): Promise<Record<string, unknown>> {
  const venues: Record<string, unknown> = {}
  for await (const line of linesOf(run('emulate', '--instruments', String(INSTRUMENTS)))) {
    const [venue = '', stream_url = '', rest_url = ''] = line.split(' ')
    if (!isVenueId(venue)) continue
    const instruments = await firstInstruments(venue, rest_url, INSTRUMENTS, runtime)
    venues[venue] = { stream_url, rest_url, instruments }
    if (Object.keys(venues).length === VENUE_IDS.length) break
  }
  return venues
}

/** Where it answers. */
async function addressOf(child: ChildProcess): Promise<string> {
  for await (const line of linesOf(child)) {
    if (line.startsWith('health and metrics at ')) return line.split(' ').at(-1) ?? ''
  }
  throw new Error('it has ended')
}

/** Megabytes of each process after `upSeconds`. */
async function measure(config: string, upSeconds: number): Promise<ReadonlyMap<string, number>> {
  const child = run('start', '--config', config)
  const ended = once(child, 'exit')
  const url = await addressOf(child)
  child.stdout?.resume()
  const untilMs = performance.now() + upSeconds * 1_000
  while (performance.now() < untilMs) {
    await delay(Math.min(SCRAPE_MS, untilMs - performance.now()))
    await (await fetch(`${url}/metrics`)).text()
  }
  const answer = await fetch(`${url}/status`)
  const status: Status = JSON.parse(await answer.text())
  child.kill('SIGTERM')
  await ended
  const books = status.venues.reduce((sum, { books: { live } }) => sum + live, 0)
  console.log(`after ${upSeconds} s with ${books} books live:`)
  return new Map(status.processes.map(({ name, residentBytes = NaN }) => [name, residentBytes / MEGABYTE]))
}

try {
  const config = join(folder, 'config.json')
  const document = {
    venues: await emulate(),
    http: { health_port: 0, metrics_port: 0 },
    journal: { folder: join(folder, 'journal') },
    sinks: { parquet: { folder: join(folder, 'parquet') } },
  }
  writeFileSync(config, JSON.stringify(document))
  await measure(config, WARM_SECONDS)
  const processes = await measure(config, seconds)
  const total = [...processes.values()].reduce((sum, megabytes) => sum + megabytes, 0)
  for (const [name, megabytes] of processes) console.log(`${name.padEnd(12)} ${megabytes.toFixed(1)} MB`)
  console.log(`total        ${total.toFixed(1)} MB`)
  const isWithin = (processes.get('supervisor') ?? Infinity) < BOUNDS_MB.supervisor && total < BOUNDS_MB.total
  console.log(
    `${isWithin ? 'within' : 'OVER'} ${BOUNDS_MB.supervisor} MB of the supervisor, ${BOUNDS_MB.total} MB in all`,
  )
  process.exitCode = isWithin ? 0 : 1
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
}
