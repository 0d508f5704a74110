import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { childConverter } from '../../../src/app/parquet-child.ts'
import type { MadeSink } from '../../../src/app/sinks.ts'
import { RECORD_TYPES } from '../../../src/core/record.ts'
import { ParquetSink } from '../../../src/sinks/parquet/sink.ts'
import type { Value } from '../../../src/sinks/parquet/duckdb.ts'
import { VIEW_NAMES } from '../../../src/sinks/parquet/views.ts'
import { smallDisk } from '../../app/tmpfs.ts'
import { conformance, type FarSide, type Fault } from '../conformance.ts'
import { type Held, lineAt, until } from '../course.ts'
import { ask, files } from './rig.ts'

/** A conversion that hangs is ended by then. */
const FROZEN_DEADLINE_MS = 3_000
/** One that works has longer, on a busy machine as well. */
const DEADLINE_MS = 60_000
const MEMORY_MB = 256
const DISK_BYTES = 64 * 1024 * 1024
const SLOW_MS = 1_000

/** A store on a disk of its own, where this process may make one. */
class Store implements FarSide {
  readonly #disk = smallDisk(DISK_BYTES)
  readonly folder = this.#disk?.folder ?? mkdtempSync(join(tmpdir(), 'marketprism-store-'))
  /** Before each conversion. */
  delayMs = 0
  /** Whether workers are stopped as soon as they appear. */
  isFrozen = false

  make(): MadeSink {
    const store = join(this.folder, 'store')
    const sink = new ParquetSink(store, files, async (segment, closing) => {
      if (this.delayMs > 0) await delay(this.delayMs, undefined, { signal: closing })
      const deadlineMs = this.isFrozen ? FROZEN_DEADLINE_MS : DEADLINE_MS
      await childConverter({ store, memoryMb: MEMORY_MB, deadlineMs })(segment, closing)
    })
    return { kind: 'segments', sink }
  }

  async stored(): Promise<readonly Held[]> {
    const held: Held[] = []
    for (const type of RECORD_TYPES) {
      const rows = await ask(
        join(this.folder, 'store'),
        `SELECT exchange || ' ' || market_type || ' ' || symbol, seq, id FROM ${VIEW_NAMES[type]} ORDER BY recv_time`,
      )
      for (const [stream, seq, id] of rows)
        held.push({ type, stream: textOf(stream), seq: Number(seq), id: textOf(id) })
    }
    return held
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disk === undefined) rmSync(this.folder, { recursive: true })
    else this.#disk[Symbol.dispose]()
  }
}

function textOf(value: Value | undefined): string {
  if (typeof value !== 'string') throw new TypeError('no text')
  return value
}

/** The processes of this one that convert a segment at present. */
function workers(): readonly number[] {
  const tasks = `/proc/${process.pid}/task`
  return readdirSync(tasks)
    .flatMap((task) => readFileSync(join(tasks, task, 'children'), 'utf8').split(' '))
    .filter((child) => child !== '' && isWorker(child))
    .map(Number)
}

function isWorker(child: string): boolean {
  try {
    return readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('parquet-worker')
  } catch {
    // It has ended meanwhile.
    return false
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended meanwhile.
  }
}

const frozen: Fault<Store> = {
  begin: async (store) => {
    store.isFrozen = true
    const stopAll = async (): Promise<void> => {
      while (store.isFrozen) {
        for (const pid of workers()) signal(pid, 'SIGSTOP')
        await delay(5)
      }
      for (const pid of workers()) signal(pid, 'SIGCONT')
    }
    void stopAll()
  },
  end: async (store) => {
    store.isFrozen = false
  },
}

const probe = smallDisk(1_000_000)
probe?.[Symbol.dispose]()

conformance<Store>({
  skip: false,
  open: async () => new Store(),
  repeats: 'dropped',
  records: 120,
  segmentBytes: 45_000,
  outage:
    probe === undefined
      ? { impossible: 'a small disk to fill up may not be mounted here' }
      : {
          begin: async ({ folder }) => fill(join(folder, 'filler')),
          end: async ({ folder }) => rmSync(join(folder, 'filler')),
        },
  slow: {
    begin: async (store) => void (store.delayMs = SLOW_MS),
    end: async (store) => void (store.delayMs = 0),
  },
  frozen,
  restart: async () => {
    await until('a conversion', () => workers().length > 0)
    for (const pid of workers()) signal(pid, 'SIGKILL')
  },
  poison: [
    lineAt(0, false).replace(/"price":"[^"]*"/, '"price":"much"'),
    lineAt(1, false).replace(/"seq":\d+/, '"seq":"first"'),
    lineAt(3, false).slice(0, -20),
  ],
})

/** Writes a file until the disk takes nothing more. */
function fill(path: string): void {
  for (let bytes = 1024 * 1024; bytes >= 4_096; bytes /= 4) {
    try {
      for (;;) writeFileSync(path, new Uint8Array(bytes), { flag: 'a' })
    } catch {
      // Full for pieces of this size.
    }
  }
}
