// Properties of a pipeline whose journal fills up at any moment: what is recorded is never wrong, and no more is lost than has to be.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HeldMarket, JOURNAL_STEP, MARKET_STEP, type Step } from './held-market.ts'

const STEPS = fc.array(
  fc.oneof({ arbitrary: MARKET_STEP, weight: 5 }, { arbitrary: JOURNAL_STEP, weight: 1 }),
  { maxLength: 120, size: 'max' },
)
const MARKET_STEPS = fc.array(MARKET_STEP, { maxLength: 80, size: 'max' })

function play(steps: readonly Step[], market = new HeldMarket()): HeldMarket {
  for (const next of steps) market.take(next)
  market.end()
  return market
}

test('whenever the journal is full, what it has is a true and whole account, and every book can be rebuilt from it', () => {
  fc.assert(
    fc.property(STEPS, (steps) => {
      play(steps)
    }),
    { numRuns: 400 },
  )
})

test('a stream has at most one gap a hold, and only for what came while held', () => {
  fc.assert(
    fc.property(STEPS, (steps) => {
      const { judge, holds, rig } = play(steps)
      for (const count of judge.unrecorded.values()) assert.ok(count <= holds)
      if (holds === 0) assert.equal(rig.counts.unrecorded, 0)
    }),
    { numRuns: 200 },
  )
})

test('a hold while nothing comes leaves no trace in the records', () => {
  fc.assert(
    fc.property(MARKET_STEPS, (steps) => {
      const rest = steps.flatMap((next): Step[] => [{ name: 'hold' }, { name: 'resume' }, next])
      const waits = steps.flatMap((next): Step[] => [{ name: 'pass', ms: 0 }, { name: 'pass', ms: 0 }, next])
      // Tops of books wait while held, and are later for it.
      const withoutTops = (): HeldMarket => new HeldMarket({ deltas: true, depth: 0, everyMs: 5 })
      assert.deepEqual(play(rest, withoutTops()).rig.records, play(waits, withoutTops()).rig.records)
    }),
    { numRuns: 100 },
  )
})
