import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Point, medianSlope, risingDeviations } from '../../src/governor/slope.ts'

const row = (...values: readonly number[]): readonly Point[] =>
  values.map((value, minute) => ({ minute, value }))
const values = fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 20 })

test('the slope of a line is its slope, however far apart its points are', () => {
  const line = [0, 1, 5, 6, 30].map((minute) => ({ minute, value: 7 - 3 * minute }))
  assert.equal(medianSlope(line), -3)
})

test('up to a quarter of wild values does not move the slope of a line', () => {
  const bent = row(0, 2, 4, 9_000, 8, 10, 12, -9_000, 16, 18, 20, 22)
  assert.equal(medianSlope(bent), 2)
})

test('the median of an even number of slopes is between the two in the middle', () => {
  // Slopes of 1, 2, 3, 10/3, 9/2 and 6.
  assert.equal(medianSlope(row(0, 1, 4, 10))?.toFixed(6), '3.166667')
})

test('fewer than two points have no slope and rise by nothing', () => {
  assert.equal(medianSlope([]), undefined)
  assert.equal(medianSlope(row(4)), undefined)
  assert.equal(risingDeviations(row(4)), 0)
})

test('deviations are those of the Mann-Kendall test', () => {
  // 15 rising values: (105 - 1) / sqrt(15 * 14 * 35 / 18).
  const rising = row(...Array.from({ length: 15 }, (_, at) => at * at))
  assert.equal(risingDeviations(rising).toFixed(4), '5.1467')
  // One exchange among 5 of 10 pairs: (8 - 1) / sqrt(5 * 4 * 15 / 18).
  assert.equal(risingDeviations(row(1, 2, 4, 3, 5)).toFixed(4), '1.7146')
  // One tie of two: (9 - 1) / sqrt((5 * 4 * 15 - 2 * 1 * 9) / 18).
  assert.equal(risingDeviations(row(1, 2, 3, 3, 5)).toFixed(4), '2.0212')
  assert.equal(risingDeviations(row(3, 3, 3, 3)), 0)
})

test('upside down, both say the opposite', () => {
  fc.assert(
    fc.property(values, (some) => {
      const points = row(...some)
      const mirrored = row(...some.map((value) => -value))
      assert.equal(risingDeviations(mirrored) + risingDeviations(points), 0)
      assert.ok(Math.abs((medianSlope(mirrored) ?? 0) + (medianSlope(points) ?? 0)) < 1e-9)
    }),
  )
})

test('a line laid over the values adds its slope', () => {
  fc.assert(
    fc.property(values, fc.integer({ min: -9, max: 9 }), (some, slope) => {
      const tilted = medianSlope(row(...some.map((value, minute) => value + slope * minute)))
      const level = medianSlope(row(...some))
      assert.ok(Math.abs((tilted ?? 0) - (level === undefined ? 0 : level + slope)) < 1e-9)
    }),
  )
})
