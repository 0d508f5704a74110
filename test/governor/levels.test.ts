import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Signal } from '../../src/governor/governing.ts'
import { Governor } from '../../src/governor/governor.ts'
import { CALM, EMERGENCIES, Governed, HOLD_SECONDS, TABLE, UNKNOWN, changes } from './governed.ts'

/** Long enough for every level up to 3, and for a signal that must last. */
const RISE_SECONDS = 75

/** As near below or above as matters: shares, ms and counts all differ by less than what is told apart. */
const NEAR = 1e-9

/** In the given level, by this signal alone, as soon as may be. */
function enteredBy(signal: Signal, value: number): Governed {
  const governed = new Governed()
  governed.levels(RISE_SECONDS, { [signal]: value })
  return governed
}

for (const { signal, level, enter, exit } of TABLE) {
  test(`${signal} of ${enter} enters level ${level}, and less does not`, () => {
    assert.equal(enteredBy(signal, enter).look({ [signal]: enter }).level, level)
    const below = enter - NEAR
    const lower = TABLE.findLast((row) => row.signal === signal && row.enter <= below)
    assert.equal(enteredBy(signal, below).look({ [signal]: below }).level, lower?.level ?? 0)
  })

  test(`level ${level} is left once ${signal} was at ${exit} for its hold, and not at more`, () => {
    const hold = level === 0 ? 0 : HOLD_SECONDS[level]
    const relieved = enteredBy(signal, enter).levels(hold + 1, { [signal]: exit })
    assert.equal(relieved.at(-2), level)
    assert.equal(relieved.at(-1), level - 1)
    const held = enteredBy(signal, enter).levels(4 * hold, { [signal]: exit + NEAR })
    assert.deepEqual(changes(held), [[1, level]])
  })

  test(`level ${level} by ${signal} begins its hold again when a second is not relieved`, () => {
    const hold = level === 0 ? 0 : HOLD_SECONDS[level]
    const governed = enteredBy(signal, enter)
    governed.levels(hold, { [signal]: exit })
    governed.look({ [signal]: exit + NEAR })
    assert.deepEqual(changes(governed.levels(hold + 1, { [signal]: exit })), [
      [1, level],
      [hold + 1, level - 1],
    ])
  })
}

for (const { signal, enter } of EMERGENCIES) {
  test(`${signal} of ${enter} goes to level 4 at once from any level, and less waits in level 3`, () => {
    for (const seconds of [0, 1, 6, 11]) {
      const governed = new Governed()
      governed.levels(seconds, { memoryShare: 0.88 })
      assert.equal(governed.look({ [signal]: enter }).level, 4)
      assert.deepEqual(governed.restarts, [seconds + 1])
    }
    assert.equal(enteredBy(signal, enter - NEAR).look({ [signal]: enter - NEAR }).level, 3)
  })
}

test('sockets that nobody answers for count when they have lasted 60 s without a break', () => {
  const lasting = new Governed()
  assert.deepEqual(changes(lasting.levels(70, { unaccounted: 6 })), [
    [1, 0],
    [61, 1],
    [66, 2],
  ])
  const broken = new Governed()
  const levels = [
    ...broken.levels(60, { unaccounted: 90 }),
    ...broken.levels(1, { unaccounted: 5 }),
    ...broken.levels(60, { unaccounted: 90 }),
    ...broken.levels(1, { unaccounted: undefined }),
    ...broken.levels(60, { unaccounted: 90 }),
  ]
  assert.deepEqual(changes(levels), [[1, 0]])
})

test('what is unknown enters no level, and keeps none', () => {
  const governor = new Governor({ isEnabled: true })
  assert.equal(governor.step(UNKNOWN, 0).state.level, 0)
  for (const { signal, level, enter } of TABLE) {
    const governed = enteredBy(signal, enter)
    assert.equal(governed.look({ [signal]: enter }).level, level)
    const levels = governed.levels(220, UNKNOWN)
    assert.equal(levels.at(-1), 0, signal)
  }
})

test('pressures are parts of what enters level 3, of what is known and can enter it', () => {
  const { pressures } = new Governed().look({
    heapShare: 0.46,
    lagP99Ms: 2000,
    backlogShare: undefined,
    unaccounted: 9,
  })
  assert.deepEqual(pressures, {
    heapShare: 0.46 / 0.92,
    memoryShare: 0.3 / 0.88,
    lagP99Ms: 2,
    descriptorShare: 0.1 / 0.8,
  })
  for (const { signal, level, enter } of TABLE.filter((row) => row.level === 3)) {
    assert.equal(new Governed().look({ ...CALM, [signal]: enter }).pressures[signal], 1, `${signal} ${level}`)
  }
})
