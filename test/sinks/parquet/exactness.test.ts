import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runReplay } from '../../../src/app/replay.ts'
import { readConfig } from '../../../src/config/loader.ts'
import { type Field, RECORD_TYPES, RECORDS, type RecordType } from '../../../src/core/record.ts'
import { segmentFile, segmentsOf } from '../../../src/journal/format.ts'
import { readManifest } from '../../../src/journal/manifest.ts'
import { columnOf, definitionOf } from '../../../src/sinks/parquet/columns.ts'
import { VIEW_NAMES } from '../../../src/sinks/parquet/views.ts'
import { capturesFolder } from '../../captures.ts'
import { memoryIo } from '../../cli/memory-io.ts'
import {
  ask,
  blocks,
  files,
  type Json,
  lineOf,
  openSink,
  recordOf,
  sealedSegment,
  temporaryFolder,
} from './rig.ts'

/** Prices and sizes as venues list them, and the widest that the columns take. */
const DECIMALS = [
  '0',
  '1',
  '60819.5',
  '0.00000001',
  '0.000000001',
  '0.0000000000001',
  '0.000000000000000001',
  '0.123456789',
  '9.99999999',
  '9.999999999',
  '1234567890',
  '9999999999',
  '10000000000',
  '10000000000000',
  '12345678901234.5678',
  '90071992547.40993',
  '123456789012345678',
  '999999999999999999.999999999999999999',
]

test('every decimal comes back as the text that it was, in trades and in levels', async (context) => {
  const folder = temporaryFolder(context)
  const store = join(folder, 'store')
  const texts = [...DECIMALS, ...randomDecimals(2_000)]
  const lines = texts.flatMap((text, seq) => [
    lineOf('trade', { seq, price: text, size: text, size_unit: 'contracts', contract_size: text }),
    lineOf('orderbook_delta', { seq, bids: [[text, '0']], asks: [['1', text]] }),
  ])
  await (await openSink(store)).store(sealedSegment(join(folder, 'journal'), 1, lines))
  const trades = await ask(store, 'SELECT price, size, contract_size FROM trades ORDER BY seq')
  assert.deepEqual(
    trades,
    texts.map((text) => [text, text, text]),
  )
  const levels = await ask(store, 'SELECT bids[1].price, asks[1].size FROM deltas ORDER BY seq')
  assert.deepEqual(
    levels,
    texts.map((text) => [text, text]),
  )
})

test('every key of every record comes back, absent and null ones as NULL', async (context) => {
  const folder = temporaryFolder(context)
  const store = join(folder, 'store')
  const records = RECORDS.flatMap(({ type, fields }) => [
    recordOf(type, { seq: 1, recv_time_us: 1_767_225_600_000_001 }),
    recordOf(type, { seq: 2, venue_time_us: 1_767_225_599_999_999, ...filled(fields) }),
    recordOf(type, {
      seq: 3,
      ...Object.fromEntries(fields.filter(isNullable).map(({ key }) => [key, null])),
    }),
  ])
  const lines = records.map((record) => JSON.stringify(record))
  await (await openSink(store)).store(sealedSegment(join(folder, 'journal'), 1, lines))
  await expectSame(store, records)
})

const captures = capturesFolder()
const CAPTURES = [
  'binance-spot/2024-08-08-btcusdt.ndjson.gz',
  'okx-spot/2022-05-13-btc-usdt-books.ndjson',
  'deribit/2021-04-05-10opt.ndjson',
]
for (const capture of CAPTURES) {
  const skip = captures === undefined ? 'there are no captures here' : false
  test(`every record of ${capture} is in Parquet as it is in the journal`, { skip }, async (context) => {
    const folder = temporaryFolder(context)
    const outcome = readConfig(new TextEncoder().encode('{}'))
    assert.ok('config' in outcome)
    const run = {
      config: outcome.config,
      files: [join(captures ?? '', capture)],
      out: folder,
      venue: undefined,
    }
    assert.equal(await runReplay(run, memoryIo().io), 0)
    const journal = join(folder, readdirSync(folder)[0] ?? '')
    const store = join(folder, 'store')
    const sink = await openSink(store)
    const records: Json[] = []
    for (const segment of segmentsOf(files.list(journal))) {
      const path = join(journal, segmentFile(segment))
      for (const block of blocks(path)) records.push(...recordsOf(block))
      const { records: count } = readManifest(files, journal, segment.stem) ?? { records: 0 }
      const { rejected } = await sink.store({ path, number: segment.number, records: count })
      assert.deepEqual(rejected, [])
    }
    await expectSame(store, records)
  })
}

/** Records of a block; lines that are none are left out. */
function recordsOf(block: Uint8Array): readonly Json[] {
  const lines = new TextDecoder().decode(block).trimEnd().split('\n')
  return lines.map((line): Json => JSON.parse(line)).filter(({ exchange }) => exchange !== undefined)
}

/** Holds all rows of the store against the records, key by key. */
async function expectSame(store: string, records: readonly Json[]): Promise<void> {
  for (const type of RECORD_TYPES) {
    const { fields } = definitionOf(type)
    const expected = records
      .filter((record) => record['type'] === type)
      .map((record) => rowOf(fields, record))
    const rows = await ask(store, `SELECT ${columnsOf(type)} FROM ${VIEW_NAMES[type]}`)
    assert.equal(rows.length, expected.length, type)
    // Streams are told apart by all that names them, and ordered by their numbers.
    assert.deepEqual(rows.map(textOf).toSorted(), expected.map(textOf).toSorted())
  }
}

const columnsOf = (type: RecordType): string =>
  definitionOf(type)
    .fields.map((field) =>
      field.kind === 'micros' ? `epoch_us("${columnOf(field)}")` : `"${columnOf(field)}"`,
    )
    .join(', ')

/** What the columns of a record must hold. */
function rowOf(fields: readonly Field[], record: Json): readonly unknown[] {
  return fields.map(({ key, kind }) => {
    const value = record[key] ?? null
    if (kind !== 'levels' || !Array.isArray(value)) return value
    return value.map(([price, size]: readonly string[]) => ({ price, size }))
  })
}

const textOf = (row: readonly unknown[]): string =>
  JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))

const isNullable = ({ nullable }: Field): boolean => nullable === true

/** A value for every key that may be absent or null. */
function filled(fields: readonly Field[]): Json {
  const values: Readonly<Record<Field['kind'], unknown>> = {
    text: 'ÄÖ "quoted" \\ 字',
    texts: ['rpi', 'adl'],
    integer: Number.MAX_SAFE_INTEGER,
    micros: 1_767_225_600_123_457,
    decimal: '0.00000001',
    boolean: true,
    levels: [],
  }
  const open = fields.filter(({ nullable, optional }) => nullable === true || optional === true)
  return Object.fromEntries(
    open.map(({ key, kind, values: words }) => [key, kind === 'text' && words ? words[0] : values[kind]]),
  )
}

/** Up to 18 digits on each side of the point, the same ones every time. */
function randomDecimals(count: number): readonly string[] {
  let state = 7
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  const digits = (length: number): string => Array.from({ length }, () => String(below(10))).join('')
  return Array.from({ length: count }, () => {
    const whole = digits(1 + below(18)).replace(/^0+(?=\d)/, '')
    const fraction = digits(below(19)).replace(/0+$/, '')
    return fraction === '' ? whole : `${whole}.${fraction}`
  })
}
