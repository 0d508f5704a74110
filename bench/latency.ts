// From the socket of an emulated venue to a subscriber of NATS, through collector, journal and delivery, each a process of its own:
// `node bench/latency.ts [instruments a venue] [seconds]`. Prints percentiles of the time from a record's receive stamp, taken when
// the collector read its frame from the socket, to the subscriber. All processes share this machine and its clock.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { firstInstruments } from '../src/app/demo.ts'
import { isVenueId } from '../src/core/ids.ts'
import { systemRuntime } from '../src/runtime/system.ts'
import { natsServer } from '../test/sinks/nats-server.ts'
import { withClient } from '../test/sinks/nats/rig.ts'

const PROGRAM = join(import.meta.dirname, '../bin/marketprism.mjs')
/** Books are joined and the code is warm by then. */
const WARM_MS = 10_000
const RECV = /"recv_time_us":(\d+)/

const [instruments = '16', seconds = '20'] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'marketprism-latency-'))
const runtime = systemRuntime()
const children: ChildProcess[] = []

function run(...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return child
}

/** Starts the venues and answers where they are. */
async function emulate(): Promise<Record<string, unknown>> {
  const venues: Record<string, unknown> = {}
  const { stdout } = run('emulate', '--instruments', instruments)
  if (stdout === null) throw new Error('no output')
  for await (const line of createInterface({ input: stdout })) {
    const [venue = '', stream_url = '', rest_url = ''] = line.split(' ')
    if (!isVenueId(venue)) continue
    venues[venue] = {
      stream_url,
      rest_url,
      instruments: await firstInstruments(venue, rest_url, Number(instruments), runtime),
    }
    if (Object.keys(venues).length === 5) break
  }
  return venues
}

async function measure(mode: 'core' | 'jetstream', venues: Record<string, unknown>): Promise<string> {
  await using server = await natsServer()
  const modes = { trade: mode, orderbook_delta: mode, orderbook: mode, gap: mode }
  const nats = { enabled: true, servers: [server.url], modes, stream: { max_bytes: 1_000_000_000 } }
  const config = join(folder, `${mode}.json`)
  const journal = { folder: join(folder, mode) }
  const http = { health_port: 0, metrics_port: 0 }
  writeFileSync(
    config,
    JSON.stringify({ venues, journal, http, sinks: { nats, parquet: { enabled: false } } }),
  )
  const collector = run('start', '--config', config)
  collector.stdout?.resume()
  const latencies: number[] = []
  let text = ''
  await withClient(server.url, async (client) => {
    const startMs = performance.now()
    const endMs = startMs + WARM_MS + Number(seconds) * 1_000
    const subscription = client.subscribe('>')
    for await (const message of subscription) {
      const nowMs = performance.now()
      if (nowMs > endMs) break
      const stamp = RECV.exec(message.string())?.[1]
      // Tops wait for their interval on purpose: what counts is what comes with its frame.
      if (nowMs < startMs + WARM_MS || stamp === undefined || message.subject.startsWith('orderbook.'))
        continue
      latencies.push(runtime.clock.now() - Number(stamp))
    }
    const sorted = latencies.toSorted((a, b) => a - b)
    const at = (share: number): string =>
      ((sorted[Math.floor(sorted.length * share)] ?? NaN) / 1_000).toFixed(2)
    const rate = (latencies.length / Number(seconds)).toFixed(0)
    text = `${mode}: ${rate} records/s, p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms, most ${at(0.99999)} ms`
  })
  const ended = once(collector, 'exit')
  collector.kill('SIGTERM')
  await ended
  return text
}

try {
  const venues = await emulate()
  for (const mode of ['core', 'jetstream'] as const) console.log(await measure(mode, venues))
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
}
