import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MESSAGES_LIMIT, Pace, WINDOW_US } from '../../src/alerts/pace.ts'

const gaps = fc.array(fc.record({ waitUs: fc.nat(8_000_000), tookUs: fc.nat(9_000_000) }), { maxLength: 120 })

/** Sends as soon as it may after each wait; answers when each began and ended. */
function run(pace: Pace, steps: readonly { readonly waitUs: number; readonly tookUs: number }[]) {
  let nowUs = 0
  return steps.map(({ waitUs, tookUs }) => {
    const startUs = Math.max(nowUs + waitUs, pace.dueUs())
    pace.begin(startUs)
    nowUs = startUs + tookUs
    pace.end(nowUs)
    return { askedUs: startUs - Math.max(0, startUs - nowUs), startUs, endUs: nowUs }
  })
}

test('never more than 18 messages in any 60 s, at whatever moment between sending and answer they arrived', () => {
  fc.assert(
    fc.property(gaps, fc.array(fc.nat(70_000_000), { maxLength: 40 }), (steps, agesUs) => {
      const sent = run(new Pace(agesUs, 0), steps)
      const earlier = agesUs.map((ageUs) => ({ startUs: -ageUs, endUs: -ageUs }))
      const all = [...earlier, ...sent].toSorted((a, b) => a.endUs - b.endUs)
      for (const [at, { startUs }] of sent.entries()) {
        const before = [...earlier, ...sent.slice(0, at)].filter(({ endUs }) => startUs - endUs < WINDOW_US)
        // What came from an earlier life may be more than the limit; nothing is added to it then.
        assert.ok(before.length < MESSAGES_LIMIT, `${before.length} of ${all.length}`)
      }
    }),
  )
})

test('nothing waits while there is room', () => {
  const pace = new Pace([], 0)
  for (let at = 0; at < MESSAGES_LIMIT; at++) {
    assert.ok(pace.dueUs() <= at)
    pace.begin(at)
    pace.end(at)
  }
  assert.equal(pace.dueUs(), WINDOW_US)
})

test('a clock that was set back counts earlier messages in full, and not for longer', () => {
  const pace = new Pace(
    Array.from({ length: MESSAGES_LIMIT }, () => -3_600_000_000),
    5,
  )
  assert.equal(pace.dueUs(), 5 + WINDOW_US)
})
