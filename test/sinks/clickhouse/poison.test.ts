import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FailureError } from '../../../src/core/errors.ts'
import { RECORD_TYPES, type RecordType } from '../../../src/core/record.ts'
import {
  batchOf,
  countOf,
  databaseName,
  engineOfFile,
  lineOf,
  sinkOf,
  tradeLine,
  tradeLines,
} from './world.ts'

const { skip, engine, server } = await engineOfFile()

/** A record that no table takes, by what is wrong with it. */
const POISONS: readonly (readonly [string, RecordType, Readonly<Record<string, unknown>>])[] = [
  ['a price that is no number', 'trade', { price: 'abc' }],
  ['an empty size', 'trade', { size: '' }],
  ['a size of 21 digits', 'trade', { size: '100000000000000000000' }],
  ['a number where text must stand', 'trade', { id: 5 }],
  ['a list where text must stand', 'trade', { symbol: ['BTC-USDT'] }],
  ['no id', 'trade', { id: undefined }],
  ['null for the receive time', 'trade', { recv_time_us: null }],
  ['null for seq', 'gap', { seq: null }],
  ['a word for a time', 'gap', { from_time_us: 'yesterday' }],
  ['no cause', 'gap', { cause: undefined }],
  ['a level of three', 'orderbook_delta', { bids: [['1', '2', '3']] }],
  ['a level without a size', 'orderbook_delta', { asks: [['1']] }],
  ['no bids', 'orderbook_delta', { bids: undefined }],
  ['no word on whether it is full', 'orderbook', { full: undefined }],
  ['text for full', 'orderbook', { full: 'perhaps' }],
]

test(
  'a record that is not what its table holds is answered, and all others are stored',
  { skip },
  async (t) => {
    const database = databaseName()
    const sink = sinkOf(engine, { database })
    await sink.open()
    for (const [what, type, changes] of POISONS) {
      await t.test(what, async () => {
        const good = Array.from({ length: 9 }, (_, at) => lineOf(type, { id: `${what}:${at}`, seq: at + 1 }))
        const lines = [...good.slice(0, 5), lineOf(type, changes), ...good.slice(5)]
        const rejected = await sink.write(batchOf(what, lines))
        assert.deepEqual(
          rejected.map(({ line, code }) => ({ line, code })),
          [{ line: 5, code: 'bad_record' }],
        )
        assert.match(rejected[0]?.reason ?? '', /^ClickHouse \d+: /)
        const stored = await server.rows(
          `SELECT count(), uniqExact(id) FROM ${database}.${type} WHERE startsWith(id, '${what}')`,
        )
        assert.deepEqual(stored, [['9', '9']])
      })
    }
    await sink.close()
  },
)

test('lines that are no JSON are answered too', { skip }, async () => {
  const database = databaseName()
  const sink = sinkOf(engine, { database })
  await sink.open()
  const broken = [tradeLine(3).slice(0, 200), `${tradeLine(4)}}`, tradeLine(5).replaceAll(',', ' ')]
  const rejected = await sink.write(batchOf('one', [...tradeLines(1, 3), ...broken, ...tradeLines(6, 8)]))
  assert.deepEqual(
    rejected.map(({ line }) => line),
    [2, 3, 4],
  )
  await sink.close()
  assert.equal(await countOf(server, `${database}.trade`), 4)
})

test(
  'bad records at both ends, side by side, and of several types are each named by their line',
  { skip },
  async () => {
    const database = databaseName()
    const sink = sinkOf(engine, { database })
    await sink.open()
    const bad = new Set([0, 1, 4_000, 4_001, 4_002, 8_001, 8_999])
    const lines = Array.from({ length: 9_000 }, (_, at) => {
      const type = RECORD_TYPES[at % 3] ?? 'trade'
      return lineOf(type, { id: `${type}:${at}`, seq: at + 1, ...(bad.has(at) && { symbol: 1 }) })
    })
    const rejected = await sink.write(batchOf('one', lines))
    assert.deepEqual(
      rejected.map(({ line }) => line).toSorted((one, other) => one - other),
      [...bad],
    )
    const again = await sink.write(batchOf('one', lines))
    assert.equal(again.length, bad.size)
    await sink.close()
    let stored = 0
    for (const type of RECORD_TYPES) stored += await countOf(server, `${database}.${type}`)
    assert.equal(stored, lines.length - bad.size)
  },
)

test('an answer that is lost while bad records are looked for adds nothing twice', { skip }, async () => {
  const database = databaseName()
  const sink = sinkOf(engine, { database })
  await sink.open()
  const lines = tradeLines(1, 1_001).with(500, tradeLine(501, { price: 'abc' }))
  // The first insert is refused, the second is of the lines before the bad one: both answers are lost.
  await engine.arm({ kind: 'lose_answer', times: 2 })
  await assert.rejects(sink.write(batchOf('one', lines)), FailureError)
  const rejected = await sink.write(batchOf('one', lines))
  assert.deepEqual(
    rejected.map(({ line }) => line),
    [500],
  )
  await sink.close()
  assert.equal(await countOf(server, `${database}.trade`), 999)
})

test(
  'a key that no column has stops the sink for a person: it is the schema that is wrong',
  { skip },
  async () => {
    const database = databaseName()
    const sink = sinkOf(engine, { database })
    await sink.open()
    const lines = [tradeLine(1), tradeLine(2, { mood: 'good' })]
    await assert.rejects(sink.write(batchOf('one', lines)), (cause) => {
      assert.ok(cause instanceof FailureError)
      assert.deepEqual([cause.code, cause.retryable], ['mismatch', false])
      assert.match(cause.message, /mood/)
      return true
    })
    await sink.close()
    assert.equal(await countOf(server, `${database}.trade`), 0)
  },
)

test('a batch in which nearly all is bad stops the sink for a person', { skip }, async () => {
  const database = databaseName()
  const sink = sinkOf(engine, { database })
  await sink.open()
  const lines = Array.from({ length: 150 }, (_, at) => tradeLine(at + 1, { price: 'abc' }))
  await assert.rejects(sink.write(batchOf('one', lines)), (cause) => {
    assert.ok(cause instanceof FailureError)
    assert.deepEqual([cause.code, cause.retryable], ['mismatch', false])
    return true
  })
  await sink.close()
})
