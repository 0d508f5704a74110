import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseDecimal } from '../../src/core/decimal.ts'
import { exponentText, fixedText, plainText, pointText } from '../../src/emulator/decimal-text.ts'
import { daysSinceEpoch, expiryOf } from '../../src/emulator/expiry.ts'

test('every notation tells the same number exactly', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(12), (mantissa, decimals) => {
      const plain = plainText(mantissa, decimals)
      const told = parseDecimal(plain)
      assert.deepEqual(parseDecimal(fixedText(mantissa, decimals)), told)
      assert.deepEqual(parseDecimal(pointText(mantissa, decimals)), told)
      assert.deepEqual(parseDecimal(exponentText(plain)), told)
      assert.doesNotMatch(plain, /e|\.\d*0$|\.$|^0\d/)
    }),
  )
})

test('numbers as the venues write them', () => {
  assert.equal(fixedText(74_051_0, 2), '7405.10')
  assert.equal(fixedText(0, 3), '0.000')
  assert.equal(plainText(5, 8), '0.00000005')
  assert.equal(pointText(30, 0), '30.0')
  assert.equal(pointText(655, 8), '6.55e-6')
  assert.equal(exponentText('15000'), '1.5e4')
  assert.equal(exponentText('0'), '0.0')
})

test('days and expiries agree with the calendar', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date('2199-12-31'), noInvalidDate: true }), (date) => {
      const days = daysSinceEpoch(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate())
      assert.equal(days, Math.floor(date.getTime() / 86_400_000))
    }),
  )
  assert.equal(expiryOf('261225'), Date.UTC(2026, 11, 25, 8))
  assert.equal(expiryOf('6APR21'), Date.UTC(2021, 3, 6, 8))
  assert.equal(expiryOf('PERPETUAL'), undefined)
})
