import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { EXIT } from '../../src/app/exit.ts'
import { findSources } from '../../src/app/query-sources.ts'
import { runQuery } from '../../src/app/query.ts'
import { RECORDS } from '../../src/core/record.ts'
import { SystemFiles } from '../../src/runtime/system-files.ts'
import { columnOf } from '../../src/sinks/parquet/columns.ts'
import { VIEW_NAMES } from '../../src/sinks/parquet/views.ts'
import { memoryIo } from '../cli/memory-io.ts'
import {
  beginSegment,
  childSink,
  lineOf,
  openSink,
  sealedSegment,
  temporaryFolder,
  tradeLine,
  tradeLines,
  writeBatch,
} from '../sinks/parquet/rig.ts'
import { Place } from './records-place.ts'

const COUNT = 'SELECT count(*), count(DISTINCT seq), min(seq), max(seq) FROM trades'

test('before anything was recorded the views are empty and have their columns', async (context) => {
  const place = new Place(context)
  for (const { type, fields } of RECORDS) {
    const { out } = await place.query(`SELECT * FROM ${VIEW_NAMES[type]}`)
    assert.equal(out, `${[...fields.map(columnOf), 'date'].join(',')}\n`)
  }
})

test('views have the same columns and types, whether records are in the store, in the journal, or in both', async (context) => {
  const describe = async (place: Place): Promise<readonly string[]> =>
    Promise.all(Object.values(VIEW_NAMES).map(async (view) => (await place.query(`DESCRIBE ${view}`)).out))
  const [none, stored, live, both] = [0, 1, 2, 3].map(() => new Place(context))
  assert.ok(none && stored && live && both)
  const lines = RECORDS.map(({ type }) => lineOf(type))
  for (const place of [stored, both])
    await (await openSink(place.store)).store(sealedSegment(place.journal, 1, lines))
  for (const place of [live, both]) sealedSegment(place.journal, 2, lines)
  const expected = await describe(none)
  for (const place of [stored, live, both]) assert.deepEqual(await describe(place), expected)
  // A value read from Parquet and one read from a line of the journal are the same.
  for (const view of Object.values(VIEW_NAMES)) {
    assert.deepEqual(await live.rows(`FROM ${view}`), await stored.rows(`FROM ${view}`))
    assert.equal((await both.rows(`SELECT DISTINCT * FROM ${view}`)).length, 1)
    assert.equal((await both.rows(`FROM ${view}`)).length, 2)
  }
})

test('a segment that is in the store is read from there, and every other from the journal', async (context) => {
  const place = new Place(context)
  const sink = await openSink(place.store)
  await sink.store(sealedSegment(place.journal, 1, tradeLines(1, 10)))
  sealedSegment(place.journal, 2, tradeLines(11, 10))
  writeBatch(beginSegment(place.journal, 3), tradeLines(21, 10))
  assert.deepEqual(await place.rows(COUNT), ['30,30,1,30'])
})

test('a segment that the journal has dropped is still read from the store', async (context) => {
  const place = new Place(context)
  const sink = await openSink(place.store)
  const segment = sealedSegment(place.journal, 1, tradeLines(1, 10))
  await sink.store(segment)
  rmSync(segment.path)
  assert.deepEqual(await place.rows(COUNT), ['10,10,1,10'])
})

test('files of the store that no manifest names are no part of it', async (context) => {
  const place = new Place(context)
  const sink = await openSink(place.store)
  await sink.store(sealedSegment(place.journal, 1, tradeLines(1, 10)))
  rmSync(join(place.store, 'manifests/00000001.json'))
  assert.deepEqual(await place.rows(COUNT), ['10,10,1,10'])
})

for (const [what, tail] of [
  ['a line that is not whole', tradeLine(99).slice(0, 40)],
  [
    'a batch of which the header alone is there',
    '{"type":"batch","crc32c":"00000000","bytes":400,"records":2',
  ],
  ['lines whose batch is not whole', `${'{"type":"batch"'.padEnd(135)}\n${tradeLine(99)}\n`],
  ['bytes that are no text', Buffer.from([0, 255, 254, 0, 10])],
] as const) {
  test(`the tail of the segment that is being written is left out when it is ${what}`, async (context) => {
    const place = new Place(context)
    const segment = beginSegment(place.journal, 1)
    writeBatch(segment, tradeLines(1, 5))
    appendFileSync(join(place.journal, `${segment.stem}.ndjson.open`), tail)
    assert.deepEqual(await place.rows(COUNT), ['5,5,1,5'])
  })
}

/** Files of a disk on which a segment moves from the journal to the store right after the listing number `moment`. */
class MovingFiles extends SystemFiles {
  readonly #moment: number
  readonly #move: () => void
  #listings = 0

  constructor(moment: number, move: () => void) {
    super()
    this.#moment = moment
    this.#move = move
  }

  override list(folder: string): readonly string[] {
    const names = super.list(folder)
    if (++this.#listings === this.#moment) this.#move()
    return names
  }
}

for (const moment of [1, 2, 3, 4]) {
  test(`a segment that moves to the store after listing ${moment} is found in one of both`, async (context) => {
    const place = new Place(context)
    const segment = sealedSegment(place.journal, 1, tradeLines(1, 10))
    await (await openSink(place.store)).store(segment)
    const manifest = join(place.store, 'manifests/00000001.json')
    renameSync(manifest, `${manifest}.aside`)
    const files = new MovingFiles(moment, () => {
      renameSync(`${manifest}.aside`, manifest)
      rmSync(segment.path)
    })
    const places = { journal: place.journal, store: place.store, scratch: temporaryFolder(context) }
    const { parquet = [], lines = [] } = findSources(places, files).get('trade') ?? {}
    // The journal's file may be gone before it is read: then the query is answered anew.
    assert.equal(parquet.length + lines.length, 1)
  })
}

test('every record is seen exactly once while segments are written, sealed and moved to the store', async (context) => {
  const place = new Place(context)
  const sink = childSink(place.store)
  await sink.open()
  const state = { written: 0, isDone: false }
  const writing = (async () => {
    for (let number = 1; number <= 8; number++) {
      const segment = beginSegment(place.journal, number)
      for (let batch = 0; batch < 5; batch++) {
        writeBatch(segment, tradeLines(state.written + 1, 20))
        state.written += 20
        await new Promise((resolve) => setImmediate(resolve))
      }
      const { path, records } = segment.seal()
      await sink.store({ path, number, records })
      // The journal drops what every sink has: here at once.
      rmSync(path)
    }
    state.isDone = true
  })()
  let queries = 0
  for (; !state.isDone; queries++) {
    const before = state.written
    const [row = ''] = await place.rows(COUNT)
    const [count, distinct, first, last] = row.split(',').map(Number)
    assert.equal(count, distinct)
    assert.equal(count, (last ?? 0) - (first ?? 1) + (count === 0 ? 0 : 1))
    assert.ok((count ?? 0) >= before, `${count} of ${before}`)
  }
  await writing
  assert.ok(queries >= 5, `${queries} queries in all`)
  assert.deepEqual(await place.rows(COUNT), ['800,800,1,800'])
})

for (const [sql, complaint] of [
  ['selec 1', /syntax error at or near "selec"/],
  ['select price from trade', /Did you mean "trades"\?/],
  ['select prize from trades', /"prize" not found/],
  ["select 'abc'::int", /Could not convert string 'abc'/],
  ['select 1; select 2', /one statement at a time, not 2/],
  [' -- nothing', /no statement/],
  ['select $1', /a parameter without a value/],
  ['create table x (a int)', /only statements that read/],
  ['drop view trades', /only statements that read/],
  ["copy trades to 'x.csv'", /only statements that read/],
  ["explain analyze copy trades to 'x.csv'", /only statements that read/],
  ["attach 'x.db'", /only statements that read/],
  ['set threads = 1', /only statements that read/],
] as const) {
  test(`'${sql}' is refused in words, without a trace`, async (context) => {
    const { code, out, err } = await new Place(context).query(sql)
    assert.equal(code, EXIT.usage)
    assert.equal(out, '')
    assert.match(err, complaint)
    assert.doesNotMatch(err, /\.ts|node_modules/)
  })
}

test('a product of two decimals that has no room is refused with the way out', async (context) => {
  const place = new Place(context)
  sealedSegment(place.journal, 1, [lineOf('trade', { price: '60000', size: '0.5' })])
  assert.match((await place.query('select price * size from trades')).err, /price::DOUBLE \* size/)
  assert.deepEqual(await place.rows('select price::DOUBLE * size from trades'), ['30000'])
})

const TYPED = `SELECT TIMESTAMPTZ '2026-01-01 00:00:00.000001Z' AS time, 1.50::DECIMAL(38,18) AS price, [{'price': 0.10}] AS bids, NULL AS none, 'a "b",c' AS text, 2::BIGINT AS n, 9007199254740993 AS large`

test('csv has a line of names, and quotes what has to be quoted', async (context) => {
  const { out } = await new Place(context).query(TYPED, 'csv')
  assert.equal(
    out,
    'time,price,bids,none,text,n,large\n' +
      '2026-01-01T00:00:00.000001Z,1.5,"[{""price"":""0.1""}]",,"a ""b"",c",2,9007199254740993\n',
  )
})

test('json has one object a line, decimals and large integers as text', async (context) => {
  const { out } = await new Place(context).query(TYPED, 'json')
  assert.equal(out.split('\n').length, 2)
  assert.deepEqual(JSON.parse(out), {
    time: '2026-01-01T00:00:00.000001Z',
    price: '1.5',
    bids: [{ price: '0.1' }],
    none: null,
    text: 'a "b",c',
    n: 2,
    large: '9007199254740993',
  })
})

test('a table has numbers at the right and counts its rows', async (context) => {
  const { out } = await new Place(context).query(
    "SELECT * FROM (VALUES ('BTC', 1), ('ETH', 20)) AS t(coin, n)",
    'table',
  )
  assert.equal(out, ['coin   n', '────  ──', 'BTC    1', 'ETH   20', '2 rows', ''].join('\n'))
})

test('a table stops at a thousand rows and says so, the other formats do not', async (context) => {
  const place = new Place(context)
  const { out } = await place.query('FROM range(1500)', 'table')
  assert.equal(out.trimEnd().split('\n').length, 1_003)
  assert.match(out, /the first 1000 rows; '--format csv' gives everything\n$/)
  assert.equal((await place.rows('FROM range(5000)')).length, 5_000)
})

test('a result with more columns than fit is shown one cell a line', async (context) => {
  const place = new Place(context)
  sealedSegment(place.journal, 1, tradeLines(7, 1))
  const memory = memoryIo()
  const io = { ...memory.io, isTerminal: true }
  await runQuery({ config: place.config, sql: 'FROM trades', format: 'table', memoryMb: 256 }, io)
  assert.match(memory.out(), /^── row 1 ──\n/)
  assert.match(memory.out(), /^price +7\.5$/m)
  for (const line of memory.out().split('\n')) assert.ok(line.length <= 80, line)
})

test('a query leaves nothing behind in the folder for temporary files', async (context) => {
  const place = new Place(context)
  writeBatch(beginSegment(place.journal, 1), tradeLines(1, 5))
  const own = mkdtempSync(join(tmpdir(), 'marketprism-temporary-'))
  const former = process.env['TMPDIR']
  process.env['TMPDIR'] = own
  context.after(() => {
    if (former === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = former
    rmSync(own, { recursive: true })
  })
  await place.query(COUNT)
  await place.query('selec 1')
  assert.deepEqual(readdirSync(own), [])
})
