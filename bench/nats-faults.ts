// Faults of a real nats-server while records are journaled at a steady rate: `node bench/nats-faults.ts [rate] [outage seconds]`.
// For each fault: records journaled, records in the stream, and how long after its end the newest record in the stream was younger
// than a second again. The stream counts every record that it ever took, so equal counts mean that none is lost and none is twice.
// After an outage beyond the window for duplicates of the stream (120 s) what was in flight when it began may be there twice. Exit 1
// where a record is missing, or twice within the window.
// Memory of both processes: medians of the last ten seconds before the fault, of the fault, and of the time from then until ten seconds
// after it was caught up with.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsOptions } from '../src/sinks/nats/options.ts'
import { natsCluster, natsServer, type NatsServer } from '../test/sinks/nats-server.ts'
import { withClient } from '../test/sinks/nats/rig.ts'

const PROGRAM = join(import.meta.dirname, '../bin/marketprism.mjs')
const LOAD = join(import.meta.dirname, 'journal-load.ts')
const STREAM = 'MARKETPRISM'
/** Before a fault begins, and before a long one: the heaps need 190 s to have the size that this rate needs. */
const WARM_MS = 60_000
const LONG_WARM_MS = 240_000
const LONG_MS = 300_000
/** `duplicate_window_s` and `window` of the sink, as they are by default. */
const WINDOW_MS = 120_000
const IN_FLIGHT_LIMIT = 8_192
const SAMPLE_MS = 500
const AROUND_MS = 10_000
const LAG_US = 1_000_000
const LOOK_MS = 250
const GIVE_UP_MS = 1_200_000
const BYTES = 1_000_000_000

const [rate = '20000', seconds = '60', only] = process.argv.slice(2)
const outageMs = Number(seconds) * 1_000

interface Fault {
  readonly name: string
  /** More configuration of the server, and what the sink is given beside it. */
  readonly server?: string
  readonly sink?: Readonly<Record<string, unknown>>
  readonly client?: Partial<NatsOptions>
  readonly cause: (servers: readonly NatsServer[]) => Promise<void>
  /** Done every so often from then on, to the end. */
  readonly relieve?: (servers: readonly NatsServer[]) => Promise<void>
  readonly isCluster?: true
}

const login = (password: string): string => `authorization { user: "collector", password: "${password}" }`
const folder = mkdtempSync(join(tmpdir(), 'marketprism-faults-'))
const passwordFile = join(folder, 'password')
writeFileSync(passwordFile, 'a password\n')
const auth = { user: 'collector', password_file: passwordFile }
const client: Partial<NatsOptions> = { credentials: { kind: 'password', user: 'collector', passwordFile } }

async function restart(server: NatsServer | undefined, configuration: string): Promise<void> {
  await server?.kill()
  server?.configure(configuration)
  await server?.start()
}

const denied = `authorization { users: [ { user: "collector", password: "a password", permissions: { publish: { deny: "trade.>" } } } ] }`

const FAULTS: readonly Fault[] = [
  {
    name: `down for ${seconds} s`,
    async cause([server]) {
      await server?.kill()
      await delay(outageMs)
      await server?.start()
    },
  },
  {
    name: `frozen for ${seconds} s`,
    async cause([server]) {
      await server?.freeze()
      await delay(outageMs)
      server?.thaw()
    },
  },
  {
    name: 'killed five times under load',
    async cause([server]) {
      for (let kill = 0; kill < 5; kill++) {
        await server?.kill()
        await server?.start()
        await delay(2_000)
      }
    },
  },
  {
    name: 'stream full for 20 s',
    sink: { stream: { discard: 'new', max_bytes: 60_000_000 } },
    cause: () => delay(20_000),
    async relieve([server]) {
      await withClient(server?.url ?? '', async (connection) => {
        const manager = await jetstreamManager(connection, { checkAPI: false })
        await manager.streams.purge(STREAM)
      })
    },
  },
  {
    name: 'wrong password for 20 s',
    server: login('a password'),
    sink: { auth },
    client,
    async cause([server]) {
      await restart(server, login('another password'))
      await delay(20_000)
      await restart(server, login('a password'))
    },
  },
  {
    name: 'permission denied for 20 s',
    server: login('a password'),
    sink: { auth },
    client,
    async cause([server]) {
      await restart(server, denied)
      await delay(20_000)
      await restart(server, login('a password'))
    },
  },
  {
    name: 'R3 cluster, leader killed',
    isCluster: true,
    sink: { stream: { replicas: 3, max_bytes: BYTES } },
    async cause(servers) {
      const leader = await withClient(servers[0]?.url ?? '', async (connection) => {
        const manager = await jetstreamManager(connection, { checkAPI: false })
        return (await manager.streams.info(STREAM)).cluster?.leader
      })
      const server = servers.find(({ name }) => name === leader)
      await server?.kill()
      await delay(5_000)
      await server?.start()
    },
  },
]

/** How many records the stream has ever taken, and how old the newest is. */
async function look(
  urls: readonly string[],
  options: Partial<NatsOptions>,
): Promise<{ count: number; ageUs: number } | undefined> {
  for (const url of urls) {
    try {
      return await withClient(
        url,
        async (connection) => {
          const manager = await jetstreamManager(connection, { checkAPI: false, timeout: 3_000 })
          const { state } = await manager.streams.info(STREAM)
          const newest =
            state.messages === 0 ? null : await manager.streams.getMessage(STREAM, { seq: state.last_seq })
          const stamp = /"recv_time_us":(\d+)/.exec(newest?.string() ?? '')?.[1]
          return {
            count: state.last_seq,
            ageUs: stamp === undefined ? Infinity : Date.now() * 1_000 - Number(stamp),
          }
        },
        options,
      )
    } catch {
      // A server that is down; another one of the cluster may answer.
    }
  }
  return undefined
}

/** How much memory a process has, from time to time. */
class Memory implements Disposable {
  readonly #samples: { readonly atMs: number; readonly megabytes: number }[] = []
  readonly #timer: NodeJS.Timeout

  constructor({ pid }: ChildProcess) {
    this.#timer = setInterval(() => {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      const megabytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? NaN) / 1_000
      this.#samples.push({ atMs: performance.now(), megabytes })
    }, SAMPLE_MS)
  }

  /** The median from `fromMs` to `toMs`. */
  between(fromMs: number, toMs: number): string {
    const taken = this.#samples.filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
    const sorted = taken.map(({ megabytes }) => megabytes).toSorted((one, other) => one - other)
    return (sorted[Math.floor(sorted.length / 2)] ?? NaN).toFixed(0)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}

/** Relieves the servers until it is disposed of. */
function relieving({ relieve }: Fault, servers: readonly NatsServer[]): AsyncDisposable {
  const over = new AbortController()
  const relieved = (async () => {
    if (relieve === undefined) return
    while (!over.signal.aborted) {
      await relieve(servers)
      await delay(LOOK_MS)
    }
  })()
  return {
    async [Symbol.asyncDispose]() {
      over.abort()
      await relieved
    },
  }
}

async function end(child: ChildProcess): Promise<string> {
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
  return Buffer.concat(chunks).toString()
}

async function measure(fault: Fault, number: number): Promise<string> {
  const journal = join(folder, `journal-${number}`)
  await using cluster = fault.isCluster ? await natsCluster() : undefined
  await using single = fault.isCluster ? undefined : await natsServer(() => fault.server ?? '')
  const servers = cluster?.servers ?? (single === undefined ? [] : [single])
  const urls = servers.map(({ url }) => url)
  const nats = { enabled: true, servers: urls, stream: { max_bytes: BYTES }, ...fault.sink }
  const config = join(folder, `${number}.json`)
  const sinks = { nats, parquet: { enabled: false } }
  writeFileSync(config, JSON.stringify({ journal: { folder: journal }, sinks }))
  const load = spawn(process.execPath, [LOAD, journal, rate], { stdio: ['ignore', 'pipe', 'inherit'] })
  await delay(500)
  const delivery = spawn(process.execPath, [PROGRAM, 'deliver', '--config', config], {
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  using writing = new Memory(load)
  using delivering = new Memory(delivery)
  await delay(outageMs < LONG_MS ? WARM_MS : LONG_WARM_MS)
  const startMs = performance.now()
  await fault.cause(servers)
  const overMs = performance.now()
  await using _ = relieving(fault, servers)
  let recoveredMs = NaN
  while (performance.now() - overMs < GIVE_UP_MS) {
    const seen = await look(urls, fault.client ?? {})
    if (seen !== undefined && seen.ageUs < LAG_US) {
      recoveredMs = performance.now() - overMs
      break
    }
    await delay(LOOK_MS)
  }
  await delay(AROUND_MS)
  const endMs = performance.now()
  const memoryText = (memory: Memory): string =>
    [
      memory.between(startMs - AROUND_MS, startMs),
      memory.between(startMs, overMs),
      memory.between(overMs, endMs),
    ].join(', ')
  const [writer, deliverer] = [memoryText(writing), memoryText(delivering)]
  writing[Symbol.dispose]()
  delivering[Symbol.dispose]()
  const { made }: { made: number } = JSON.parse(await end(load))
  await end(delivery)
  const rest = [PROGRAM, 'deliver', '--config', config, '--until-end', '--sink', 'nats']
  await once(spawn(process.execPath, rest, { stdio: 'ignore' }), 'exit')
  const stored = (await look(urls, fault.client ?? {}))?.count ?? 0
  const audit = spawnSync(process.execPath, [PROGRAM, 'journal', 'audit', '--folder', journal])
  rmSync(journal, { recursive: true })
  const isBeyond = overMs - startMs > WINDOW_MS && stored > made && stored - made <= IN_FLIGHT_LIMIT
  const verdict = stored === made ? 'EQUAL' : isBeyond ? `EQUAL but for ${stored - made} twice` : 'DIFFERENT'
  if (verdict === 'DIFFERENT' || audit.status !== 0) process.exitCode = 1
  return [
    fault.name.padEnd(30),
    `journaled ${made}`,
    `in the stream ${stored}`,
    verdict,
    `audit ${audit.status}`,
    `lag under 1 s after ${(recoveredMs / 1_000).toFixed(1)} s`,
    `RSS before, during, after: of the writer ${writer} MB, of the delivery ${deliverer} MB`,
  ].join('  ')
}

try {
  for (const [number, fault] of FAULTS.entries()) {
    if (only === undefined || fault.name.includes(only)) console.log(await measure(fault, number))
  }
} finally {
  rmSync(folder, { recursive: true })
}
