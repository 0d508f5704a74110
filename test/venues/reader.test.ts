import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Reader } from '../../src/venues/reader.ts'

const over = (value: unknown): Reader => Reader.parse(new TextEncoder().encode(JSON.stringify(value)))
const raw = (text: string): Reader => Reader.parse(new TextEncoder().encode(text))

const row = { symbol: 'BTCUSDT', filters: [{ tickSize: '0.10' }], count: 3, on: true, none: null, half: 0.5 }

test('values are read by their path', () => {
  const reader = over({ symbols: [row] }).at('symbols', 0)
  assert.equal(reader.at('filters', 0).text('tickSize'), '0.10')
  assert.equal(reader.integer('count'), 3)
  assert.equal(reader.number('half'), 0.5)
  assert.equal(reader.boolean('on'), true)
  assert.deepEqual(
    reader
      .at('filters')
      .items()
      .map((item) => item.path),
    ['symbols[0].filters[0]'],
  )
})

test('a wrong turn names its path', () => {
  const reader = over({ symbols: [row] }).at('symbols', 0)
  const missing = { name: 'DecodeError', code: 'missing_field', message: 'missing symbols[0].filters[1]' }
  assert.throws(() => reader.at('filters', 1).text('tickSize'), missing)
  const wrong = { code: 'wrong_type', message: 'symbols[0].count is not a string' }
  assert.throws(() => reader.text('count'), wrong)
  assert.throws(() => reader.at('symbol', 'x'), { code: 'wrong_type' })
  assert.throws(() => reader.at('count').items(), { code: 'wrong_type' })
  assert.throws(() => reader.integer('half'), { code: 'bad_number' })
})

test('absent and null are both nothing, and only where that is allowed', () => {
  const reader = over(row)
  assert.deepEqual([reader.has('none'), reader.has('gone'), reader.has('on')], [false, false, true])
  assert.equal(reader.optionalText('none'), undefined)
  assert.equal(reader.optionalText('gone'), undefined)
  assert.equal(reader.optionalText('symbol'), 'BTCUSDT')
  assert.throws(() => reader.text('none'), { code: 'wrong_type' })
  assert.throws(() => reader.text('gone'), { code: 'missing_field' })
})

test('decimals are exact text, whether they stand in quotes or not', () => {
  assert.equal(over({ x: '0.10' }).decimal('x'), '0.10')
  assert.equal(raw('{"x":1.5e-7}').decimal('x'), '0.00000015')
  assert.equal(raw('{"x":-12.50}').decimal('x'), '-12.5')
  assert.throws(() => raw('{"x":0.12345678901234567}').decimal('x'), { code: 'precision' })
  assert.throws(() => raw('{"x":1e999}').decimal('x'), { code: 'bad_number' })
  for (const text of ['', 'NaN', '1.', ' 1', '0x1']) {
    assert.throws(() => over({ x: text }).decimal('x'), { code: 'bad_number' })
  }
})

test('what every object inherits is not there', () => {
  const reader = over({})
  for (const key of ['__proto__', 'constructor', 'toString']) assert.equal(reader.has(key), false)
  assert.equal(raw('{"__proto__":{"x":"own"}}').at('__proto__').text('x'), 'own')
})

test('a body that is no JSON, or no UTF-8, is refused', () => {
  assert.throws(() => raw('<html>'), { name: 'DecodeError', code: 'syntax' })
  assert.throws(() => raw(''), { name: 'DecodeError', code: 'syntax' })
  assert.throws(() => Reader.parse(Uint8Array.of(34, 0xff, 34)), { name: 'DecodeError', code: 'utf8' })
})
