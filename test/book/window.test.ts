// How far down a book is known: windows of the venue, and what was trimmed away here.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Book } from '../../src/book/book.ts'
import { KIND } from '../../src/core/columns.ts'
import { eventOf, type Level, show } from './events.ts'

/** Snapshot and deltas in whole numbers around 100, for books that know a window. */
const NEAR = fc.array(fc.tuple(fc.integer({ min: 80, max: 120 }).map(String), fc.nat(3).map(String)), {
  maxLength: 10,
  size: 'max',
})
const FULL = fc.record({
  bids: fc.uniqueArray(fc.integer({ min: 80, max: 100 }), { maxLength: 20, size: 'max' }),
  asks: fc.uniqueArray(fc.integer({ min: 101, max: 120 }), { maxLength: 20, size: 'max' }),
})
const STEPS = fc.array(fc.record({ bids: NEAR, asks: NEAR, trim: fc.option(fc.nat(15), { freq: 3 }) }), {
  maxLength: 20,
  size: 'max',
})

function fullEvent({ bids, asks }: { bids: readonly number[]; asks: readonly number[] }, window: number) {
  const level = (price: number): Level => [String(price), '1']
  return eventOf({
    kind: KIND.snapshot,
    last: 0,
    bids: bids
      .toSorted((one, other) => other - one)
      .slice(0, window)
      .map(level),
    asks: asks
      .toSorted((one, other) => one - other)
      .slice(0, window)
      .map(level),
  })
}

/** What the book vouches for, of each side, must be the top of the truth. */
function vouchesFor(book: Book, truth: Book): void {
  const shown = show(book)
  const whole = show(truth)
  for (const side of ['bid', 'ask'] as const) {
    const depth = book.knownDepth(side)
    const name = side === 'bid' ? ('bids' as const) : ('asks' as const)
    assert.deepEqual(shown[name].slice(0, depth), whole[name].slice(0, depth))
    const bound = side === 'bid' ? book.bidBound : book.askBound
    if (Number.isNaN(bound)) assert.deepEqual(shown[name], whole[name])
  }
}

test('the known top of a trimmed window book is the top of the whole book', () => {
  fc.assert(
    fc.property(FULL, STEPS, fc.integer({ min: 1, max: 25 }), (full, steps, window) => {
      const truth = new Book()
      const book = new Book()
      truth.replace(fullEvent(full, Infinity), 0, Infinity)
      book.replace(fullEvent(full, window), 0, window)
      vouchesFor(book, truth)
      for (const { bids, asks, trim } of steps) {
        const delta = eventOf({ bids, asks })
        truth.apply(delta, 0)
        book.apply(delta, 0)
        vouchesFor(book, truth)
        if (trim === null) continue
        book.trim(trim)
        assert.ok(book.bids.count <= trim && book.asks.count <= trim)
        vouchesFor(book, truth)
      }
    }),
    { numRuns: 500 },
  )
})

test('trimming takes nothing from the known top that is kept', () => {
  fc.assert(
    fc.property(FULL, STEPS, fc.nat(25), (full, steps, count) => {
      const book = new Book()
      book.replace(fullEvent(full, Infinity), 0, 12)
      for (const { bids, asks } of steps) book.apply(eventOf({ bids, asks }), 0)
      const known = [book.knownDepth('bid'), book.knownDepth('ask')]
      const shown = show(book)
      book.trim(count)
      assert.deepEqual(
        [book.knownDepth('bid'), book.knownDepth('ask')],
        known.map((depth) => Math.min(depth, count)),
      )
      assert.deepEqual(show(book), { bids: shown.bids.slice(0, count), asks: shown.asks.slice(0, count) })
    }),
  )
})

/** What a venue that shows `window` levels tells of a change: what leaves and enters the window as well. */
function windowDelta(before: Book, after: Book, window: number): { bids: Level[]; asks: Level[] } {
  const told = (name: 'bids' | 'asks'): Level[] => {
    const old = new Map(show(before)[name].slice(0, window))
    const fresh = new Map(show(after)[name].slice(0, window))
    const gone = [...old.keys()].filter((price) => !fresh.has(price)).map((price): Level => [price, '0'])
    return [...gone, ...[...fresh].filter(([price, size]) => old.get(price) !== size)]
  }
  return { bids: told('bids'), asks: told('asks') }
}

test('a window that the venue keeps filled stays known to its last level, wherever the market goes', () => {
  fc.assert(
    fc.property(FULL, STEPS, fc.integer({ min: 1, max: 12 }), (full, steps, window) => {
      const truth = new Book()
      const before = new Book()
      const book = new Book()
      for (const one of [truth, before]) one.replace(fullEvent(full, Infinity), 0, Infinity)
      book.replaceRolling(fullEvent(full, window), 0, window)
      let isTrimmed = false
      for (const { bids, asks, trim } of steps) {
        truth.apply(eventOf({ bids, asks }), 0)
        book.apply(eventOf(windowDelta(before, truth, window)), 0)
        before.apply(eventOf({ bids, asks }), 0)
        vouchesFor(book, truth)
        if (!isTrimmed) {
          assert.equal(book.knownDepth('bid'), Math.min(window, truth.bids.count))
          assert.equal(book.knownDepth('ask'), Math.min(window, truth.asks.count))
        }
        if (trim === null || trim % 3 !== 0) continue
        book.trim(trim)
        isTrimmed = true
        vouchesFor(book, truth)
      }
    }),
    { numRuns: 500 },
  )
})

test('a side shorter than the window is known to its end, and a full one only so far', () => {
  const book = new Book()
  const snapshot = fullEvent({ bids: [98, 99, 100], asks: [101, 102] }, Infinity)
  book.replace(snapshot, 0, 3)
  assert.deepEqual([book.bidBound, book.askBound], [98, Number.NaN])
  book.apply(eventOf({ bids: [['97', '1']], asks: [['103', '1']] }), 0)
  assert.deepEqual([book.knownDepth('bid'), book.knownDepth('ask')], [3, 3])
  book.apply(eventOf({ bids: [['100', '0']] }), 0)
  assert.equal(book.knownDepth('bid'), 2)
})

test('the bound of what is known keeps its price when prices are counted finer', () => {
  const book = new Book()
  book.replace(fullEvent({ bids: [99, 100], asks: [101, 102] }, 2), 0, 2)
  book.apply(
    eventOf({
      bids: [
        ['99.00000001', '1'],
        ['98.9', '1'],
      ],
      asks: [['102.5', '1']],
    }),
    0,
  )
  assert.deepEqual([book.bidBound, book.askBound], [99e8, 102e8])
  assert.deepEqual([book.knownDepth('bid'), book.knownDepth('ask')], [3, 2])
})

test('a book trimmed to nothing knows nothing, until a snapshot', () => {
  const book = new Book()
  const snapshot = fullEvent({ bids: [99, 100], asks: [101, 102] }, Infinity)
  book.replace(snapshot, 0, Infinity)
  book.trim(0)
  book.apply(eventOf({ bids: [['100.5', '1']], asks: [['100.7', '1']] }), 0)
  assert.deepEqual([book.knownDepth('bid'), book.knownDepth('ask')], [0, 0])
  book.replace(snapshot, 0, Infinity)
  assert.deepEqual([book.knownDepth('bid'), book.knownDepth('ask')], [2, 2])
})
