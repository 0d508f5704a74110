import { Readable } from 'node:stream'
import { after } from 'node:test'
import { RECORD_TYPES, RECORDS, recordTypeAt, type RecordType } from '../../../src/core/record.ts'
import { systemRuntime } from '../../../src/runtime/system.ts'
import { ClickHouseServer, type RequestBody } from '../../../src/sinks/clickhouse/client.ts'
import { type ClickHouseOptions, ClickHouseSink } from '../../../src/sinks/clickhouse/sink.ts'
import type { RecordBatch } from '../../../src/sinks/sink.ts'
import { Engine, missingEngine, PASSWORD, USER } from '../../engines/engine.ts'

const { timers, random } = systemRuntime()

export const OUTSIDE = {
  timers,
  random,
  bodyOf: (bytes: Uint8Array): RequestBody => Readable.from([bytes]),
}

export const optionsOf = (engine: Engine, changes: Partial<ClickHouseOptions> = {}): ClickHouseOptions => ({
  url: engine.url,
  database: 'marketprism',
  user: USER,
  readPassword: () => PASSWORD,
  tablePrefix: '',
  retentionDays: 0,
  compression: 'none',
  requestMs: 20_000,
  types: RECORD_TYPES,
  batching: { limitBytes: 8 * 1024 * 1024, limitRecords: 50_000, lingerMs: 1_000 },
  ...changes,
})

export const sinkOf = (engine: Engine, changes: Partial<ClickHouseOptions> = {}): ClickHouseSink =>
  new ClickHouseSink(optionsOf(engine, changes), OUTSIDE)

/** A connection beside the sink, to look at what is stored. */
export const serverOf = (engine: Engine): ClickHouseServer => new ClickHouseServer(optionsOf(engine), OUTSIDE)

/** The engine that the tests of a file share, and a connection beside the sink. `skip` says why there is none. */
export async function engineOfFile(): Promise<{
  readonly skip: string | false
  readonly engine: Engine
  readonly server: ClickHouseServer
}> {
  const skip = await missingEngine()
  const engine = new Engine()
  if (skip === false) await engine.start()
  const server = serverOf(engine)
  after(async () => {
    await server.close()
    await engine.remove()
  })
  return { skip, engine, server }
}

/** The first cell that a query answers, as a number. */
export async function numberOf(server: ClickHouseServer, sql: string): Promise<number> {
  const [row] = await server.rows(sql)
  return Number(row?.[0])
}

/** Rows that a table holds, repeats included: merges are none of the test's business. */
export const countOf = (server: ClickHouseServer, table: string): Promise<number> =>
  numberOf(server, `SELECT count() FROM ${table}`)

let databases = 0
/** A name that no other test of the file uses. */
export const databaseName = (): string => `test_${++databases}`

const encoder = new TextEncoder()

/** The batch that the delivery loop would make of these lines. */
export function batchOf(token: string, lines: readonly string[]): RecordBatch {
  const bytes = encoder.encode(lines.map((line) => `${line}\n`).join(''))
  const starts = new Uint32Array(lines.length + 1)
  const types = new Uint8Array(lines.length)
  for (const [line, text] of lines.entries()) {
    const start = starts[line] ?? 0
    starts[line + 1] = start + encoder.encode(text).length + 1
    types[line] = recordTypeAt(bytes, start)
  }
  return { bytes, starts, types, count: lines.length, token }
}

/** The sample of a type with some keys changed; a key that is `undefined` is left out. */
export function lineOf(type: RecordType, changes: Readonly<Record<string, unknown>> = {}): string {
  const sample = RECORDS.find((record) => record.type === type)?.sample ?? ''
  return JSON.stringify({ ...JSON.parse(sample), ...changes })
}

/** Trade `number` of a stream that has one a millisecond. */
export const tradeLine = (number: number, changes: Readonly<Record<string, unknown>> = {}): string =>
  lineOf('trade', {
    seq: number,
    venue_time_us: 1_700_000_000_000_000 + number * 1_000,
    recv_time_us: 1_700_000_000_000_300 + number * 1_000,
    id: `binance:spot:trade:BTCUSDT:${number}`,
    trade_id: String(number),
    trade_seq: number,
    ...changes,
  })

/** Trades `from` to `to`, `to` not included. */
export const tradeLines = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, index) => tradeLine(from + index))
