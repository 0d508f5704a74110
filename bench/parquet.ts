// Rows a second (median of 5, and range) and bytes a row of the Parquet store, on the recorded traffic of 2024: `node bench/parquet.ts [CAPTURES]`.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { childConverter } from '../src/app/parquet-child.ts'
import { runReplay } from '../src/app/replay.ts'
import { readConfig } from '../src/config/loader.ts'
import { RECORD_TYPES, type RecordType } from '../src/core/record.ts'
import { segmentFile, segmentsOf } from '../src/journal/format.ts'
import { convertSegment } from '../src/sinks/parquet/convert.ts'
import { readManifest } from '../src/sinks/parquet/manifest.ts'
import type { SealedSegment } from '../src/sinks/sink.ts'
import { capturesFolder } from '../test/captures.ts'
import { memoryIo } from '../test/cli/memory-io.ts'
import { blocks, files, type Json, sealedSegment } from '../test/sinks/parquet/rig.ts'

const RUNS = 5
const MEMORY_MB = 512
const SEGMENT_BYTES = 64 * 1024 * 1024
const CAPTURES = [
  'binance-spot/2024-08-08-btcusdt.ndjson.gz',
  'binance-derivatives/2024-08-08-btcusdt.ndjson.gz',
  'binance-derivatives/2024-08-08-ethusdt.ndjson.gz',
  'binance-derivatives/2024-07-18-ethusdt.ndjson.gz',
]

interface Line {
  readonly type: RecordType
  readonly text: string
  /** Level changes of a delta. */
  readonly levels: number
}

const scratch = mkdtempSync(join(tmpdir(), 'marketprism-bench-'))
let folders = 0
const freshFolder = (): string => join(scratch, String(folders++))

/** The records that a capture becomes. */
async function linesOf(capture: string): Promise<readonly Line[]> {
  const outcome = readConfig(new TextEncoder().encode('{}'))
  if (!('config' in outcome)) throw new Error('the defaults are no configuration')
  const out = freshFolder()
  await runReplay({ config: outcome.config, files: [capture], out, venue: undefined }, memoryIo().io)
  const journal = join(out, readdirSync(out)[0] ?? '')
  const texts: string[] = []
  for (const segment of segmentsOf(files.list(journal))) {
    // A block is good until the next one is taken.
    for (const block of blocks(join(journal, segmentFile(segment)))) {
      for (const text of new TextDecoder().decode(block).trimEnd().split('\n')) texts.push(text)
    }
  }
  return texts.flatMap((text) => {
    const record: Json = JSON.parse(text)
    const type = RECORD_TYPES.find((name) => name === record['type'])
    const count = (key: string): number => (Array.isArray(record[key]) ? record[key].length : 0)
    return type === undefined ? [] : [{ type, text, levels: count('bids') + count('asks') }]
  })
}

const segmentOf = (lines: readonly Line[]): SealedSegment =>
  sealedSegment(
    freshFolder(),
    1,
    lines.map(({ text }) => text),
  )

/** Seconds of a processor that converting takes, `RUNS` times in their order: what else the machine does counts for little. */
async function processorSeconds(segment: SealedSegment): Promise<readonly number[]> {
  return measured(async (store) => {
    const before = process.cpuUsage()
    await convertSegment({ segment, store, memoryMb: MEMORY_MB }, { files, blocks, isAsSealed: () => true })
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1e6
  })
}

/** Seconds that pass while a process is started for it, converts, and ends. */
async function passingSeconds(segment: SealedSegment): Promise<readonly number[]> {
  return measured(async (store) => {
    const start = process.hrtime.bigint()
    const convert = childConverter({ store, memoryMb: MEMORY_MB, deadlineMs: 600_000 })
    await convert(segment, new AbortController().signal)
    return Number(process.hrtime.bigint() - start) / 1e9
  })
}

async function measured(run: (store: string) => Promise<number>): Promise<readonly number[]> {
  const seconds: number[] = []
  for (let number = 0; number <= RUNS; number++) {
    const store = freshFolder()
    files.makeFolder(store)
    const took = await run(store)
    // The first run is to warm up.
    if (number > 0) seconds.push(took)
    rmSync(store, { recursive: true })
  }
  return seconds.toSorted((one, other) => one - other)
}

const thousands = (value: number): string => `${Math.round(value / 1_000)} k`

/** `123 k (100 to 130)` a second. */
function rateText(count: number, seconds: readonly number[]): string {
  const [fastest = Number.NaN, middle = Number.NaN, slowest = Number.NaN] = [0, RUNS >> 1, RUNS - 1].map(
    (at) => seconds[at],
  )
  return `${thousands(count / middle)}/s (${thousands(count / slowest)} to ${thousands(count / fastest)})`
}

/** As many records as make a segment of the size at which a journal seals it: the recorded ones, again and again. */
function fullSegment(lines: readonly Line[]): readonly Line[] {
  const bytes = lines.reduce((sum, { text }) => sum + text.length + 1, 0)
  const count = Math.round((SEGMENT_BYTES / bytes) * lines.length)
  return Array.from({ length: count }, (_, at) => lines[at % lines.length]).filter(
    (line) => line !== undefined,
  )
}

async function reportRates(name: string, recorded: readonly Line[]): Promise<void> {
  const lines = fullSegment(recorded)
  const segment = segmentOf(lines)
  const processor = await processorSeconds(segment)
  const levels = lines.reduce((sum, line) => sum + line.levels, 0)
  const facts = [
    `${name}: a segment of 64 MiB with ${lines.length} rows`,
    `  of a processor's time: rows ${rateText(lines.length, processor)}`,
    ...(levels === 0 ? [] : [`  of a processor's time: levels ${rateText(levels, processor)}`]),
    `  with the start of a process, by the clock: rows ${rateText(lines.length, await passingSeconds(segment))}`,
  ]
  console.log(facts.join('\n'))
}

/** Bytes a trade and a level change in the files of one capture. */
async function reportSize(capture: string, lines: readonly Line[]): Promise<void> {
  const store = freshFolder()
  files.makeFolder(store)
  await convertSegment(
    { segment: segmentOf(lines), store, memoryMb: MEMORY_MB },
    { files, blocks, isAsSealed: () => true },
  )
  const bytesOf = (type: RecordType): number =>
    (readManifest(files, store, 1)?.files ?? [])
      .filter((file) => file.type === type)
      .reduce((sum, { bytes }) => sum + bytes, 0)
  const countOf = (type: RecordType): number => lines.filter((line) => line.type === type).length
  const levels = lines.reduce((sum, line) => sum + (line.type === 'orderbook_delta' ? line.levels : 0), 0)
  console.log(
    capture.padEnd(50),
    `${(bytesOf('trade') / countOf('trade')).toFixed(2)} bytes a trade,`,
    `${(bytesOf('orderbook_delta') / levels).toFixed(2)} bytes a level change`,
  )
}

const captures = process.argv[2] ?? capturesFolder()
if (captures === undefined) throw new Error('no captures: name their folder')
try {
  const all: Line[] = []
  for (const capture of CAPTURES) {
    const lines = await linesOf(join(captures, capture))
    await reportSize(capture, lines)
    for (const line of lines) all.push(line)
  }
  await reportRates(
    'trades',
    all.filter(({ type }) => type === 'trade'),
  )
  await reportRates(
    'deltas',
    all.filter(({ type }) => type === 'orderbook_delta'),
  )
  await reportRates('everything', all)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
