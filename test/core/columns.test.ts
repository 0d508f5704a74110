import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BUY, Columns, EVENT_LIMIT, KIND, LEVEL_LIMIT, packedBytes } from '../../src/core/columns.ts'
import { DecodeError } from '../../src/core/errors.ts'
import { addEvent, copyOf, type Level } from '../book/events.ts'

const levels = fc.array(
  fc.tuple(
    fc.integer({ min: 1, max: 1e9 }).map(String),
    fc.bigInt({ min: 0n, max: 10n ** 20n }).map((size) => `${size / 10n ** 4n}.${size % 10n ** 4n}`),
  ),
  { maxLength: 20, size: 'max' },
)
const events = fc.array(fc.record({ last: fc.nat(), previous: fc.nat(), bids: levels, asks: levels }), {
  maxLength: 12,
})

/** Levels `start` to `start + count` as the numbers that stand in the columns. */
function levelsOf(columns: Columns, start: number, count: number): unknown[] {
  return Array.from({ length: count }, (_, index) => {
    const at = start + index
    const { prices, priceDecimals, sizes, sizeDecimals } = columns
    return [prices[at], priceDecimals[at], sizes[at], sizeDecimals[at], columns.bigSizes?.get(at)]
  })
}

const bidsOf = (columns: Columns, at: number): unknown[] =>
  levelsOf(columns, columns.bidStart[at] ?? -1, columns.bidCount[at] ?? -1)
const asksOf = (columns: Columns, at: number): unknown[] =>
  levelsOf(columns, columns.askStart[at] ?? -1, columns.askCount[at] ?? -1)

function refusal(run: () => void): string {
  try {
    run()
  } catch (error) {
    if (error instanceof DecodeError) return error.code
    throw error
  }
  return 'none'
}

test('columns that grow keep what they hold', () => {
  fc.assert(
    fc.property(events, (shapes) => {
      const grown = new Columns(1, 1)
      const roomy = new Columns(16, 1_024)
      for (const shape of shapes) {
        addEvent(grown, shape)
        addEvent(roomy, shape)
      }
      assert.equal(grown.count, shapes.length)
      for (const [at, shape] of shapes.entries()) {
        assert.equal(grown.last[at], shape.last)
        assert.deepEqual(bidsOf(grown, at), bidsOf(roomy, at))
        assert.deepEqual(asksOf(grown, at), asksOf(roomy, at))
      }
    }),
  )
})

test('a copy says of its event what the original says, and keeps saying it', () => {
  fc.assert(
    fc.property(events, (shapes) => {
      const columns = new Columns(1, 1)
      for (const shape of shapes) addEvent(columns, shape)
      const packed = shapes.map((_, at) => columns.pack(at))
      const said = shapes.map((_, at) => [bidsOf(columns, at), asksOf(columns, at)])
      columns.clear()
      addEvent(columns, { bids: [['1', '1']], asks: [['2', '99999999999999999999']] })
      const copy = new Columns(1, 1)
      for (const [at, event] of packed.entries()) {
        copy.unpack(event)
        assert.equal(copy.count, 1)
        assert.equal(copy.last[0], shapes[at]?.last)
        assert.equal(copy.previous[0], shapes[at]?.previous)
        assert.deepEqual([bidsOf(copy, 0), asksOf(copy, 0)], said[at])
        assert.equal(copy.levels, (copy.bidCount[0] ?? 0) + (copy.askCount[0] ?? 0))
      }
    }),
  )
})

test('the exact sizes beyond 2^53 go with the levels of their own event only', () => {
  const columns = new Columns(1, 1)
  const big: Level = ['1', '10000000000000000.00000001']
  addEvent(columns, { bids: [['3', '1'], big], asks: [['4', '1']] })
  addEvent(columns, { bids: [['3', '1']], asks: [['5', '1'], big] })
  assert.deepEqual([...(copyOf(columns, 0).bigSizes ?? [])], [[1, 10n ** 24n + 1n]])
  assert.deepEqual([...(copyOf(columns, 1).bigSizes ?? [])], [[2, 10n ** 24n + 1n]])
})

test('a copy of a trade has its price and size', () => {
  const columns = new Columns()
  addEvent(columns, { bids: [['7', '8']] })
  const at = columns.begin(KIND.trade)
  columns.side[at] = BUY
  columns.reserve()
  columns.prices[columns.levels] = 6183763
  columns.priceDecimals[columns.levels] = 2
  columns.sizes[columns.levels++] = 5
  columns.count++
  const copy = copyOf(columns, at)
  assert.equal(copy.kind[0], KIND.trade)
  assert.equal(copy.side[0], BUY)
  assert.deepEqual(levelsOf(copy, copy.bidStart[0] ?? -1, 1), [[6183763, 2, 5, 0, undefined]])
})

test('an event begins with nothing known, also where another event stood before', () => {
  const columns = new Columns(1, 1)
  addEvent(columns, {
    first: 1,
    last: 2,
    previous: 3,
    checksum: 4,
    bids: [['1', '1']],
    asks: [['2', '99999999999999999999']],
  })
  assert.equal(columns.bigSizes?.size, 1)
  columns.unknown = 5
  columns.ignored = 6
  columns.control.push({ type: 'heartbeat' })
  columns.clear()
  assert.deepEqual([columns.count, columns.levels, columns.unknown, columns.ignored], [0, 0, 0, 0])
  assert.deepEqual(columns.control, [])
  assert.equal(columns.bigSizes, undefined)
  const at = columns.begin(KIND.delta)
  const { first, last, previous, checksum, venueTimeUs, fillFirst, fillLast } = columns
  for (const column of [first, last, previous, checksum, venueTimeUs, fillFirst, fillLast]) {
    assert.equal(column[at], Number.NaN)
  }
  assert.deepEqual([columns.slot[at], columns.bidCount[at], columns.askCount[at]], [-1, 0, 0])
})

test('a frame may hold as many levels as the limit says, and not one more', () => {
  const columns = new Columns()
  for (let level = 0; level < LEVEL_LIMIT; level++) {
    columns.reserve()
    columns.levels++
  }
  assert.equal(columns.prices.length, LEVEL_LIMIT)
  assert.equal(
    refusal(() => columns.reserve()),
    'too_large',
  )
})

test('a frame may hold as many events as the limit says, and not one more', () => {
  const columns = new Columns()
  for (let event = 0; event < EVENT_LIMIT; event++) {
    columns.begin(KIND.trade)
    columns.count++
  }
  assert.equal(columns.kind.length, EVENT_LIMIT)
  assert.equal(
    refusal(() => columns.begin(KIND.trade)),
    'too_large',
  )
})

test('a packed event is weighed with its levels and what it costs besides', () => {
  const columns = new Columns()
  addEvent(columns, { last: 1 })
  addEvent(columns, { last: 2, bids: [['1', '1']], asks: [['2', '1']] })
  const [empty, two] = [packedBytes(columns.pack(0)), packedBytes(columns.pack(1))]
  assert.ok(empty > 300, 'an array without levels is not free')
  assert.equal(two - empty, 2 * 24)
})
