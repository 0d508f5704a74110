import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NOTHING_SHED } from '../../src/pipeline/shedding.ts'
import { binanceSpot } from '../../src/venues/binance/spot.ts'
import { around, delta } from './frames.ts'
import { type Json, Rig } from './rig.ts'

const SYMBOLS = Array.from({ length: 300 }, (_, slot) => `S${slot}USDT`)
const EVERY_MS = 100
const DEPTH = 20
/** Tops of twice 20 levels: 25 have 1,000. */
const TURN_BOOKS = 25
/** Each turn of a run takes so many. */
const FULL_TURNS = Array.from({ length: SYMBOLS.length / TURN_BOOKS }, () => TURN_BOOKS)

const RULES = { tier: () => 3 as const, slowMs: 1_000, depth: 5 }

/** All books live, and each with one change that is not published yet. */
function changedRig(): Rig {
  const rig = new Rig(binanceSpot, SYMBOLS, { deltas: false, depth: DEPTH, everyMs: EVERY_MS }, RULES)
  rig.carry(1)
  for (const slot of SYMBOLS.keys()) rig.snapshot(slot, around(100, 1_000))
  for (const symbol of SYMBOLS) rig.frame(1, delta(symbol, 101, 101))
  return rig
}

const topsOf = (rig: Rig): Json[] => rig.of('orderbook').filter((record) => record['full'] === false)

/** Runs what is due within `ms`, one turn after the other; answers how many tops came in each. */
function turns(rig: Rig, ms: number, between: () => void = () => undefined): number[] {
  const untilUs = rig.timeline.steadyUs() + ms * 1_000
  const counts: number[] = []
  for (let before = topsOf(rig).length; rig.timeline.next(untilUs); before = topsOf(rig).length) {
    counts.push(topsOf(rig).length - before)
    between()
  }
  return counts
}

test('tops that are due together are published some in each turn of the loop, every one of them once', () => {
  const rig = changedRig()
  assert.deepEqual(turns(rig, EVERY_MS), FULL_TURNS)
  assert.deepEqual(
    topsOf(rig).map((top) => top['instrument']),
    SYMBOLS,
  )
  assert.deepEqual(turns(rig, 10 * EVERY_MS), [], 'nothing changed, and no timer runs')
})

test('a book that changes while others are published has its next top after another interval, not before', () => {
  const rig = changedRig()
  let sequence = 101
  const change = (): void => {
    sequence++
    rig.frame(1, delta('S0USDT', sequence, sequence))
  }
  const first = turns(rig, EVERY_MS - 1)
  assert.deepEqual(first, [])
  assert.equal(turns(rig, 1, change).length, FULL_TURNS.length)
  assert.equal(topsOf(rig).filter((top) => top['instrument'] === 'S0USDT').length, 1)
  assert.deepEqual(turns(rig, EVERY_MS - 1), [])
  assert.deepEqual(turns(rig, 1), [1])
  assert.equal(topsOf(rig).at(-1)?.['sequence'], sequence, 'the last state')
})

test('what waited for the slower interval is published some in each turn too when there is none any more', () => {
  const rig = changedRig()
  rig.pipeline.shed({ ...NOTHING_SHED, slowTops: true })
  assert.deepEqual(topsOf(rig).length, 0)
  rig.pass(2 * EVERY_MS)
  rig.pipeline.shed(NOTHING_SHED)
  assert.equal(topsOf(rig).length, TURN_BOOKS, 'at once')
  assert.deepEqual(turns(rig, 0), FULL_TURNS.slice(1))
})

test('a book that is due again while it still waits in the slower interval has one top', () => {
  const rig = changedRig()
  rig.pipeline.shed({ ...NOTHING_SHED, slowTops: true })
  rig.pass(2 * EVERY_MS)
  for (const symbol of SYMBOLS) rig.frame(1, delta(symbol, 102, 102))
  // The limit goes when the first turn has postponed its books, and the others are still due.
  assert.deepEqual(turns(rig, EVERY_MS - 1), [])
  rig.timeline.after(1, () => rig.pipeline.shed(NOTHING_SHED))
  rig.pass(EVERY_MS)
  const named = topsOf(rig).map((top) => `${String(top['instrument'])} ${String(top['sequence'])}`)
  assert.equal(new Set(named).size, SYMBOLS.length)
  assert.equal(named.length, SYMBOLS.length)
  assert.equal(rig.counts.topsShed, SYMBOLS.length)
})

test('what is not published yet at the end is published then, all of it', () => {
  const rig = changedRig()
  const untilUs = rig.timeline.steadyUs() + EVERY_MS * 1_000
  assert.ok(rig.timeline.next(untilUs))
  assert.equal(topsOf(rig).length, TURN_BOOKS)
  rig.pipeline.stop(rig.timeline.now())
  assert.equal(topsOf(rig).length, SYMBOLS.length)
  assert.equal(rig.timeline.armed, 0)
})
