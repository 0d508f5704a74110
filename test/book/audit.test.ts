import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { audit, DIFFERENCE_LIMIT } from '../../src/book/audit.ts'
import { Book } from '../../src/book/book.ts'
import { KIND } from '../../src/core/columns.ts'
import { eventOf, type Level } from './events.ts'

interface Sides {
  readonly bids: readonly Level[]
  readonly asks: readonly Level[]
}

function bookOf(sides: Sides, options: { last?: number; window?: number; decimals?: number } = {}): Book {
  const { last = 1, window = Infinity, decimals = 0 } = options
  const book = new Book(decimals, decimals)
  book.replace(eventOf({ kind: KIND.snapshot, last, ...sides }), 0, window)
  return book
}

const SIDES: Sides = {
  bids: [
    ['100.5', '1'],
    ['100', '2'],
    ['99.5', '3'],
  ],
  asks: [
    ['101', '4'],
    ['101.5', '5'],
    ['102', '6'],
  ],
}

test('a book is equal to a snapshot of the same sequence, however each counts its levels', () => {
  assert.deepEqual(audit(bookOf(SIDES), bookOf(SIDES, { decimals: 8 })), { name: 'equal', levels: 6 })
  assert.deepEqual(audit(new Book(), new Book()).name, 'incomparable')
})

test('books at different sequences, or at none, say nothing of each other', () => {
  assert.deepEqual(audit(bookOf(SIDES, { last: 2 }), bookOf(SIDES, { last: 3 })), {
    name: 'incomparable',
    ours: 2,
    theirs: 3,
  })
  assert.equal(
    audit(bookOf(SIDES, { last: Number.NaN }), bookOf(SIDES, { last: Number.NaN })).name,
    'incomparable',
  )
})

test('a level missing, one too many and one of another size are each told exactly', () => {
  const ours: Sides = {
    bids: [
      ['100.5', '1'],
      ['99.5', '3'],
      ['99', '7'],
    ],
    asks: [
      ['101', '4.00000001'],
      ['101.5', '5'],
      ['102', '6'],
    ],
  }
  const result = audit(bookOf(ours), bookOf(SIDES))
  assert.deepEqual(result, {
    name: 'different',
    levels: 6,
    count: 3,
    differences: [
      { side: 'bid', price: '100', ours: undefined, theirs: '2' },
      { side: 'bid', price: '99', ours: '7', theirs: undefined },
      { side: 'ask', price: '101', ours: '4.00000001', theirs: '4' },
    ],
  })
})

test('nothing is compared beyond what either book knows', () => {
  const ours = bookOf({ bids: SIDES.bids, asks: SIDES.asks })
  const theirs = bookOf({ bids: SIDES.bids.slice(0, 2), asks: SIDES.asks.slice(0, 2) }, { window: 2 })
  assert.deepEqual(audit(ours, theirs), { name: 'equal', levels: 4 })
  assert.deepEqual(audit(theirs, ours), { name: 'equal', levels: 4 })
  const short = bookOf({ bids: SIDES.bids.slice(0, 2), asks: SIDES.asks.slice(0, 2) }, { window: 3 })
  assert.equal(audit(ours, short).name, 'different')
  ours.trim(1)
  assert.deepEqual(audit(ours, short), { name: 'equal', levels: 2 })
  ours.trim(0)
  assert.deepEqual(audit(ours, short), { name: 'equal', levels: 0 })
})

test('only the first differences are told, but all are counted', () => {
  const bids = Array.from({ length: 30 }, (_, index): Level => [String(100 - index), '1'])
  const result = audit(bookOf({ bids, asks: [] }), bookOf({ bids: [], asks: [] }))
  assert.equal(result.name, 'different')
  assert.equal(result.name === 'different' && result.count, 30)
  assert.equal(result.name === 'different' && result.differences.length, DIFFERENCE_LIMIT)
})

test('prices whose units are too far apart for a double are still told apart', () => {
  const ours = bookOf({ bids: [['0.000000000000000002', '1']], asks: [] })
  const theirs = bookOf({ bids: [['9007199254740991', '1']], asks: [] })
  const result = audit(ours, theirs)
  assert.deepEqual(result.name === 'different' && result.differences, [
    { side: 'bid', price: '9007199254740991', ours: undefined, theirs: '1' },
    { side: 'bid', price: '0.000000000000000002', ours: '1', theirs: undefined },
  ])
})

test('an audit finds exactly the levels that were changed within the window of both', () => {
  const sizes = fc.array(fc.nat(3), { minLength: 20, maxLength: 20 })
  const windows = fc.integer({ min: 1, max: 25 })
  fc.assert(
    fc.property(sizes, sizes, windows, windows, (own, other, ownWindow, otherWindow) => {
      const levels = (side: readonly number[], window: number): Level[] =>
        side
          .map((size, index): Level => [String(100 - index), String(size)])
          .filter(([, size]) => size !== '0')
          .slice(0, window)
      const ours = levels(own, ownWindow)
      const theirs = levels(other, otherWindow)
      // A side that fills its window is known down to its last price.
      const worst = Math.max(
        ours.length === ownWindow ? Number(ours.at(-1)?.[0]) : 0,
        theirs.length === otherWindow ? Number(theirs.at(-1)?.[0]) : 0,
      )
      const expected = own.flatMap((size, index) =>
        100 - index >= worst && size !== other[index] ? [String(100 - index)] : [],
      )
      const result = audit(
        bookOf({ bids: ours, asks: [] }, { window: ownWindow }),
        bookOf({ bids: theirs, asks: [] }, { window: otherWindow, decimals: 3 }),
      )
      assert.equal(result.name, expected.length === 0 ? 'equal' : 'different')
      const prices = result.name === 'different' ? result.differences.map(({ price }) => price) : []
      assert.deepEqual(prices, expected.slice(0, DIFFERENCE_LIMIT))
    }),
    { numRuns: 500 },
  )
})
