import { after, before } from 'node:test'
import type { MadeSink } from '../../../src/app/sinks.ts'
import { RECORD_TYPES } from '../../../src/core/record.ts'
import { Engine, missingEngine } from '../../engines/engine.ts'
import { conformance, type FarSide, type Fault } from '../conformance.ts'
import { type Held, lineAt } from '../course.ts'
import { databaseName, serverOf, sinkOf } from './world.ts'

/** Small, so that a test has several of them. */
const BATCHING = { limitBytes: 512 * 1024, limitRecords: 200, lingerMs: 20 }
/** A frozen engine is given up so soon. */
const REQUEST_MS = 1_500
const SLOW_MS = 150
/** More inserts than any test makes. */
const ALWAYS = 1_000_000

const skip = await missingEngine()
const engine = new Engine()
before(() => (skip === false ? engine.start() : undefined))
after(() => (skip === false ? engine.remove() : undefined))

/** A database of the one engine of this file. */
class Database implements FarSide {
  readonly #name = databaseName()

  make(): MadeSink {
    const changes = { database: this.#name, batching: BATCHING, requestMs: REQUEST_MS }
    return { kind: 'records', sink: sinkOf(engine, changes) }
  }

  /** As queries are to be made: `FINAL` leaves out what came twice. */
  async stored(): Promise<readonly Held[]> {
    const server = serverOf(engine)
    try {
      const held: Held[] = []
      for (const type of RECORD_TYPES) {
        const rows = await server.rows(
          `SELECT concat(exchange, ' ', market_type, ' ', symbol), seq, id FROM ${this.#name}.${type} FINAL ORDER BY recv_time_us`,
        )
        for (const [stream = '', seq, id = ''] of rows) held.push({ type, stream, seq: Number(seq), id })
      }
      return held
    } finally {
      await server.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The engine goes with everything that it holds.
  }
}

const frozen: Fault<Database> = {
  begin: async () => engine.signal('SIGSTOP'),
  end: async () => engine.signal('SIGCONT'),
}

conformance<Database>({
  skip,
  open: async () => new Database(),
  repeats: 'dropped',
  records: 500,
  segmentBytes: 200_000,
  outage: { begin: () => engine.kill(), end: () => engine.start() },
  slow: {
    begin: () => engine.arm({ kind: 'slow', times: ALWAYS, delayMs: SLOW_MS }),
    end: () => engine.arm({ kind: 'slow', times: 1, delayMs: 0 }),
  },
  frozen,
  restart: async () => {
    await engine.kill()
    await engine.start()
  },
  poison: [
    lineAt(0, false).replace(/"price":"[^"]*"/, '"price":"much"'),
    lineAt(1, false).replace(/"seq":\d+/, '"seq":"first"'),
    lineAt(3, false).slice(0, -20),
  ],
})
