import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Book } from '../../src/book/book.ts'
import { isCrossed } from '../../src/book/view.ts'
import { SET, type SetOutcome } from '../../src/book/side.ts'
import { KIND } from '../../src/core/columns.ts'
import { formatDecimal, parseDecimal } from '../../src/core/decimal.ts'
import { DecodeError } from '../../src/core/errors.ts'
import { eventOf, type Level, show } from './events.ts'

/** Exact value of a decimal in units of 1e-30. */
function exact(text: string): bigint {
  const read = parseDecimal(text)
  assert.ok(read)
  return read.mantissa * 10n ** BigInt(30 - read.decimals)
}

/** A book as a map of exact sizes by exact price and side, in units of 1e-30. */
class Model {
  readonly bids = new Map<bigint, bigint>()
  readonly asks = new Map<bigint, bigint>()

  apply(bids: readonly Level[], asks: readonly Level[]): SetOutcome[] {
    return [...bids.map((level) => set(this.bids, level)), ...asks.map((level) => set(this.asks, level))]
  }

  show(): { bids: Level[]; asks: Level[] } {
    return { bids: sorted(this.bids).toReversed(), asks: sorted(this.asks) }
  }
}

function set(levels: Map<bigint, bigint>, [price, size]: Level): SetOutcome {
  const found = levels.has(exact(price))
  if (exact(size) === 0n) {
    levels.delete(exact(price))
    return found ? SET.deleted : SET.missing
  }
  levels.set(exact(price), exact(size))
  return found ? SET.updated : SET.inserted
}

function sorted(levels: ReadonlyMap<bigint, bigint>): Level[] {
  return [...levels]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([price, size]) => [formatDecimal(price, 30), formatDecimal(size, 30)])
}

/** Decimals with up to `places` places, many of them alike. */
function decimals(max: bigint, places: number): fc.Arbitrary<string> {
  return fc
    .tuple(fc.bigInt({ min: 1n, max }), fc.nat(places))
    .map(([mantissa, used]) => formatDecimal(mantissa, used))
}

const PRICES = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 61_800, max: 61_830 }).map(String) },
  {
    weight: 4,
    arbitrary: fc.integer({ min: 6_183_700, max: 6_183_790 }).map((cents) => formatDecimal(cents, 2)),
  },
  { weight: 2, arbitrary: fc.integer({ min: 743, max: 760 }).map((ticks) => formatDecimal(ticks, 11)) },
  { weight: 1, arbitrary: decimals(60_000n, 9) },
)
const SIZES = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('0', '0.00000000') },
  { weight: 5, arbitrary: decimals(10n ** 6n, 8) },
  { weight: 2, arbitrary: fc.bigInt({ min: 10n ** 15n, max: 2n * 10n ** 16n }).map(String) },
)
const LEVELS = fc.array(fc.tuple(PRICES, SIZES), { maxLength: 6, size: 'max' })
const DELTAS = fc.array(fc.tuple(LEVELS, LEVELS), { maxLength: 30, size: 'max' })
const DECIMALS = fc.constantFrom(0, 2, 8, 11)

function refusal(run: () => void): string {
  try {
    run()
  } catch (error) {
    if (error instanceof DecodeError) return error.code
    throw error
  }
  return 'none'
}

test('a book is the exact map of what it was told, however fine the numbers become on the way', () => {
  fc.assert(
    fc.property(DELTAS, DECIMALS, DECIMALS, (deltas, priceDecimals, sizeDecimals) => {
      const book = new Book(priceDecimals, Math.min(8, sizeDecimals))
      const model = new Model()
      for (const [index, [bids, asks]] of deltas.entries()) {
        const outcomes: SetOutcome[] = []
        book.apply(eventOf({ last: index, bids, asks }), 0, (outcome) => outcomes.push(outcome))
        assert.deepEqual(outcomes, model.apply(bids, asks))
        assert.deepEqual(show(book), model.show())
        assert.equal(book.sequence, index)
      }
    }),
    { numRuns: 300 },
  )
})

test('a watched and an unwatched book are the same', () => {
  fc.assert(
    fc.property(DELTAS, (deltas) => {
      const watched = new Book(2, 5)
      const plain = new Book(2, 5)
      for (const [bids, asks] of deltas) {
        let heard = 0
        watched.apply(eventOf({ bids, asks }), 0, () => heard++)
        plain.apply(eventOf({ bids, asks }), 0)
        assert.equal(heard, bids.length + asks.length)
      }
      assert.deepEqual(show(watched), show(plain))
    }),
  )
})

test('a snapshot leaves nothing of the book before it', () => {
  fc.assert(
    fc.property(DELTAS, LEVELS, LEVELS, (deltas, bids, asks) => {
      const used = new Book(2, 5)
      for (const delta of deltas) used.apply(eventOf({ bids: delta[0], asks: delta[1] }), 0)
      used.trim(1)
      const fresh = new Book(2, 5)
      const snapshot = eventOf({ kind: KIND.snapshot, last: 7, bids, asks })
      for (const book of [used, fresh]) book.replace(snapshot, 0, 3)
      assert.deepEqual(show(used), show(fresh))
      const standing = (book: Book): unknown[] => [
        book.sequence,
        book.priceDecimals,
        book.sizeDecimals,
        book.bidBound,
        book.askBound,
      ]
      assert.deepEqual(standing(used), standing(fresh))
    }),
  )
})

test('sizes beyond 2^53 stand exactly beside the finest lots', () => {
  const book = new Book(8, 0)
  book.apply(
    eventOf({
      bids: [
        ['0.00001234', '10000000000000001'],
        ['0.00001233', '0.00000001'],
      ],
      asks: [['0.00001235', '589723487123456789.12345678']],
    }),
    0,
  )
  assert.deepEqual(show(book), {
    bids: [
      ['0.00001234', '10000000000000001'],
      ['0.00001233', '0.00000001'],
    ],
    asks: [['0.00001235', '589723487123456789.12345678']],
  })
})

test('a price that cannot be counted is refused as a matter of precision', () => {
  const cases: readonly (readonly [first: string, second: string])[] = [
    ['61837.63', '0.0000000000001'],
    ['0.00000000001', '9007199.9'],
    ['90071992547409.91', '0.001'],
    ['1', '0.0000000000000000001'],
    ['1', '9007199254740993'],
  ]
  for (const [first, second] of cases) {
    const book = new Book()
    book.apply(eventOf({ bids: [[first, '1']] }), 0)
    const before = show(book)
    assert.equal(
      refusal(() => book.apply(eventOf({ asks: [[second, '1']] }), 0)),
      'precision',
      `${first} ${second}`,
    )
    assert.deepEqual(show(book), before)
  }
})

test('the price that fits just so is taken', () => {
  const book = new Book()
  book.apply(eventOf({ bids: [['90071.99254740991', '1']], asks: [['90071', '1']] }), 0)
  assert.equal(book.priceDecimals, 11)
  assert.deepEqual(show(book).bids, [['90071.99254740991', '1']])
})

test('a size below zero is refused', () => {
  const book = new Book()
  assert.equal(
    refusal(() => book.apply(eventOf({ bids: [['1', '-1']] }), 0)),
    'negative',
  )
  assert.equal(
    refusal(() => book.apply(eventOf({ bids: [['1', '-0.5']] }), 0)),
    'negative',
  )
})

test('after a snapshot the book counts in tick and lot again, so that one odd price cannot cripple it', () => {
  const book = new Book(2, 5)
  book.apply(eventOf({ bids: [['0.000000000000000001', '0']] }), 0)
  assert.equal(book.priceDecimals, 18)
  const snapshot = eventOf({ kind: KIND.snapshot, bids: [['61837.63', '1']], asks: [['61837.64', '2']] })
  assert.equal(
    refusal(() => book.apply(snapshot, 0)),
    'precision',
  )
  book.replace(snapshot, 0, Infinity)
  assert.equal(book.priceDecimals, 2)
  assert.deepEqual(show(book), { bids: [['61837.63', '1']], asks: [['61837.64', '2']] })
})

test('a book is crossed when its best bid reaches its best ask, and never for want of a side', () => {
  const cases: readonly (readonly [bids: readonly string[], asks: readonly string[], crossed: boolean])[] = [
    [[], [], false],
    [['1'], [], false],
    [[], ['1'], false],
    [['99.9'], ['100'], false],
    [['100'], ['100'], true],
    [['100.1'], ['100'], true],
    [['0'], ['0'], true],
  ]
  for (const [bids, asks, crossed] of cases) {
    const book = new Book(2, 0)
    const sides = {
      bids: bids.map((price): Level => [price, '1']),
      asks: asks.map((price): Level => [price, '1']),
    }
    book.apply(eventOf(sides), 0)
    assert.equal(isCrossed(book), crossed, JSON.stringify(sides))
  }
})
