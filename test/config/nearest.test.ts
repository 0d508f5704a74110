import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { editDistance, nearest } from '../../src/config/nearest.ts'

for (const [one, other, distance] of [
  ['', '', 0],
  ['', 'abc', 3],
  ['instrumnets', 'instruments', 1],
  ['kitten', 'sitting', 3],
  ['ab', 'ba', 1],
  ['flush', 'fsync', 4],
] as const) {
  test(`'${one}' and '${other}' are ${distance} edits apart`, () => {
    assert.equal(editDistance(one, other), distance)
    assert.equal(editDistance(other, one), distance)
  })
}

test('the distance is 0 for equal words only and at most the longer length', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (one, other) => {
      const distance = editDistance(one, other)
      assert.equal(distance === 0, one === other)
      assert.ok(distance <= Math.max(one.length, other.length))
    }),
  )
})

test('one wrong letter still finds the word, an unrelated word finds none', () => {
  const words = ['start', 'check', 'plan', 'verify']
  assert.equal(nearest('strat', words), 'start')
  assert.equal(nearest('VERIFY', words), 'verify')
  assert.equal(nearest('delete', words), undefined)
  assert.equal(nearest('', words), undefined)
})
