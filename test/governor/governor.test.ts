import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Action, ACTION_LEVELS } from '../../src/governor/governing.ts'
import { Governor } from '../../src/governor/governor.ts'
import { CALM, Governed, RESTART_SECONDS, SECOND_US, changes } from './governed.ts'

const SURVIVE = { heapShare: 0.93 }
const EMERGENCY = { heapShare: 0.98 }
const ALL = Object.keys(ACTION_LEVELS)

const inForce = (actions: Readonly<Record<Action, boolean>>) =>
  Object.entries(actions).flatMap(([action, isOn]) => (isOn ? [action] : []))

test('it rises to level 3 in steps of 5 s, and comes back level by level, each after its hold', () => {
  const governed = new Governed()
  assert.deepEqual(changes(governed.levels(100, SURVIVE)), [
    [1, 1],
    [6, 2],
    [11, 3],
  ])
  assert.deepEqual(changes(governed.levels(300, {})), [
    [1, 3],
    [121, 2],
    [181, 1],
    [211, 0],
  ])
  const { ups, downs, actions, askedBy, sinceUs } = governed.look({})
  assert.deepEqual({ ups, downs, sinceUs }, { ups: 3, downs: 3, sinceUs: 311_000_000 })
  assert.deepEqual(inForce(actions), [])
  assert.deepEqual(
    Object.values(askedBy),
    ALL.map(() => 1),
  )
  assert.deepEqual(governed.restarts, [])
})

test('actions begin with those of lower levels and end the other way round', () => {
  const governed = new Governed()
  governed.look(EMERGENCY)
  assert.deepEqual(governed.begun, ALL)
  governed.levels(400, {})
  assert.deepEqual(governed.ended, ALL.toReversed())
})

test('a signal anywhere between where a level is left and the next is entered changes nothing', () => {
  const governed = new Governed()
  governed.levels(10, { memoryShare: 0.8, lagP99Ms: 90 })
  for (const memoryShare of [0.71, 0.8, 0.879]) {
    const levels = governed.levels(59, { memoryShare: 0.7 })
    assert.deepEqual(changes([...levels, governed.look({ memoryShare }).level]), [[1, 2]])
  }
})

test('level 3 for 120 s without relief asks for a restart, once', () => {
  const governed = new Governed()
  assert.deepEqual(changes(governed.levels(RESTART_SECONDS, SURVIVE)), [
    [1, 1],
    [6, 2],
    [11, 3],
    [131, 4],
  ])
  assert.deepEqual(governed.restarts, [131])
})

test('relief within 120 s of level 3 puts a restart off', () => {
  const governed = new Governed()
  governed.levels(11, SURVIVE)
  const levels = [...governed.levels(119, SURVIVE), ...governed.levels(1, { heapShare: 0.9 })]
  assert.deepEqual(changes([...levels, ...governed.levels(121, SURVIVE)]), [
    [1, 3],
    [241, 4],
  ])
})

test('a process that was started again begins in level 0, with nothing in force', () => {
  const governed = new Governed()
  governed.look(EMERGENCY)
  const state = governed.startAnew()
  assert.equal(state.level, 0)
  assert.deepEqual(inForce(state.actions), [])
  assert.deepEqual(governed.ended, ALL.toReversed())
  assert.deepEqual(changes(governed.levels(100, {})), [[1, 0]])
  assert.deepEqual(governed.startAnew().downs, 1)
})

test('a second restart within 15 min is not asked for: level 3 is held instead, until it may be', () => {
  const governed = new Governed()
  governed.look(EMERGENCY)
  governed.startAnew()
  const levels = governed.levels(RESTART_SECONDS, EMERGENCY)
  assert.deepEqual(changes(levels), [
    [1, 3],
    [RESTART_SECONDS, 4],
  ])
  assert.deepEqual(governed.restarts, [1, 1 + RESTART_SECONDS])
})

test('an emergency goes at once to level 3 from any level while a restart is not to be had', () => {
  const governed = new Governed()
  governed.look(EMERGENCY)
  governed.startAnew()
  governed.levels(6, { memoryShare: 0.7 })
  assert.equal(governed.look({}).level, 1)
  assert.equal(governed.look(EMERGENCY).level, 3)
})

test('starting again does not make the next level come sooner than 5 s', () => {
  const governed = new Governed()
  governed.look(SURVIVE)
  governed.startAnew()
  assert.deepEqual(changes(governed.levels(10, SURVIVE)), [
    [1, 0],
    [5, 1],
    [10, 2],
  ])
})

test('looks that are far apart skip no level', () => {
  const governor = new Governor({ isEnabled: true })
  const steps = [0, 500, 1_000].map((second) => governor.step({ ...CALM, ...SURVIVE }, second * SECOND_US))
  assert.deepEqual(
    steps.map(({ state, restart }) => [state.level, restart]),
    [
      [1, false],
      [2, false],
      [3, false],
    ],
  )
})

test('level 3 without relief is held as well while a restart is not to be had', () => {
  const governed = new Governed()
  governed.look(EMERGENCY)
  governed.startAnew()
  const levels = governed.levels(RESTART_SECONDS, SURVIVE)
  assert.deepEqual(changes(levels).at(-1), [RESTART_SECONDS, 4])
  assert.deepEqual(changes(levels).at(-2)?.[1], 3)
})

test('a restart that nobody carried out is asked for again after 15 min', () => {
  const governed = new Governed()
  assert.deepEqual(changes(governed.levels(2 * RESTART_SECONDS, EMERGENCY)), [[1, 4]])
  assert.deepEqual(governed.restarts, [1, 1 + RESTART_SECONDS])
})

test('level 4 is left by relief as level 3 is, where no other process came', () => {
  const governed = new Governed()
  governed.look(EMERGENCY)
  assert.deepEqual(changes(governed.levels(200, { heapShare: 0.83 })), [[1, 4]])
  assert.deepEqual(changes(governed.levels(400, {})), [
    [1, 4],
    [121, 3],
    [241, 2],
    [301, 1],
    [331, 0],
  ])
})

test('where it is not enabled it tells levels and pressures, and asks for nothing', () => {
  const governed = new Governed(false)
  assert.deepEqual(changes(governed.levels(140, SURVIVE)), [
    [1, 1],
    [6, 2],
    [11, 3],
    [131, 4],
  ])
  const { pressures, actions, askedBy } = governed.look(EMERGENCY)
  assert.equal(pressures.heapShare, 0.98 / 0.92)
  assert.deepEqual(inForce(actions), [])
  assert.deepEqual(new Set(Object.values(askedBy)), new Set([0]))
  assert.deepEqual([governed.begun, governed.ended, governed.restarts], [[], [], []])
})

test('a state that was told stays as it was', () => {
  const governed = new Governed()
  const early = governed.look(SURVIVE)
  const copy = structuredClone(early)
  governed.levels(60, SURVIVE)
  assert.deepEqual(early, copy)
})
