import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type BackoffPolicy, backoffMs } from '../../src/runtime/backoff.ts'

const POLICY: BackoffPolicy = { firstMs: 500, maxMs: 30_000 }
const latest = { next: () => 1 - Number.EPSILON }
const earliest = { next: () => 0 }

test('the longest wait doubles with each attempt up to the maximum', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 8, 1_000].map((attempt) =>
    Math.round(backoffMs(attempt, POLICY, latest)),
  )
  assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
})

test('the shortest wait is the floor, nothing unless one is set', () => {
  assert.equal(backoffMs(7, POLICY, earliest), 0)
  assert.equal(backoffMs(7, { ...POLICY, minMs: 250 }, earliest), 250)
  assert.equal(backoffMs(1, { ...POLICY, minMs: 900 }, latest), 500)
})

test('a wait is a finite number within its bounds, whatever the attempt', () => {
  const policies = fc.record({
    firstMs: fc.integer({ min: 0, max: 60_000 }),
    maxMs: fc.integer({ min: 0, max: 3_600_000 }),
    minMs: fc.integer({ min: 0, max: 60_000 }),
  })
  const draws = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(fc.integer({ min: -5, max: 1_000_000 }), policies, draws, (attempt, policy, draw) => {
      const waitMs = backoffMs(attempt, policy, { next: () => draw })
      assert.ok(waitMs >= 0 && waitMs <= policy.maxMs, `${waitMs}`)
      assert.ok(waitMs >= Math.min(policy.minMs, policy.maxMs, policy.firstMs), `${waitMs}`)
    }),
  )
})
