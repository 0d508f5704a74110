import assert from 'node:assert/strict'
import { setImmediate as turned } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { test } from 'node:test'
import { Side } from '../../src/book/side.ts'
import { Kernel, kernel } from '../../src/core/kernel.ts'
import { SeededRandom } from '../../src/runtime/sim-random.ts'
import { Symbols } from '../../src/venues/symbols.ts'

const LEVELS = 1_000
const SIDES = 100
const TIMES = 30
/** A level takes no less: its key has 2 bytes, its size 4. */
const LEVEL_BYTES = 6
/** A size that takes more than these. */
const WIDE_SIZE = 2 ** 40
/** The upper halves of the best chunk take no less. */
const LARGE_BYTES = 128
/** No two levels so far from each other are in one chunk: the directory of their side has an entry for each. */
const FAR = 2 ** 33
const ENTRY_BYTES = 16
const OWNERS = 32
const TEXT_BYTES = 64 * 1024
const TABLES = 500
/** About as many bytes as a table takes besides. */
const SYMBOL_LENGTH = 2_000
/** Had nothing been used again, a memory that holds so much and what is in use would have doubled more than once. */
const FILLS = 4

/** One side of a book whose other side has no levels: the bids at even times. */
function filled(time = 0, unit = 1): Side {
  const side = new Side(time % 2 === 0 ? 'bid' : 'ask', kernel().newBook())
  for (let price = 0; price < LEVELS; price++) side.set(price * unit, 1)
  return side
}

/** Sides of which every second has large sizes, as many bids as asks. */
function bothFilled(): Side[] {
  const sides = Array.from({ length: SIDES }, (_, at) => filled(at >> 1))
  sides.forEach((side, at) => side.set(0, at % 2 === 0 ? 1 : WIDE_SIZE))
  return sides
}

const memoryBytes = (): number => kernel().doubles.byteLength

/** The smallest cache of today's processors: 32 KiB, eight lines of 64 bytes in each place. */
const LINE_BYTES = 64
const CACHE_SETS = 64
const CACHE_WAYS = 8

test('memory of levels that were forgotten is used again', () => {
  const sides = bothFilled()
  const before = memoryBytes()
  for (let times = 0; times < TIMES; times++) {
    for (const side of sides) side.clear()
    for (const [at, side] of sides.entries())
      for (let price = 0; price < LEVELS; price++) side.set(price + times, at % 2 === 0 ? 1 : WIDE_SIZE)
  }
  assert.equal(memoryBytes(), before)
  assert.equal(sides[0]?.count, LEVELS)
})

test('memory of a large size that was forgotten is used again, also where it was the only one', () => {
  const side = new Side('bid', kernel().newBook())
  const before = memoryBytes()
  for (let taken = 0; taken < FILLS * before; taken += LARGE_BYTES) {
    side.set(1, WIDE_SIZE)
    side.clear()
  }
  assert.equal(memoryBytes(), before)
})

/**
 * Calls `make` until what it made would fill the memory many times, and nobody keeps any of it; `bytes` is the least that it takes of the
 * memory each time. A memory that grows doubles: once is left to what is collected late.
 */
async function assertUsedAgain(bytes: number, make: () => readonly object[]): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  assert.ok(typeof collect === 'function')
  const once = async (): Promise<number> => {
    assert.ok(make().length > 0)
    collect()
    await turned()
    return memoryBytes()
  }
  const before = await once()
  let after = before
  for (let made = 0; made < FILLS * before; made += bytes) after = await once()
  assert.ok(after <= 2 * before, `${before} bytes, then ${after}`)
}

test('memory of sides that nobody has is used again', () =>
  assertUsedAgain(SIDES * LEVELS * LEVEL_BYTES, bothFilled))

test('memory of sides that nobody has is used again, also of what finds their levels', () =>
  assertUsedAgain(SIDES * LEVELS * ENTRY_BYTES, () =>
    Array.from({ length: SIDES }, (_, at) => {
      const side = filled(at, FAR)
      // Its chunks are given back, and the directory stays as large as it was.
      side.clear()
      return side
    }),
  ))

test('memory of texts that are kept for nobody is used again', () => {
  const texts = [new Uint8Array(TEXT_BYTES / 2), new Uint8Array(TEXT_BYTES / 2)]
  return assertUsedAgain(OWNERS * TEXT_BYTES, () =>
    Array.from({ length: OWNERS }, () => {
      const owner = {}
      kernel().keepTexts(owner, texts)
      return owner
    }),
  )
})

test('memory of symbols that nobody has is used again, also of long ones', () => {
  const names = ['BTC-USDT', 'A'.repeat(SYMBOL_LENGTH)]
  return assertUsedAgain(TABLES * SYMBOL_LENGTH, () =>
    Array.from({ length: TABLES }, () => new Symbols(names)),
  )
})

test('a frame is read and text is written where they are after texts that are kept had the memory grow', () => {
  const program = kernel()
  const { columns } = program
  const symbols = new Symbols(['BTC-USDT', 'ETH-USDT'])
  const kept = Buffer.alloc(TEXT_BYTES, 'prefix')
  const owners: object[] = []
  const before = memoryBytes()
  let place = 0
  while (memoryBytes() === before) {
    const owner = {}
    place = program.keepTexts(owner, [kept])
    owners.push(owner)
  }
  assert.ok(memoryBytes() > before, `${before} bytes, then ${memoryBytes()}, with ${owners.length} texts`)
  const frame = Buffer.from(
    '{"arg":{"channel":"trades","instId":"ETH-USDT"},"data":[{"instId":"ETH-USDT","tradeId":"7","px":"1.25","sz":"2","side":"buy",' +
      '"ts":"1700000000000","count":"1","seqId":3}]}',
  )
  program.frame.set(frame)
  assert.equal(program.okx(frame.length, symbols.place), 1)
  assert.deepEqual([...program.totals], [1, 1])
  assert.deepEqual(
    [columns.slot[0], columns.venueTimeUs[0], columns.prices[0], columns.priceDecimals[0], columns.sizes[0]],
    [1, 1_700_000_000_000_000, 125, 2, 2],
  )
  const end = program.writeInteger(program.textPlace, 1_234_567)
  assert.equal(Buffer.from(program.text.subarray(0, end - program.textPlace)).toString(), '1234567')
  const { buffer } = program.doubles
  assert.equal(new Uint32Array(buffer, place, 1)[0], kept.length)
  assert.deepEqual(Buffer.from(buffer, place + 4, kept.length), kept)
})

test('columns and levels are read where they are after the memory has grown', () => {
  const { columns } = kernel()
  const before = memoryBytes()
  const first = filled()
  const sides = [first]
  while (memoryBytes() === before) sides.push(filled())
  assert.ok(columns.prices.length > 0 && columns.kind.length > 0)
  assert.deepEqual(
    sides.map((side) => [side.count, side.price(0), side.price(LEVELS - 1)]),
    sides.map(() => [LEVELS, LEVELS - 1, 0]),
  )
})

/** Sets a size at a key of the side in hand. */
type Set = (key: number, size: number) => void

/** Bytes of memory a level, where side after side is made like this. */
function bytesOfLevel(make: (set: Set) => void): number {
  const program = new Kernel()
  const books: unknown[] = []
  let levels = 0
  const fill = (): number => {
    const before = program.doubles.byteLength
    levels = 0
    while (program.doubles.byteLength === before) {
      const book = program.newBook()
      books.push(book)
      for (const side of [book.bidPlace, book.askPlace]) {
        make((key, size) => program.setLevel(side, key, size))
        levels += program.countOf(side)
      }
    }
    return program.doubles.byteLength - before
  }
  // What the memory grows by is empty; what it begins with is not.
  const bytes = fill()
  fill()
  return bytes / levels
}

/** The worst level first. */
function fillUp(set: Set): void {
  for (let key = 0; key < LEVELS; key++) set(key, 1)
}

/** The best level first, as in a snapshot. */
function fillDown(set: Set): void {
  for (let key = LEVELS; key > 0; key--) set(key, 1)
}

/** From a side that is full, most levels go and a few come back, wherever they are. */
function thinOut(set: Set): void {
  const random = new SeededRandom(1)
  fillUp(set)
  for (let turn = 0; turn < 5 * LEVELS; turn++)
    set(Math.floor(random.next() * LEVELS), random.next() < 0.1 ? 1 : 0)
}

test('levels that come in order take hardly more memory than they must, and the few that are left of many not much', () => {
  // As multiples of `LEVEL_BYTES`. Chunks that are only joined when they are empty come to nine.
  for (const [name, make, limit] of [
    ['upwards', fillUp, 1.3],
    ['downwards', fillDown, 1.3],
    ['thinned out', thinOut, 3],
  ] as const) {
    const bytes = bytesOfLevel(make)
    assert.ok(bytes <= limit * LEVEL_BYTES, `${name}: ${bytes} bytes a level`)
  }
})

test('the columns begin in different places of a cache, so that those of one event do not drive each other out', () => {
  const begins = Object.values(kernel().columns)
    .filter((column) => ArrayBuffer.isView(column))
    .map(({ byteOffset }) => Math.floor(byteOffset / LINE_BYTES) % CACHE_SETS)
  assert.ok(begins.length >= 20, `${begins.length} columns`)
  const together = begins.map((set) => begins.filter((other) => other === set).length)
  assert.ok(
    Math.max(...together) <= CACHE_WAYS / 2,
    `${Math.max(...together)} in one place: ${begins.join(', ')}`,
  )
})
