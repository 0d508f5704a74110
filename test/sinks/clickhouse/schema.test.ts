import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FailureError } from '../../../src/core/errors.ts'
import { RECORDS } from '../../../src/core/record.ts'
import { columnsOf } from '../../../src/sinks/clickhouse/columns.ts'
import { MIGRATIONS } from '../../../src/sinks/clickhouse/migrations.ts'
import { Schema } from '../../../src/sinks/clickhouse/schema.ts'
import { PASSWORD } from '../../engines/engine.ts'
import {
  batchOf,
  countOf,
  databaseName,
  engineOfFile,
  numberOf,
  optionsOf,
  sinkOf,
  tradeLines,
} from './world.ts'

const { skip, engine, server } = await engineOfFile()

const isFailure =
  (code: string, retryable: boolean, text: RegExp) =>
  (cause: unknown): boolean =>
    cause instanceof FailureError &&
    cause.code === code &&
    cause.retryable === retryable &&
    text.test(cause.message)

const schemaOf = (database: string): Schema => new Schema(server, optionsOf(engine, { database }))

test('the migrations make one column for each key of each record, and the time', { skip }, async () => {
  const database = databaseName()
  await schemaOf(database).prepare()
  for (const record of RECORDS) {
    const rows = await server.rows(
      `SELECT name, replaceRegexpAll(replaceRegexpAll(type, '\\\\s+', ' '), '\\\\( ', '(') FROM system.columns
       WHERE database = '${database}' AND table = '${record.type}' AND default_kind = ''`,
    )
    assert.deepEqual(
      rows.map(([name, type]) => ({ name, type })),
      columnsOf(record),
    )
    const more = await server.rows(
      `SELECT name FROM system.columns WHERE database = '${database}' AND table = '${record.type}' AND default_kind != ''`,
    )
    assert.deepEqual(more, [['time_us']])
  }
})

test('preparing twice changes nothing, and keeps what is stored', { skip }, async () => {
  const database = databaseName()
  const sink = sinkOf(engine, { database })
  await sink.open()
  await sink.write(batchOf('one', tradeLines(1, 11)))
  await sink.open()
  await sink.close()
  assert.equal(await countOf(server, `${database}.trade`), 10)
  assert.equal(await countOf(server, `${database}.migrations`), MIGRATIONS.length)
})

test('a migration that was cut off half way is completed', { skip }, async () => {
  const database = databaseName()
  await server.command(`CREATE DATABASE ${database}`)
  const [first = ''] = MIGRATIONS[0]?.statements((type) => `${database}.${type}`) ?? []
  await server.command(first)
  await schemaOf(database).prepare()
  assert.equal(
    await numberOf(server, `SELECT count() FROM system.tables WHERE database = '${database}'`),
    RECORDS.length + 1,
  )
})

test('a step that follows is applied to tables that have the one before, once', { skip }, async () => {
  const database = databaseName()
  await schemaOf(database).prepare()
  const next = {
    version: 2,
    name: 'a note',
    statements: () => [`ALTER TABLE ${database}.gap ADD COLUMN IF NOT EXISTS note String`],
  }
  const newer = new Schema(server, optionsOf(engine, { database }), [...MIGRATIONS, next])
  await newer.prepare()
  await newer.prepare()
  const versions = await server.rows(`SELECT version, name FROM ${database}.migrations ORDER BY version`)
  assert.deepEqual(versions, [
    ['1', 'a table for each type of record'],
    ['2', 'a note'],
  ])
  await assert.rejects(schemaOf(database).prepare(), isFailure('mismatch', false, /version 2.*too old/))
})

test(
  'a table with another column than it should have is told by the name of the column',
  { skip },
  async () => {
    const database = databaseName()
    await schemaOf(database).prepare()
    await server.command(`ALTER TABLE ${database}.gap MODIFY COLUMN missed Nullable(Int32)`)
    await assert.rejects(
      schemaOf(database).prepare(),
      isFailure('mismatch', false, /gap\.missed is Nullable\(Int32\), and should be Nullable\(Int64\)/),
    )
    await server.command(`ALTER TABLE ${database}.gap DROP COLUMN missed`)
    await assert.rejects(schemaOf(database).prepare(), isFailure('mismatch', false, /gap\.missed is missing/))
  },
)

test('retention is set, changed and lifted as configured, and what is older goes', { skip }, async () => {
  const database = databaseName()
  const engineOf = async (): Promise<string> => {
    const sql = `SELECT engine_full FROM system.tables WHERE database = '${database}' AND name = 'trade'`
    return (await server.rows(sql))[0]?.[0] ?? ''
  }
  const prepare = (retentionDays: number): Promise<void> =>
    new Schema(server, optionsOf(engine, { database, retentionDays })).prepare()
  await prepare(30)
  assert.match(await engineOf(), /TTL toDateTime\(recv_time_us\) \+ toIntervalDay\(30\) /)
  await prepare(7)
  assert.match(await engineOf(), /toIntervalDay\(7\) /)
  const sink = sinkOf(engine, { database, retentionDays: 7 })
  await sink.open()
  await sink.write(batchOf('long ago', tradeLines(1, 11)))
  await sink.close()
  await server.command(`OPTIMIZE TABLE ${database}.trade FINAL`)
  assert.equal(await countOf(server, `${database}.trade`), 0)
  await prepare(0)
  assert.doesNotMatch(await engineOf(), /TTL/)
})

test('a prefix begins the name of every table', { skip }, async () => {
  const database = databaseName()
  const sink = sinkOf(engine, { database, tablePrefix: 'left_' })
  await sink.open()
  await sink.write(batchOf('one', tradeLines(1, 2)))
  await sink.close()
  assert.equal(await countOf(server, `${database}.left_trade`), 1)
  const names = await server.rows(`SELECT name FROM system.tables WHERE database = '${database}'`)
  assert.ok(names.every(([name]) => name?.startsWith('left_')))
})

test(
  'a wrong password is told as unauthorized, for a person, and read again once it has been mended',
  { skip },
  async () => {
    let password = 'another'
    const sink = sinkOf(engine, { readPassword: () => password })
    await assert.rejects(sink.open(), isFailure('unauthorized', false, /Authentication failed/))
    password = PASSWORD
    await sink.open()
    await sink.close()
  },
)

test('a symbol over time is found by the primary key, in a small part of the table', { skip }, async () => {
  const database = databaseName()
  const sink = sinkOf(engine, { database })
  await sink.open()
  // Ten granules of 8,192 rows, one millisecond a row.
  await sink.write(batchOf('one', tradeLines(0, 81_920)))
  await sink.close()
  const granulesOf = async (column: string): Promise<string> => {
    const from = 1_700_000_020
    const rows = await server.rows(
      `EXPLAIN indexes = 1 SELECT avg(price) FROM ${database}.trade WHERE exchange = 'binance' AND market_type = 'spot'
       AND symbol = 'BTC-USDT' AND ${column} >= toDateTime64(${from}, 6, 'UTC') AND ${column} < toDateTime64(${from + 1}, 6, 'UTC')`,
    )
    return rows.map(([line = '']) => line.trim()).join('\n')
  }
  assert.match(
    await granulesOf('time_us'),
    /PrimaryKey\n(?:.*\n)*?symbol\ntime_us\n(?:.*\n)*?Granules: [12]\/10/,
  )
  assert.match(await granulesOf('recv_time_us'), /Skip\nName: recv_time\n(?:.*\n)*?Granules: [12]\/10/)
})
