import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { FailureError } from '../../../src/core/errors.ts'
import { RECORD_TYPES } from '../../../src/core/record.ts'
import { readManifests } from '../../../src/sinks/parquet/manifest.ts'
import {
  ask,
  files,
  lineOf,
  NEW_YEAR_US,
  openSink,
  sealedSegment,
  temporaryFolder,
  tradeLines,
} from './rig.ts'

const DAY_US = 86_400_000_000

test('records of every type are in the store once the segment is stored', async (context) => {
  const folder = temporaryFolder(context)
  const store = join(folder, 'store')
  const lines = RECORD_TYPES.map((type) => lineOf(type))
  const sink = await openSink(store)
  const stored = Object.fromEntries(RECORD_TYPES.map((type) => [type, 1]))
  const segment = sealedSegment(join(folder, 'journal'), 1, lines)
  assert.deepEqual(await sink.store(segment), { stored, rejected: [] })
  const counts = `SELECT (SELECT count(*) FROM trades), (SELECT count(*) FROM books), (SELECT count(*) FROM deltas), (SELECT count(*) FROM gaps)`
  assert.deepEqual(await ask(store, counts), [[1n, 1n, 1n, 1n]])
})

test('a segment is divided by type, UTC day of receipt and exchange, and its manifest tells what is where', async (context) => {
  const folder = temporaryFolder(context)
  const store = join(folder, 'store')
  const segment = sealedSegment(join(folder, 'journal'), 12, [
    lineOf('trade', { recv_time_us: NEW_YEAR_US - 1 }),
    lineOf('trade', { recv_time_us: NEW_YEAR_US }),
    lineOf('trade', { recv_time_us: NEW_YEAR_US + DAY_US - 1, exchange: 'okx' }),
    lineOf('gap', { recv_time_us: NEW_YEAR_US }),
  ])
  const sink = await openSink(store)
  await sink.store(segment)
  const paths = [
    'type=gap/date=2026-01-01/exchange=binance/00000012.parquet',
    'type=trade/date=2025-12-31/exchange=binance/00000012.parquet',
    'type=trade/date=2026-01-01/exchange=binance/00000012.parquet',
    'type=trade/date=2026-01-01/exchange=okx/00000012.parquet',
  ]
  assert.deepEqual(globSync('**/*.parquet', { cwd: store }).toSorted(), paths)
  const [manifest] = readManifests(files, store)
  assert.ok(manifest)
  assert.equal(`${join(folder, 'journal')}/${manifest.source}`, segment.path)
  assert.equal(manifest.records, 4)
  assert.deepEqual(manifest.files.map(({ path }) => path).toSorted(), paths)
  for (const { path, bytes, sha256, rows } of manifest.files) {
    const content = readFileSync(join(store, path))
    assert.equal(rows, 1)
    assert.equal(bytes, content.length)
    assert.equal(sha256, createHash('sha256').update(content).digest('hex'))
  }
  assert.deepEqual(readdirSync(join(store, 'tmp')), [])
})

test('two files are written at a time where the memory is large, one where it is small, and they are the same', async (context) => {
  const folder = temporaryFolder(context)
  const exchanges = ['okx', 'deribit', 'binance', 'bybit']
  const lines = exchanges.flatMap((exchange, at) =>
    Array.from({ length: 500 * (at + 1) }, (_, seq) =>
      lineOf('trade', { exchange, seq: seq + 1, price: seq === 7 ? 'much' : '1.5' }),
    ),
  )
  const segment = sealedSegment(join(folder, 'journal'), 1, lines)
  const [small, large] = await Promise.all(
    [128, 512].map(async (memoryMb) => {
      const store = join(folder, String(memoryMb))
      const { stored, rejected } = await (await openSink(store, memoryMb)).store(segment)
      assert.deepEqual([stored, rejected.length], [{ trade: 4_996 }, 4])
      return readManifests(files, store)
    }),
  )
  assert.deepEqual(small, large)
})

test('a part that cannot be written fails the segment, and leaves the rest undone', async (context) => {
  const folder = temporaryFolder(context)
  const store = join(folder, 'store')
  const exchanges = Array.from({ length: 12 }, (_, at) => `exchange-${at}`)
  const lines = exchanges.map((exchange) => lineOf('trade', { exchange, recv_time_us: NEW_YEAR_US }))
  const segment = sealedSegment(join(folder, 'journal'), 1, lines)
  const sink = await openSink(store)
  // A folder stands where the first file would get its name.
  const taken = join(store, 'type=trade/date=2026-01-01/exchange=exchange-0/00000001.parquet')
  mkdirSync(taken, { recursive: true })
  await assert.rejects(sink.store(segment), FailureError)
  assert.ok(globSync('**/*.parquet', { cwd: store }).length < exchanges.length)
  rmdirSync(taken)
  assert.deepEqual(await sink.store(segment), { stored: { trade: 12 }, rejected: [] })
})

test('storing a segment again changes nothing', async (context) => {
  const folder = temporaryFolder(context)
  const store = join(folder, 'store')
  const segment = sealedSegment(join(folder, 'journal'), 1, tradeLines(1, 250))
  await (await openSink(store)).store(segment)
  const [path = ''] = globSync('**/*.parquet', { cwd: store })
  const before = statSync(join(store, path))
  await (await openSink(store)).store(segment)
  const after = statSync(join(store, path))
  assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs])
  assert.deepEqual(await ask(store, 'SELECT count(*), count(DISTINCT seq) FROM trades'), [[250n, 250n]])
})

test('a segment without records is stored too', async (context) => {
  const folder = temporaryFolder(context)
  const store = join(folder, 'store')
  const sink = await openSink(store)
  const segment = sealedSegment(join(folder, 'journal'), 1, [])
  assert.deepEqual(await sink.store(segment), { stored: {}, rejected: [] })
  assert.equal(readManifests(files, store).length, 1)
})

for (const [what, bad] of [
  ['no JSON', '{"type":"trade","exchange":"okx","recv_time_us":1767225600000000,'],
  ['no UTF-8', Buffer.from(lineOf('trade', { symbol: '\u00ff' }), 'latin1')],
  ['a price that is no number', lineOf('trade', { price: 'much' })],
  ['a price with an exponent', lineOf('trade', { price: '1e-9' })],
  ['a price with a sign', lineOf('trade', { price: '-123456789.5' })],
  ['a price with 19 decimals', lineOf('trade', { price: '1.0000000000000000001' })],
  ['a price of 19 digits', lineOf('trade', { price: '1000000000000000000' })],
  ['no price', lineOf('trade', { price: undefined })],
  ['a sequence that is text', lineOf('trade', { seq: 'one' })],
  ['a sequence beyond 2^53', lineOf('trade', {}).replace('"seq":1,', '"seq":99999999999999999999,')],
  ['no receive time', lineOf('trade', { recv_time_us: undefined })],
  ['an exchange that is no word', lineOf('trade', { exchange: '../../etc' })],
  ['a level without a size', lineOf('orderbook_delta', { bids: [['1']] })],
  ['a level that is a number', lineOf('orderbook_delta', { bids: [7] })],
  ['no levels', lineOf('orderbook_delta', { asks: null })],
  ['no record at all', 'garbage'],
] as const) {
  test(`a record is answered and the others are stored, when it has ${what}`, async (context) => {
    const folder = temporaryFolder(context)
    const store = join(folder, 'store')
    const good = [...tradeLines(1, 3), lineOf('orderbook_delta', { seq: 4 })]
    const segment = sealedSegment(join(folder, 'journal'), 1, [...good.slice(0, 2), bad, ...good.slice(2)])
    const sink = await openSink(store)
    const outcome = await sink.store(segment)
    const { rejected, stored } = outcome
    assert.deepEqual(stored, { trade: 3, orderbook_delta: 1 })
    assert.equal(rejected.length, 1)
    assert.deepEqual(
      Buffer.from(rejected[0]?.bytes ?? []),
      Buffer.concat([Buffer.from(bad), Buffer.from('\n')]),
    )
    assert.equal(rejected[0]?.code, 'bad_record')
    const seqs = 'SELECT seq FROM trades UNION ALL SELECT seq FROM deltas ORDER BY seq'
    assert.deepEqual(await ask(store, seqs), [[1n], [2n], [3n], [4n]])
    // The one who asks again, after a crash, gets the same answer.
    assert.deepEqual(await (await openSink(store)).store(segment), outcome)
  })
}

test('a segment of which over a thousand records cannot be stored is refused, and nothing of it is in the store', async (context) => {
  const folder = temporaryFolder(context)
  const store = join(folder, 'store')
  const lines = Array.from({ length: 1_001 }, (_, seq) => lineOf('trade', { seq, price: 'much' }))
  const segment = sealedSegment(join(folder, 'journal'), 1, lines)
  const sink = await openSink(store)
  await assert.rejects(sink.store(segment), isFailure('bad_record', false))
  assert.deepEqual(readManifests(files, store), [])
})

test('a segment that is as it was sealed and holds fewer records than the journal says is corrupt, and is not stored', async (context) => {
  const folder = temporaryFolder(context)
  const store = join(folder, 'store')
  const segment = { ...sealedSegment(join(folder, 'journal'), 1, tradeLines(1, 200)), records: 201 }
  const sink = await openSink(store)
  await assert.rejects(sink.store(segment), isFailure('corrupt', false))
  assert.deepEqual(readManifests(files, store), [])
})

test('of a segment that was damaged after it was sealed every batch that is whole is stored', async (context) => {
  const folder = temporaryFolder(context)
  const store = join(folder, 'store')
  const { path, number } = sealedSegment(join(folder, 'journal'), 1, tradeLines(1, 300))
  const bytes = readFileSync(path)
  // The second of three batches of a hundred records.
  const middle = Math.floor(bytes.length / 2)
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  writeFileSync(path, bytes)
  const sink = await openSink(store)
  assert.deepEqual(await sink.store({ path, number, records: 300 }), { stored: { trade: 200 }, rejected: [] })
  const seqs = 'SELECT count(*), count(*) FILTER (seq BETWEEN 101 AND 200) FROM trades'
  assert.deepEqual(await ask(store, seqs), [[200n, 0n]])
})

test('a batch larger than what is read at a time is stored whole', async (context) => {
  const folder = temporaryFolder(context)
  const store = join(folder, 'store')
  const bids = Array.from({ length: 150_000 }, (_, level) => [`${level}.5`, '0.00000001'])
  const lines = [tradeLines(1, 1)[0] ?? '', lineOf('orderbook', { bids }), lineOf('gap')]
  const sink = await openSink(store)
  await sink.store(sealedSegment(join(folder, 'journal'), 1, lines))
  assert.deepEqual(await ask(store, 'SELECT len(bids), bids[-1].price FROM books'), [[150_000n, '149999.5']])
  assert.deepEqual(await ask(store, 'SELECT (SELECT count(*) FROM trades), (SELECT count(*) FROM gaps)'), [
    [1n, 1n],
  ])
})

test('a segment of another journal is not taken for the one of the same number that is in the store', async (context) => {
  const folder = temporaryFolder(context)
  const store = join(folder, 'store')
  const sink = await openSink(store)
  const { number, records, path } = sealedSegment(join(folder, 'journal'), 1, tradeLines(1, 3))
  await sink.store({ number, records, path })
  const other = path.replace('2026', '2027')
  await assert.rejects(sink.store({ number, records, path: other }), isFailure('mismatch', false))
})

test('what a conversion that was killed has left is removed at the next start', async (context) => {
  const folder = temporaryFolder(context)
  const store = join(folder, 'store')
  const journal = join(folder, 'journal')
  const sink = await openSink(store)
  await sink.store(sealedSegment(journal, 1, tradeLines(1, 3)))
  const [path = ''] = globSync('**/*.parquet', { cwd: store })
  const published = path.replace('00000001', '00000002')
  for (const name of [published, 'tmp/00000002-0.ndjson.tmp', 'tmp/00000001-trade.parquet.tmp']) {
    writeFileSync(join(store, name), 'half')
  }
  await openSink(store)
  assert.deepEqual(readdirSync(join(store, 'tmp')), [])
  assert.equal(existsSync(join(store, published)), false)
  assert.equal(existsSync(join(store, path)), true)
})

test('a folder whose name means something to the database is a folder like any other', async (context) => {
  const store = join(temporaryFolder(context), "it's [a] *store?")
  const sink = await openSink(store)
  await sink.store(sealedSegment(join(store, 'journal'), 1, tradeLines(1, 3)))
  assert.deepEqual(await ask(store, 'SELECT count(*) FROM trades'), [[3n]])
})

function isFailure(code: string, retryable: boolean): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof FailureError, String(error))
    assert.deepEqual([error.code, error.retryable], [code, retryable], error.message)
    return true
  }
}
