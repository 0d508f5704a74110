import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Field, type RecordDefinition, RECORDS } from '../../../src/core/record.ts'
import { batchOf, databaseName, engineOfFile, lineOf, sinkOf } from './world.ts'

const { skip, engine, server } = await engineOfFile()

/** A column as the text that its value has in a record; NULL stays. */
function textOf({ key, kind }: Field): string {
  switch (kind) {
    case 'text':
      return key
    case 'micros':
      return `toUnixTimestamp64Micro(${key})`
    case 'boolean':
      return `if(${key}, 'true', 'false')`
    case 'integer':
    case 'decimal':
      return `toString(${key})`
    case 'texts':
      return `toJSONString(${key})`
    case 'levels':
      return `concat('[', arrayStringConcat(arrayMap(level -> concat('["', toString(level.1), '","', toString(level.2), '"]'), ${key}), ','), ']')`
  }
}

/** The stored records of a type as lines of the journal, in the order of `seq`. */
async function storedLines(database: string, record: RecordDefinition): Promise<readonly string[]> {
  const cells = record.fields.map((field) => `ifNull(toString(${textOf(field)}), 'NULL')`)
  const rows = await server.rows(
    `SELECT ${cells.join(', ')} FROM ${database}.${record.type} FINAL ORDER BY seq`,
  )
  return rows.map(
    (row) => `{${record.fields.flatMap((field, at) => pairOf(field, row[at] ?? '')).join(',')}}`,
  )
}

function pairOf({ key, kind, optional }: Field, cell: string): readonly string[] {
  if (cell === 'NULL') return optional === true ? [] : [`"${key}":null`]
  if (kind === 'texts' && optional === true && cell === '[]') return []
  const quoted = kind === 'text' || kind === 'decimal'
  return [`"${key}":${quoted ? JSON.stringify(cell) : cell}`]
}

/** Every line of `lines` comes back as it went, byte for byte. */
async function assertKept(record: RecordDefinition, lines: readonly string[]): Promise<void> {
  const database = databaseName()
  const sink = sinkOf(engine, { database })
  await sink.open()
  assert.deepEqual(await sink.write(batchOf('one', lines)), [])
  await sink.close()
  assert.deepEqual(await storedLines(database, record), lines)
}

/** The sample with every key that may be absent, in its place. */
function fullLine(record: RecordDefinition, seq: number): string {
  const sample: Readonly<Record<string, unknown>> = JSON.parse(record.sample)
  const filled = record.fields.map((field) => [field.key, sample[field.key] ?? valueOf(field)])
  return JSON.stringify({ ...Object.fromEntries(filled), seq, id: `${record.type}:${seq}` })
}

function valueOf({ kind, values }: Field): unknown {
  switch (kind) {
    case 'text':
      return values?.at(-1) ?? 'USD'
    case 'micros':
      return 1_700_000_000_000_001
    case 'boolean':
      return true
    case 'integer':
      return Number.MAX_SAFE_INTEGER
    case 'decimal':
      return '0.01'
    case 'texts':
      return values
    case 'levels':
      return [['1.5', '2']]
  }
}

/** The sample with `null` wherever that may stand, and without what may be absent. */
function bareLine(record: RecordDefinition, seq: number): string {
  const sample: Readonly<Record<string, unknown>> = JSON.parse(record.sample)
  const kept = record.fields
    .filter((field) => field.optional !== true)
    .map((field) => [field.key, field.nullable === true ? null : sample[field.key]])
  return JSON.stringify({ ...Object.fromEntries(kept), seq, id: `${record.type}:${seq}` })
}

for (const record of RECORDS) {
  test(
    `a ${record.type} is read back as it stands in the journal, with and without every key that may be absent`,
    { skip },
    () => assertKept(record, [lineOf(record.type, { seq: 1 }), fullLine(record, 2), bareLine(record, 3)]),
  )
}

const recordOf = (type: string): RecordDefinition => {
  const found = RECORDS.find((record) => record.type === type)
  assert.ok(found)
  return found
}

/** Smallest step, a price below every tick there is, sizes of coins counted in trillions, and the longest numbers that fit. */
const DECIMALS = [
  '0.00000001',
  '0.00000074351',
  '0.000000000000000001',
  '10000000000000',
  '98765432109876.54321',
  '12345678901234567890.123456789012345678',
  '61837.63',
  '9007199254740993',
]

test('prices and sizes are exact to the last digit', { skip }, async () => {
  await assertKept(
    recordOf('trade'),
    DECIMALS.map((text, at) => lineOf('trade', { seq: at + 1, id: `t:${at}`, price: text, size: text })),
  )
  const levels = DECIMALS.map((text) => [text, text])
  await assertKept(recordOf('orderbook'), [lineOf('orderbook', { seq: 1, bids: levels, asks: levels })])
  await assertKept(recordOf('orderbook_delta'), [
    lineOf('orderbook_delta', { seq: 1, bids: [['-0.5', '0'], ...levels], asks: [] }),
  ])
})

test('a symbol beyond ASCII, with quotes and backslashes, comes back as it is', { skip }, () =>
  assertKept(recordOf('trade'), [
    lineOf('trade', { seq: 1, symbol: '币安人生-USDT', instrument: String.raw`a"b\c'd`, id: '币:1' }),
  ]),
)

test(
  'records are told apart by their id, also when they come in another batch and from another session',
  { skip },
  async () => {
    const database = databaseName()
    const sink = sinkOf(engine, { database })
    await sink.open()
    for (const type of ['trade', 'orderbook_delta', 'orderbook', 'gap'] as const) {
      await sink.write(batchOf('one', [lineOf(type, { seq: 5 }), lineOf(type, { seq: 6, id: 'another' })]))
      await sink.write(batchOf('two', [lineOf(type, { seq: 7, session: 'other' })]))
      await server.command(`OPTIMIZE TABLE ${database}.${type} FINAL`)
      const rows = await server.rows(`SELECT seq FROM ${database}.${type} ORDER BY seq`)
      assert.deepEqual(rows, [['6'], ['7']])
    }
    await sink.close()
  },
)

test(
  'the second host that collects the same trade adds no row, though it read it at another time',
  { skip },
  async () => {
    const database = databaseName()
    const sink = sinkOf(engine, { database })
    await sink.open()
    await sink.write(batchOf('host one', [lineOf('trade')]))
    await sink.write(
      batchOf('host two', [lineOf('trade', { recv_time_us: 1_672_531_200_000_001, session: 'two' })]),
    )
    await sink.close()
    await server.command(`OPTIMIZE TABLE ${database}.trade FINAL`)
    assert.deepEqual(await server.rows(`SELECT session FROM ${database}.trade`), [['two']])
  },
)

test('a batch that reaches over more days than ClickHouse wants partitions is stored', { skip }, async () => {
  const database = databaseName()
  const sink = sinkOf(engine, { database })
  await sink.open()
  const days = Array.from({ length: 150 }, (_, day) =>
    lineOf('gap', {
      seq: day + 1,
      id: `gap:${day}`,
      recv_time_us: 1_700_000_000_000_000 + day * 86_400_000_000,
    }),
  )
  assert.deepEqual(await sink.write(batchOf('one', days)), [])
  await sink.close()
  assert.equal((await storedLines(database, recordOf('gap'))).length, 150)
})
