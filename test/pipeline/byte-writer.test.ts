import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Side } from '../../src/book/side.ts'
import { kernel } from '../../src/core/kernel.ts'
import { ByteWriter } from '../../src/pipeline/byte-writer.ts'

const mantissas = fc.oneof(
  fc.nat(1_000),
  fc.maxSafeNat(),
  fc.integer({ min: 0, max: 53 }).map((power) => 2 ** power - 1),
  fc.tuple(fc.integer({ min: 0, max: 15 }), fc.nat(9)).map(([power, digit]) => digit * 10 ** power),
  fc
    .tuple(fc.integer({ min: 0, max: 15 }), fc.constantFrom(-1, 1))
    .map(([power, more]) => 10 ** power + more),
)
const decimals = fc.integer({ min: 0, max: 18 })

/** Exact text of `mantissa / 10^places` without trailing zeros. */
function decimalText(mantissa: number, places: number): string {
  const digits = BigInt(Math.abs(mantissa))
    .toString()
    .padStart(places + 1, '0')
  const whole = digits.slice(0, digits.length - places)
  const fraction = digits.slice(digits.length - places).replace(/0+$/, '')
  return `${mantissa < 0 ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

const textOf = (writer: ByteWriter): string => Buffer.from(writer.text).toString()

test('a decimal is written exactly, without trailing zeros', () => {
  fc.assert(
    fc.property(mantissas, decimals, fc.boolean(), (mantissa, places, isNegative) => {
      const writer = new ByteWriter()
      const value = isNegative ? 0 - mantissa : mantissa
      writer.decimal(value, places)
      assert.equal(textOf(writer), decimalText(value, places))
    }),
  )
})

test('a whole number is written with all its digits, NaN as null', () => {
  fc.assert(
    fc.property(fc.oneof(mantissas, fc.maxSafeInteger()), (value) => {
      const writer = new ByteWriter()
      writer.byte(58)
      writer.integer(value)
      assert.equal(textOf(writer), `:${value}`)
    }),
  )
  const writer = new ByteWriter()
  writer.integer(Number.NaN)
  assert.equal(textOf(writer), 'null')
})

test('a size beyond 2^53 is written exactly as well', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 2n ** 53n, max: 10n ** 30n }), decimals, (mantissa, places) => {
      const writer = new ByteWriter()
      writer.decimal(mantissa, places)
      const scale = 10n ** BigInt(places)
      const [whole = '', fraction = ''] = textOf(writer).split('.')
      assert.equal(BigInt(whole) * scale + BigInt(fraction.padEnd(places, '0') || 0), mantissa)
      assert.ok(!fraction.endsWith('0'))
    }),
  )
})

for (const name of ['bid', 'ask'] as const) {
  test(`levels of the ${name} side are written best first, as many as are asked for`, () => {
    const level = fc.tuple(
      fc.oneof(fc.integer({ min: -1_000, max: 1_000 }), fc.maxSafeNat()),
      fc.oneof(fc.constant(0), mantissas),
    )
    fc.assert(
      fc.property(
        fc.array(level, { maxLength: 300, size: 'max' }),
        fc.oneof(fc.nat(40), fc.constant(Infinity)),
        fc.record({ priceDecimals: decimals, sizeDecimals: decimals }),
        (levels, depth, counted) => {
          const side = new Side(name, kernel().newBook())
          for (const [price, size] of levels) side.set(price, size)
          const writer = new ByteWriter()
          assert.ok(writer.side(side, depth, counted))
          const count = Math.min(depth, side.count)
          const texts = Array.from({ length: count }, (_, at) => {
            const price = decimalText(side.price(at), counted.priceDecimals)
            return `["${price}","${decimalText(Number(side.size(at)), counted.sizeDecimals)}"]`
          })
          assert.equal(textOf(writer), texts.join(','))
        },
      ),
    )
  })
}

test('a side with a size beyond 2^53 is not written, and changes nothing', () => {
  const side = new Side('bid', kernel().newBook())
  side.set(1, Infinity, 10n ** 20n)
  const writer = new ByteWriter()
  writer.ascii('before')
  assert.equal(writer.side(side, 5, { priceDecimals: 0, sizeDecimals: 0 }), false)
  assert.equal(textOf(writer), 'before')
})

test('text that needs more room than there is keeps what was written', () => {
  const side = new Side('ask', kernel().newBook())
  for (let price = 1; price <= 20_000; price++) side.set(price, price)
  const writer = new ByteWriter()
  writer.ascii('[')
  assert.ok(writer.side(side, Infinity, { priceDecimals: 2, sizeDecimals: 3 }))
  writer.ascii(']')
  const levels: unknown = JSON.parse(textOf(writer))
  assert.ok(Array.isArray(levels))
  assert.equal(levels.length, 20_000)
  assert.deepEqual(
    [levels[0], levels[19_999]],
    [
      ['0.01', '0.001'],
      ['200', '20'],
    ],
  )
})
