import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineSplitter } from '../../src/runtime/lines.ts'

function split(pieces: readonly string[]): readonly string[] {
  const lines: string[] = []
  const splitter = new LineSplitter((line) => lines.push(line))
  for (const piece of pieces) splitter.push(piece)
  splitter.end()
  return lines
}

test('lines come whole however the text is cut into pieces, and empty ones are left out', () => {
  assert.deepEqual(split(['on', 'e\ntw', 'o\r', '\n\n', 'three']), ['one', 'two', 'three'])
  const lines = fc.array(fc.stringMatching(/^[a-z ]{1,20}$/), { minLength: 1 })
  fc.assert(
    fc.property(lines, fc.array(fc.nat(), { maxLength: 10 }), (expected, cuts) => {
      const text = expected.join('\n')
      const places = [0, ...cuts.map((cut) => cut % (text.length + 1)), text.length].toSorted((a, b) => a - b)
      assert.deepEqual(split(places.map((at, index) => text.slice(at, places[index + 1] ?? at))), expected)
    }),
  )
})

test('no control character comes through', () => {
  assert.deepEqual(split(['\u001B[2Jgone\u0000\u0007\u009B\u2028end\ttab\rback\n']), [
    '\\u001b[2Jgone\\u0000\\u0007\\u009b\\u2028end\\u0009tab\\u000dback',
  ])
})

test('a line without an end is cut and takes no more memory, and the next one is whole again', () => {
  const [long = '', next] = split([...Array.from({ length: 1_000 }, () => 'x'.repeat(1_000)), '\nshort\n'])
  assert.equal(long, `${'x'.repeat(8_192)} [cut]`)
  assert.equal(next, 'short')
  assert.deepEqual(split([`${'y'.repeat(8_192)}\n`]), ['y'.repeat(8_192)])
})
