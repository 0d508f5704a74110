import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Book } from '../../src/book/book.ts'
import { canonicalDump } from '../../src/book/digest.ts'
import { type LinkRule, BookSync } from '../../src/book/sync.ts'
import { bestAskOf, bestBidOf, longestOf } from '../../src/book/view.ts'
import { type Columns, KIND } from '../../src/core/columns.ts'
import { DecodeError } from '../../src/core/errors.ts'
import { kernel } from '../../src/core/kernel.ts'
import { epochMicros } from '../../src/core/units.ts'
import { copyOf, scanned, type ScannedLevel } from './events.ts'

/** A level takes no less of the memory: its key has 2 bytes, its size 4. */
const LEVEL_BYTES = 6
/** A size of more than 32 bits takes more of it. */
const WIDE_SIZE = 2 ** 33

/** An event, as a scan leaves it. */
function event(
  bids: readonly ScannedLevel[],
  asks: readonly ScannedLevel[] = [],
  kind: number = KIND.delta,
): Columns {
  const columns = scanned(kind, { bids, asks })
  columns.first[0] = 1
  columns.last[0] = 2
  columns.previous[0] = 0
  return columns
}

/** What an update came to: the book, or why it was refused. */
function outcomeOf(book: Book, columns: Columns): string {
  try {
    book.apply(columns, 0)
    return 'applied'
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return error.code
  }
}

const level: fc.Arbitrary<ScannedLevel> = fc.tuple(
  fc.oneof({ weight: 8, arbitrary: fc.nat(300) }, { weight: 1, arbitrary: fc.nat(999_999_999_999_999) }),
  fc.oneof({ weight: 8, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(18) }),
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 6, arbitrary: fc.nat(1_000) },
    { weight: 1, arbitrary: fc.nat(999_999_999_999_999) },
  ),
  fc.oneof({ weight: 8, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(18) }),
)
const levels = fc.array(level, { maxLength: 60, size: 'max' })

test('levels that the kernel sets are those that are set one by one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(levels, levels), { minLength: 1, maxLength: 6 }),
      fc.nat(18),
      fc.nat(18),
      (updates, priceDecimals, sizeDecimals) => {
        const quick = new Book(priceDecimals, sizeDecimals)
        const plain = new Book(priceDecimals, sizeDecimals)
        for (const [bids, asks] of updates) {
          const columns = event(bids, asks)
          const copy = copyOf(columns, 0)
          assert.equal(outcomeOf(quick, columns), outcomeOf(plain, copy))
          assert.equal(canonicalDump(quick), canonicalDump(plain))
          assert.deepEqual(
            [quick.priceDecimals, quick.sizeDecimals],
            [plain.priceDecimals, plain.sizeDecimals],
          )
          const { bids: quickBids, asks: quickAsks } = quick
          assert.deepEqual(
            [bestBidOf(quick), bestAskOf(quick), longestOf(quick)],
            [quickBids.price(0), quickAsks.price(0), Math.max(quickBids.count, quickAsks.count)],
          )
        }
      },
    ),
    { numRuns: 500 },
  )
})

test('a tick finer than a book may count is no reason for a wrong price', () => {
  for (const decimals of [19, 40, 300]) {
    const book = new Book(decimals, decimals)
    assert.equal(outcomeOf(book, event([[5, 1, 7, 0]])), 'precision')
    assert.equal(outcomeOf(new Book(decimals, 0), event([[5, 18, 7, 0]])), 'applied')
  }
})

test('a size beyond 2^53 is forgotten when a scanned event replaces it or removes its level', () => {
  for (const [size, text] of [
    [7, '["5","0.000000000000000007"]'],
    [0, ''],
  ] as const) {
    const book = new Book(0, 18)
    const { textPlace } = kernel()
    book.apply(event([[5, 0, 999_999_999_999_999, 0]]), 0)
    assert.equal(book.bids.write(textPlace, 1, book), undefined)
    book.apply(event([[5, 0, size, 18]]), 0)
    const end = book.bids.write(textPlace, 1, book)
    assert.ok(end !== undefined, 'all is for the kernel again')
    assert.equal(Buffer.from(kernel().text.subarray(0, end - textPlace)).toString(), text)
  }
})

test('the event in hand stays readable when the memory grows while its levels are set', () => {
  const books = [new Book()]
  const bytes = kernel().doubles.byteLength
  let from = 0
  while (kernel().doubles.byteLength === bytes) {
    const columns = event(Array.from({ length: 5_000 }, (_, at): ScannedLevel => [from + at, 0, at + 1, 0]))
    const book = books.at(-1) ?? new Book()
    book.apply(columns, 0)
    from += 5_000
    assert.equal(book.sequence, 2)
    assert.equal(book.bids.count, from)
    assert.deepEqual([columns.last[0], columns.bidCount[0], columns.prices[4_999]], [2, 5_000, from - 1])
  }
  assert.equal(books[0]?.bids.price(0), from - 1)
  books[0]?.clear()
})

test('books that are built beside a live one leave no memory behind', () => {
  const rule: LinkRule = { snapshot: 'request', judge: () => 'next' }
  const nothing = { joined: () => undefined, applied: () => undefined }
  const sync = new BookSync(rule, new Book())
  const depth = 1_000
  const side = (sign: number, size: number): ScannedLevel[] =>
    Array.from({ length: depth }, (_, at): ScannedLevel => [10_000 + sign * (1 + at), 0, size, 0])
  const snapshot = copyOf(event(side(-1, 1), side(1, WIDE_SIZE), KIND.snapshot), 0)
  const ahead = copyOf(event([[9_999, 0, 5, 0]]), 0)
  ahead.last[0] = 3
  const take = (): string => sync.snapshot(snapshot, 0, depth, nothing)
  const settle = (): string => sync.settle({ isSuspected: false })
  const swap = (): void => {
    assert.ok(sync.renew())
    assert.deepEqual([take(), settle()], ['beside', 'equal'])
  }
  const loseBoth = (): void => {
    assert.equal(sync.delta(ahead, 0, epochMicros(1)), 'applied')
    assert.ok(sync.renew())
    assert.deepEqual([take(), settle()], ['beside', 'waiting'])
    sync.lose()
    assert.deepEqual([take(), settle()], ['joined', 'none'])
  }
  take()
  swap()
  loseBoth()
  const bytes = kernel().doubles.byteLength
  // As many books as would fill the memory twice, were those of either way not let go. A memory that grows doubles: once is left to the
  // rooms of empty sides, which only the collector of garbage gives back.
  for (let filled = 0; filled < 2 * bytes; filled += 2 * depth * LEVEL_BYTES) {
    swap()
    loseBoth()
  }
  assert.ok(kernel().doubles.byteLength <= 2 * bytes, `${bytes} bytes, then ${kernel().doubles.byteLength}`)
  assert.equal(sync.book.bids.count, depth)
  assert.equal(sync.delta(ahead, 0, epochMicros(1)), 'applied')
})
