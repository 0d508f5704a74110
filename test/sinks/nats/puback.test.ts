import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPubAck } from '../../../src/sinks/nats/puback.ts'

const read = (text: string, status = 0): ReturnType<typeof readPubAck> =>
  readPubAck(new TextEncoder().encode(text), status)

const errorOf = (errCode: number, code = 400): string =>
  `{"error":{"code":${code},"err_code":${errCode},"description":"why"},"stream":"S","seq":0}`

for (const text of [
  '{"stream":"S","seq":1}',
  '{"stream":"S", "seq":1,"duplicate": true}',
  '{"stream":"S","domain":"hub","seq":7}',
]) {
  test(`${text} says that the record is stored`, () => {
    assert.deepEqual(read(text), { kind: 'stored' })
  })
}

const FAILURES: readonly (readonly [
  name: string,
  text: string,
  status: number,
  code: string,
  retryable: boolean,
])[] = [
  ['a full stream', errorOf(10_077, 503), 0, 'full', true],
  ['a server without disk', errorOf(10_047, 500), 0, 'full', true],
  ['a server without memory', errorOf(10_028, 500), 0, 'full', true],
  ['a sealed stream', errorOf(10_109), 0, 'mismatch', false],
  ['any other refusal', errorOf(10_008, 503), 0, 'refused', true],
  ['nobody who takes the subject', '', 503, 'unreachable', true],
  ['nothing', '', 0, 'bad_answer', true],
  ['text', 'ok', 0, 'bad_answer', true],
  ['an error that is none', '{"error":null}', 0, 'bad_answer', true],
]

for (const [name, text, status, code, retryable] of FAILURES) {
  test(`${name} is ${code}, ${retryable ? 'tried again' : 'for a person'}`, () => {
    const ack = read(text, status)
    assert.ok(ack.kind === 'failed')
    assert.deepEqual([ack.failure.code, ack.failure.retryable], [code, retryable])
  })
}

test('a record over the limit of the stream is rejected, and the others go on', () => {
  assert.deepEqual(read(errorOf(10_054)), { kind: 'rejected', code: 'too_large', reason: 'why (10054)' })
})
