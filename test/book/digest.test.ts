import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { Book } from '../../src/book/book.ts'
import { canonicalDump, fullDepthDigest } from '../../src/book/digest.ts'
import { eventOf, type Level, show } from './events.ts'

test('a book is dumped bids first, best to worst, in plain decimals without trailing zeros', () => {
  const book = new Book(2, 5)
  book.apply(
    eventOf({
      bids: [
        ['61837.60', '0.50000'],
        ['61837.7', '10'],
        ['0.00000001', '10000000000000000.5'],
      ],
      asks: [
        ['61838', '1'],
        ['61837.75', '0.00001'],
      ],
    }),
    0,
  )
  assert.equal(
    canonicalDump(book),
    'b 61837.7 10\nb 61837.6 0.5\nb 0.00000001 10000000000000000.5\na 61837.75 0.00001\na 61838 1\n',
  )
})

test('an empty book has an empty dump', () => {
  assert.equal(canonicalDump(new Book(2, 5)), '')
})

test('the digest is the hash of the dump, also of a book of many chunks', () => {
  const book = new Book(2, 5)
  for (let level = 0; level < 1_300; level++) {
    book.bids.set(6_183_763 - level, 1 + level * 7_919)
    book.asks.set(6_183_764 + level, 1 + level * 7_907)
  }
  const dump = canonicalDump(book)
  assert.equal(dump.split('\n').length, 2_601)
  assert.equal(
    fullDepthDigest(book, createHash('sha256')).digest('hex'),
    createHash('sha256').update(dump).digest('hex'),
  )
})

test('the dump tells the levels and nothing of how the book counts them', () => {
  const levels = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 500 }).map(String), fc.integer({ min: 1, max: 99 }).map(String)),
    { maxLength: 40, size: 'max' },
  )
  fc.assert(
    fc.property(levels, levels, fc.nat(9), (bids, asks, decimals) => {
      const coarse = new Book()
      const fine = new Book(decimals, decimals)
      for (const book of [coarse, fine]) book.apply(eventOf({ bids, asks }), 0)
      const lines = (mark: string, side: readonly Level[]): string =>
        side.map(([price, size]) => `${mark} ${price} ${size}\n`).join('')
      const shown = show(coarse)
      assert.equal(canonicalDump(coarse), lines('b', shown.bids) + lines('a', shown.asks))
      assert.equal(canonicalDump(fine), canonicalDump(coarse))
    }),
  )
})
