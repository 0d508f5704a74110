import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FailureError } from '../../../src/core/errors.ts'
import { RECORDS } from '../../../src/core/record.ts'
import {
  escapeToken,
  findId,
  HEAD_LIMIT,
  Subjects,
  SubjectTemplate,
} from '../../../src/sinks/nats/subjects.ts'
import { lineOf } from './records.ts'

const DEFAULT = '{type}.{exchange}.{market_type}.{symbol}'
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const subjectsOf = (template = DEFAULT): Subjects => new Subjects(new SubjectTemplate(template))

const SYMBOLS: readonly (readonly [symbol: string, token: string])[] = [
  ['BTC-USDT', 'BTC-USDT'],
  ['BTC-27DEC24-100000-C', 'BTC-27DEC24-100000-C'],
  ['XRP_USDC-27DEC24-0d5125-P', 'XRP_USDC-27DEC24-0d5125-P'],
  ['XRP-USDC-27DEC24-0.5125-P', 'XRP-USDC-27DEC24-0%2E5125-P'],
  ['币安人生-USDT', '%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9F-USDT'],
  ['a b*c>d', 'a%20b%2Ac%3Ed'],
  ['50%-UP', '50%25-UP'],
  ['quote"back\\slash', 'quote%22back%5Cslash'],
  ['line\nend', 'line%0Aend'],
]

for (const [symbol, token] of SYMBOLS) {
  test(`the symbol ${JSON.stringify(symbol)} is the token ${token} of a subject`, () => {
    const head = subjectsOf().headOf(bytesOf(lineOf('trade', 1, { symbol })))
    assert.equal(head?.subject, `trade.binance.spot.${token}`)
  })
}

test('any symbol becomes one token that is told from every other and can be read back', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (symbol) => {
      const token = escapeToken(symbol)
      assert.match(token, /^[A-Za-z0-9_%-]+$/)
      assert.equal(decodeURIComponent(token), symbol)
    }),
  )
})

test('every record that is written has a subject, and an id that is found in its bytes', () => {
  for (const { sample } of RECORDS) {
    const record = bytesOf(sample)
    const { type, exchange, market_type: market, symbol, id } = JSON.parse(sample)
    const head = subjectsOf().headOf(record)
    assert.equal(head?.subject, `${type}.${exchange}.${market}.${symbol}`)
    const range = { start: 0, end: 0 }
    assert.ok(findId(record, head.bytes.length, range))
    assert.equal(sample.slice(range.start, range.end), id)
  }
})

test('a template may hold words of its own and the spelling of the venue', () => {
  const head = subjectsOf('md.v1.{type}.{instrument}').headOf(bytesOf(lineOf('gap', 1)))
  assert.equal(head?.subject, 'md.v1.gap.BTCUSDT')
})

test('the filter of a type takes each of its subjects and none of another type', () => {
  assert.equal(new SubjectTemplate('md.{type}.{symbol}').filterOf('trade'), 'md.trade.*')
})

for (const template of [
  '',
  'trade',
  '{type}..{symbol}',
  '{type}.*',
  '{type}.>',
  '{type}.a b',
  '{type}.{price}',
  'x{type}',
]) {
  test(`"${template}" is no template`, () => {
    assert.throws(
      () => new SubjectTemplate(template),
      (error: unknown) => error instanceof FailureError && error.code === 'mismatch' && !error.retryable,
    )
  })
}

test('a stream of records is parsed once: the same head gives the same object', () => {
  const subjects = subjectsOf()
  const first = subjects.headOf(bytesOf(lineOf('trade', 1)))
  assert.equal(subjects.headOf(bytesOf(lineOf('trade', 2))), first)
  assert.notEqual(subjects.headOf(bytesOf(lineOf('gap', 2))), first)
  assert.equal(subjects.size, 2)
})

test('heads are forgotten when there are too many, and found again', () => {
  const subjects = subjectsOf()
  for (let number = 0; number <= HEAD_LIMIT; number++) {
    subjects.headOf(
      bytesOf(`{"type":"trade","exchange":"a","market_type":"b","symbol":"S${number}","session":"s"}`),
    )
  }
  assert.equal(subjects.size, 1)
  assert.equal(subjects.headOf(bytesOf(lineOf('trade', 1)))?.subject, 'trade.binance.spot.BTC-USDT')
})

for (const text of [
  '',
  '{"type":"trade"}',
  'not json at all,"session":"x"',
  '{"type":"trade","exchange":"a","market_type":"b","symbol":"","session":"s"}',
  `{"type":"trade","exchange":"a","market_type":"b","symbol":"${'x'.repeat(2_000)}","session":"s"}`,
  '{"type":"trade","exchange":"a","symbol":"c","session":"s"}',
]) {
  test(`bytes without a subject have no head: ${text.slice(0, 60)}`, () => {
    assert.equal(subjectsOf().headOf(bytesOf(text)), undefined)
  })
}

test('an id ends at its own quote, not at one that is escaped, and an empty one is none', () => {
  const range = { start: 0, end: 0 }
  const record = '{"type":"trade","session":"s","id":"a\\"b\\\\","next":"c"}'
  assert.ok(findId(bytesOf(record), 0, range))
  assert.equal(record.slice(range.start, range.end), 'a\\"b\\\\')
  for (const text of ['{"a":"b","id":""}', '{"a":"b","id":"x', '{"a":"b"}']) {
    assert.equal(findId(bytesOf(text), 0, range), false)
  }
})
