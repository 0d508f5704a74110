import assert from 'node:assert/strict'
import { setImmediate as turned } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { test } from 'node:test'
import { Side } from '../../src/book/side.ts'
import { kernel } from '../../src/core/kernel.ts'

const LEVELS = 1_000
const SIDES = 100
const TIMES = 30

function filled(): Side {
  const side = new Side('bid')
  for (let price = 0; price < LEVELS; price++) side.set(price, 1)
  return side
}

const memoryBytes = (): number => kernel().doubles.byteLength

/** The smallest cache of today's processors: 32 KiB, eight lines of 64 bytes in each place. */
const LINE_BYTES = 64
const CACHE_SETS = 64
const CACHE_WAYS = 8

test('memory of levels that were forgotten is used again', () => {
  const sides = Array.from({ length: SIDES }, filled)
  const before = memoryBytes()
  for (let times = 0; times < TIMES; times++) {
    for (const side of sides) side.clear()
    for (const side of sides) for (let price = 0; price < LEVELS; price++) side.set(price + times, 1)
  }
  assert.equal(memoryBytes(), before)
  assert.equal(sides[0]?.count, LEVELS)
})

test('memory of sides that nobody has is used again', async () => {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  assert.ok(typeof collect === 'function')
  const once = async (): Promise<number> => {
    assert.equal(Array.from({ length: SIDES }, filled).length, SIDES)
    collect()
    await turned()
    return memoryBytes()
  }
  const before = await once()
  let after = before
  for (let times = 0; times < TIMES; times++) after = await once()
  assert.ok(after - before < 2 * SIDES * LEVELS * 20, `${before} bytes, then ${after}`)
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
