import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { childConverter } from '../../../src/app/parquet-child.ts'
import { isAsSealed, segmentBlocks } from '../../../src/app/segment-blocks.ts'
import { RECORD_TYPES, RECORDS, recordTypeAt, type RecordType } from '../../../src/core/record.ts'
import { epochMicros } from '../../../src/core/units.ts'
import { HEADER_BYTES, sealBatch } from '../../../src/journal/format.ts'
import { Segment } from '../../../src/journal/segment.ts'
import { Tally } from '../../../src/journal/tally.ts'
import { SystemFiles } from '../../../src/runtime/system-files.ts'
import { type ConvertJob, convertSegment } from '../../../src/sinks/parquet/convert.ts'
import { Database, type Value } from '../../../src/sinks/parquet/duckdb.ts'
import { readManifests } from '../../../src/sinks/parquet/manifest.ts'
import { ParquetSink } from '../../../src/sinks/parquet/sink.ts'
import { viewStatement } from '../../../src/sinks/parquet/views.ts'
import type { SealedSegment } from '../../../src/sinks/sink.ts'

export type Json = Readonly<Record<string, unknown>>

export const files = new SystemFiles()
/** 2026-01-01T00:00:00Z */
export const NEW_YEAR_US = 1_767_225_600_000_000
const MEMORY_MB = 512
const RECORDS_PER_BATCH = 100

/** A folder that goes when the test ends. */
export function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'marketprism-parquet-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The sample of a type, with other values. */
export function recordOf(type: RecordType, values: Json = {}): Json {
  const sample = RECORDS.find((definition) => definition.type === type)?.sample ?? ''
  return { ...JSON.parse(sample), ...values }
}

export const lineOf = (type: RecordType, values: Json = {}): string => JSON.stringify(recordOf(type, values))

/** Record `seq` of a stream of trades, one a millisecond. */
export const tradeLine = (seq: number): string =>
  lineOf('trade', { seq, recv_time_us: NEW_YEAR_US + seq * 1_000, price: `${seq}.5`, trade_id: `t${seq}` })

export const tradeLines = (first: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => tradeLine(first + index))

/** A segment that is being written to a journal. */
export function beginSegment(folder: string, number: number): Segment {
  files.makeFolder(folder)
  const firstUs = epochMicros(NEW_YEAR_US + number * 1_000_000)
  return Segment.begin(folder, files, { number, before: new Tally(), firstUs })
}

/** Writes lines as one batch. */
export function writeBatch(segment: Segment, lines: readonly (string | Uint8Array)[]): void {
  const texts = lines.map((line) => Buffer.concat([Buffer.from(line), Buffer.from('\n')]))
  const bytes = Buffer.concat([Buffer.alloc(HEADER_BYTES), ...texts])
  const types = new Tally()
  for (const text of texts) types.count(Math.max(0, recordTypeAt(text, 0)))
  const time = epochMicros(NEW_YEAR_US)
  sealBatch(bytes, bytes.length, { records: lines.length, firstUs: time, lastUs: time })
  segment.write({ bytes, types, firstUs: time, lastUs: time })
}

/** A sealed segment that holds `lines`. */
export function sealedSegment(
  folder: string,
  number: number,
  lines: readonly (string | Uint8Array)[],
): SealedSegment {
  const segment = beginSegment(folder, number)
  for (let at = 0; at < lines.length; at += RECORDS_PER_BATCH)
    writeBatch(segment, lines.slice(at, at + RECORDS_PER_BATCH))
  const { path, records } = segment.seal()
  return { path, number, records }
}

/** A sink that converts in this process: quicker, and the same code. */
export async function openSink(store: string, memoryMb = MEMORY_MB): Promise<ParquetSink> {
  const convert = (segment: SealedSegment): Promise<void> => {
    const job: ConvertJob = { segment, store, memoryMb }
    return convertSegment(job, { files, blocks, isAsSealed: (path) => isAsSealed(path, files) })
  }
  const sink = new ParquetSink(store, files, convert)
  await sink.open()
  return sink
}

/** A sink as the program has it. */
export const childSink = (store: string, deadlineMs = 60_000): ParquetSink =>
  new ParquetSink(store, files, childConverter({ store, memoryMb: MEMORY_MB, deadlineMs }))

export const blocks = (path: string): Iterable<Uint8Array> => segmentBlocks(path, files)

/** Answers a statement over what is in a store alone. */
export async function ask(store: string, sql: string): Promise<readonly (readonly Value[])[]> {
  const database = await Database.open({ memoryMb: MEMORY_MB, threads: 1, spillFolder: join(store, 'none') })
  try {
    const manifests = readManifests(files, store)
    for (const type of RECORD_TYPES) {
      const stored = manifests.flatMap((manifest) => manifest.files.filter((file) => file.type === type))
      const parquet = stored.map(({ path }) => join(store, path))
      await database.run(viewStatement(type, { parquet, lines: [] }))
    }
    return await database.all(sql)
  } finally {
    database.close()
  }
}
