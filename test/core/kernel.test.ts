import assert from 'node:assert/strict'
import { setImmediate as turned } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { test } from 'node:test'
import fc from 'fast-check'
import { Side } from '../../src/book/side.ts'
import { formatDecimal } from '../../src/core/decimal.ts'
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

/** Numbers as venues write them, and as they do not: with zeros behind, with an exponent, longer than sixteen bytes. */
const NUMBERS = fc.oneof(
  fc
    .tuple(fc.bigInt({ min: 0n, max: 999_999_999_999_999n }), fc.integer({ min: 0, max: 14 }))
    .map(([digits, decimals]) => plain(digits, decimals)),
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(12)).map(([digit, power]) => `${digit}e-${power}`),
)

function plain(digits: bigint, decimals: number): string {
  const text = String(digits).padStart(decimals + 1, '0')
  return decimals === 0 ? text : `${text.slice(0, -decimals)}.${text.slice(-decimals)}`
}

const LEVELS_TEXT = fc.array(fc.tuple(NUMBERS, NUMBERS), { minLength: 1, maxLength: 20 })

test('levels are written as they stand in the frame just as their numbers are, also when the frame is gone', () => {
  const program = kernel()
  const written = (count: number): string => {
    program.reserveText(count * program.levelTextLimit)
    const end = program.writeLevels(program.textPlace, 0, count) >>> 0
    return Buffer.from(program.text.subarray(0, end - program.textPlace)).toString()
  }
  fc.assert(
    fc.property(LEVELS_TEXT, (levels) => {
      const pairs = levels.map(([price, size]) => `["${price}","${size}"]`).join(',')
      const frame = Buffer.from(
        `{"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","U":1,"u":2,"pu":0,"b":[${pairs}],"a":[]}}`,
      )
      program.frame.set(frame)
      assert.equal(program.binance(frame.length, 1), 1)
      const { prices, priceDecimals, sizes, sizeDecimals } = program.columns
      const expected = levels
        .map((_, at) => [
          formatDecimal(prices[at] ?? NaN, priceDecimals[at] ?? 0),
          formatDecimal(sizes[at] ?? NaN, sizeDecimals[at] ?? 0),
        ])
        .map(([price, size]) => `["${price}","${size}"]`)
        .join(',')
      assert.equal(written(levels.length), expected)
      program.frame.fill(0, 0, 64)
      program.crcOfFrame(64, 0)
      assert.equal(written(levels.length), expected)
    }),
  )
})
