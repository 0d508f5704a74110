import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decimalsOf, DECIMALS_LIMIT, formatDecimal, parseDecimal, POW10 } from '../../src/core/decimal.ts'

/** `mantissa / 10^decimals` written with every digit, by another way than the code under test. */
function plain(mantissa: bigint, decimals: number): string {
  const unit = 10n ** BigInt(decimals)
  const size = mantissa < 0n ? -mantissa : mantissa
  const fraction = decimals === 0 ? '' : `.${String(unit + (size % unit)).slice(1)}`
  return `${mantissa < 0n ? '-' : ''}${size / unit}${fraction}`
}

const mantissas = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n })
const decimals = fc.integer({ min: 0, max: 30 })

test('every plain decimal is read exactly, whatever its length', () => {
  fc.assert(
    fc.property(mantissas, decimals, (mantissa, places) => {
      const read = parseDecimal(plain(mantissa, places))
      assert.ok(read)
      assert.ok(read.decimals <= places)
      assert.equal(read.mantissa * 10n ** BigInt(places - read.decimals), mantissa)
      assert.ok(read.decimals === 0 || read.mantissa % 10n !== 0n, 'no trailing zero is kept')
    }),
  )
})

test('what is formatted reads back as the same number, in the shortest plain notation', () => {
  fc.assert(
    fc.property(mantissas, decimals, (mantissa, places) => {
      const text = formatDecimal(mantissa, places)
      assert.match(text, /^-?(0|[1-9]\d*)(\.\d*[1-9])?$/)
      assert.deepEqual(parseDecimal(text), parseDecimal(plain(mantissa, places)))
    }),
  )
})

test('a number and a bigint mantissa give the same text', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), decimals, (mantissa, places) => {
      assert.equal(formatDecimal(mantissa, places), formatDecimal(BigInt(mantissa), places))
    }),
  )
})

test('an exponent shifts the point and loses nothing', () => {
  fc.assert(
    fc.property(mantissas, decimals, fc.integer({ min: -60, max: 60 }), (mantissa, places, exponent) => {
      const read = parseDecimal(`${plain(mantissa, places)}e${exponent}`)
      assert.ok(read)
      const shift = 60 + places
      const expected = mantissa * 10n ** BigInt(shift - places + exponent)
      assert.equal(read.mantissa * 10n ** BigInt(shift - read.decimals), expected)
    }),
  )
})

test('spellings that venues use', () => {
  const cases = [
    ['61837.63000000', '61837.63'],
    ['0.00000074351', '0.00000074351'],
    ['1.5e4', '15000'],
    ['1.0E-2', '0.01'],
    ['1e+3', '1000'],
    ['0.00000000', '0'],
    ['-0', '0'],
    ['-0.000', '0'],
    ['0e5', '0'],
    ['-3', '-3'],
    ['-0.50', '-0.5'],
    ['007.10', '7.1'],
    ['9007199254740993', '9007199254740993'],
  ] as const
  for (const [text, expected] of cases) {
    const read = parseDecimal(text)
    assert.ok(read, text)
    assert.equal(formatDecimal(read.mantissa, read.decimals), expected)
  }
})

test('what is no decimal is refused', () => {
  const texts = [
    '',
    ' 1',
    '1 ',
    '.5',
    '5.',
    '+1',
    '1,5',
    '1e',
    '1e1.5',
    '1e1000',
    'NaN',
    'Infinity',
    '0x10',
    '--1',
    '1.2.3',
  ]
  for (const text of texts) assert.equal(parseDecimal(text), undefined, JSON.stringify(text))
})

test('minus zero is written as 0', () => {
  assert.equal(formatDecimal(-0, 0), '0')
  assert.equal(formatDecimal(-0, 8), '0')
})

test('a number that is no exact integer is never written', () => {
  for (const mantissa of [Number.NaN, Infinity, -Infinity, 0.5, 2 ** 53]) {
    assert.throws(() => formatDecimal(mantissa, 2), RangeError)
  }
  assert.equal(formatDecimal(Number.MAX_SAFE_INTEGER, 0), '9007199254740991')
  assert.equal(formatDecimal(2n ** 53n, 8), '90071992.54740992')
})

test('the decimals of a step are those that count', () => {
  assert.equal(decimalsOf('0.010'), 2)
  assert.equal(decimalsOf('10'), 0)
  assert.equal(decimalsOf('1e-11'), 11)
  assert.equal(decimalsOf('tick'), undefined)
})

test('every power of ten in the table is exact, up to the limit of decimals and beyond', () => {
  assert.ok(POW10.length > DECIMALS_LIMIT)
  for (const [power, value] of POW10.entries()) assert.equal(BigInt(value), 10n ** BigInt(power))
})
