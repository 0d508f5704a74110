import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { Config } from '../config/schema.ts'
import type { SinkName } from '../config/selection.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { ClickHouseSink } from '../sinks/clickhouse/sink.ts'
import { natsOptionsOf } from '../sinks/nats/options.ts'
import { NatsSink } from '../sinks/nats/sink.ts'
import { type Convert, ParquetSink } from '../sinks/parquet/sink.ts'
import type { SegmentSink, Sink } from '../sinks/sink.ts'
import { StdoutSink } from '../sinks/stdout/sink.ts'
import type { Io } from './io.ts'
import { childConverter } from './parquet-child.ts'
import type { Turns } from './turns.ts'

/** A sink by how it wants its records. */
export type MadeSink =
  | { readonly kind: 'records'; readonly sink: Sink }
  | { readonly kind: 'segments'; readonly sink: SegmentSink }

/** What sinks are given of the process that they are in. */
export interface SinkOutside {
  readonly runtime: Runtime
  readonly io: Io
  /** Conversions to Parquet go one after the other: each may take the memory that is configured for one. */
  readonly conversions: Turns
}

/** Makes a sink as the configuration says. Opens nothing yet. */
export function makeSink(
  name: SinkName,
  config: Config,
  { runtime, io, conversions }: SinkOutside,
): MadeSink {
  switch (name) {
    case 'stdout':
      return { kind: 'records', sink: new StdoutSink((bytes) => io.stdout.writeBytes(bytes)) }
    case 'nats': {
      const options = natsOptionsOf(config.sinks.nats, (path) => readFile(path, 'utf8'))
      return { kind: 'records', sink: new NatsSink(options, runtime) }
    }
    case 'parquet': {
      const { folder, memoryMb, deadlineSeconds } = config.sinks.parquet
      const convert = childConverter({ store: folder, memoryMb, deadlineMs: deadlineSeconds * 1_000 })
      const inTurn: Convert = (segment, signal) => conversions.take(() => convert(segment, signal))
      return { kind: 'segments', sink: new ParquetSink(folder, runtime.files, inTurn) }
    }
    case 'clickhouse': {
      const { passwordFile, records, batchBytes, batchRecords, lingerMs, ...rest } = config.sinks.clickhouse
      const readPassword = (): string =>
        passwordFile === undefined ? '' : new TextDecoder().decode(runtime.files.read(passwordFile)).trim()
      const batching = { limitBytes: batchBytes, limitRecords: batchRecords, lingerMs }
      const outside = { timers: runtime.timers, random: runtime.random, bodyOf }
      return {
        kind: 'records',
        sink: new ClickHouseSink({ ...rest, readPassword, types: records, batching }, outside),
      }
    }
  }
}

const bodyOf = (bytes: Uint8Array): Readable => Readable.from([bytes])
