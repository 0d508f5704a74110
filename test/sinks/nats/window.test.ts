import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LATENCY_TARGET_US, nextWindow, WINDOW_FIRST, WINDOW_MIN } from '../../../src/sinks/nats/window.ts'

const QUICK = { latencyUs: 5_000, isHeldBack: true }
const SLOW = { latencyUs: LATENCY_TARGET_US + 1, isHeldBack: true }
const LIMIT = 8_192

test('the window grows while round trips are quick and it is in the way', () => {
  assert.ok(nextWindow(WINDOW_FIRST, QUICK, LIMIT) > WINDOW_FIRST)
})

test('the window stays as it is while it is not in the way', () => {
  assert.equal(nextWindow(WINDOW_FIRST, { ...QUICK, isHeldBack: false }, LIMIT), WINDOW_FIRST)
})

test('the window shrinks by a part when a round trip is slow', () => {
  assert.equal(nextWindow(1_000, SLOW, LIMIT), 700)
  assert.equal(nextWindow(1_000, { ...SLOW, isHeldBack: false }, LIMIT), 700)
})

test('the window never leaves its limits', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      fc.boolean(),
      fc.integer({ min: 1, max: 65_536 }),
      (records, latencyUs, isHeldBack, max) => {
        const next = nextWindow(records, { latencyUs, isHeldBack }, max)
        assert.ok(Number.isInteger(next) && next >= Math.min(WINDOW_MIN, max) && next <= max)
      },
    ),
  )
})

test('against a server of any speed the window settles where it is busy and the wait is short', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2_000, max: 200_000 }),
      fc.integer({ min: 100, max: 20_000 }),
      (rate, travelUs) => {
        // The records that are in flight are served one after the other, and the answer travels.
        const latencyOf = (records: number): number => travelUs + (records * 1e6) / rate
        const windows: number[] = []
        let records = WINDOW_FIRST
        for (let trip = 0; trip < 300; trip++) {
          records = nextWindow(records, { latencyUs: latencyOf(records), isHeldBack: true }, 65_536)
          windows.push(records)
        }
        for (const settled of windows.slice(100)) {
          assert.ok(
            settled === WINDOW_MIN || latencyOf(settled) >= LATENCY_TARGET_US * 0.5 || settled === 65_536,
          )
          assert.ok(
            settled === WINDOW_MIN || latencyOf(settled) <= LATENCY_TARGET_US + (512 * 1e6) / rate + 1,
          )
        }
      },
    ),
  )
})
