import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { assess } from '../../src/health/assess.ts'
import type { HealthFacts } from '../../src/health/facts.ts'
import { COMPONENT_STATES, HEALTH_STATES, REASONS } from '../../src/health/verdict.ts'
import { CASES } from './cases.ts'
import {
  healthFacts,
  justStarted,
  processFacts,
  sinkFacts,
  venueFacts,
  WINDOWS,
  withAll,
  withCollector,
  withDelivery,
  withFirst,
} from './rig.ts'

suite('facts and what is said of them', () => {
  for (const { name, facts, state, first } of CASES)
    test(name, () => {
      const assessment = assess(facts, WINDOWS)
      const [reason] = assessment.reasons
      assert.equal(assessment.state, state, JSON.stringify(assessment.reasons))
      if (first === undefined) return
      const [component, code, componentState, words] = first
      assert.deepEqual([reason?.component, reason?.reason], [component, code])
      assert.match(reason?.text ?? '', words)
      assert.equal(assessment.components.find((one) => one.name === component)?.state, componentState)
    })

  const assessments = CASES.map(({ facts }) => assess(facts, WINDOWS))

  test('every state of the whole is reached', () => {
    assert.deepEqual(new Set(assessments.map(({ state }) => state)), new Set(HEALTH_STATES))
  })

  test('every reason is reached', () => {
    const reached = assessments.flatMap(({ reasons }) => reasons.map(({ reason }) => reason))
    assert.deepEqual(new Set(reached), new Set(REASONS))
  })

  test('every state of a component is reached', () => {
    const stopping = assess(
      healthFacts({ isStopping: true, processes: [processFacts(), processFacts({ isRunning: false })] }),
      WINDOWS,
    )
    const reached = [...assessments, stopping].flatMap(({ components }) =>
      components.map(({ state }) => state),
    )
    assert.deepEqual(new Set(reached), new Set(COMPONENT_STATES))
  })

  test('healthy means that no component has anything to say, and the other way round', () => {
    for (const { state, reasons } of assessments)
      if (state !== 'stopping' && state !== 'starting')
        assert.equal(state === 'healthy', reasons.length === 0)
  })
})

test('all that are required down is unhealthy, although another delivers', () => {
  const down = { book: 90_000, trade: 90_000 }
  const venues = [venueFacts('okx-spot', { ageMs: down }), venueFacts('deribit', { isRequired: false })]
  const { state, reasons } = assess(healthFacts({ venues }), WINDOWS)
  assert.equal(state, 'unhealthy')
  assert.equal(reasons[0]?.component, 'venue/okx-spot')
})

test('one that is not required down is degraded', () => {
  const venues = [
    venueFacts('okx-spot'),
    venueFacts('deribit', { isRequired: false, ageMs: { book: 90_000, trade: 90_000 } }),
  ]
  assert.equal(assess(healthFacts({ venues }), WINDOWS).state, 'degraded')
})

test('where none is required all of them count', () => {
  const facts = withAll({ isRequired: false, ageMs: { book: 90_000 } })
  assert.equal(assess(facts, WINDOWS).state, 'unhealthy')
})

test('down in part for maintenance and in part for none is unhealthy', () => {
  const ageMs = { book: 90_000, trade: 90_000 }
  const venues = [venueFacts('okx-spot', { ageMs, isMaintenance: true }), venueFacts('deribit', { ageMs })]
  assert.equal(assess(healthFacts({ venues }), WINDOWS).state, 'unhealthy')
})

test('the gravest reason comes first', () => {
  const facts = { ...withCollector({ silentMs: 6_000 }), sinks: [sinkFacts({ lostLately: 3 })] }
  assert.deepEqual(
    assess(facts, WINDOWS).reasons.map(({ reason }) => reason),
    ['data_lost', 'stalling'],
  )
})

test('only a stall of a vital process makes it not live', () => {
  const isLive = (facts: HealthFacts) => assess(facts, WINDOWS).isLive
  assert.equal(isLive(withCollector({ silentMs: 10_000 })), false)
  assert.equal(isLive(withCollector({ silentMs: 9_999 })), true)
  assert.equal(isLive(withDelivery({ silentMs: 60_000 })), true)
  assert.equal(isLive(withCollector({ isRunning: false, isLooping: true, silentMs: undefined })), true)
  assert.equal(isLive(withAll({ ageMs: { book: 90_000, trade: 90_000 } })), true)
})

test('what a process that is gone last said of its books makes nothing synced', () => {
  assert.equal(assess(healthFacts(), WINDOWS).isSynced, true)
  assert.equal(assess(withCollector({ isRunning: false, silentMs: undefined }), WINDOWS).isSynced, false)
  assert.equal(assess(withCollector({ silentMs: 11_000 }), WINDOWS).isSynced, false)
})

test('an instance that only delivers has no venue to wait for', () => {
  const processes = [processFacts({ name: 'delivery', isVital: false })]
  const { state, isSynced } = assess(justStarted(1_000, { venues: [], processes }), WINDOWS)
  assert.deepEqual([state, isSynced], ['healthy', true])
})

test('a venue that is asked for no books has none to be judged by', () => {
  const facts = withFirst({
    channels: ['trade'],
    ageMs: { trade: 100 },
    books: { expected: 0, live: 0, stale: 0 },
  })
  const { state, components } = assess(facts, WINDOWS)
  assert.equal(state, 'healthy')
  assert.equal(
    components.some(({ name }) => name === 'books/binance-spot'),
    false,
  )
})

test('a share that is exactly allowed is allowed, for every percentage and count', () => {
  for (let percent = 0; percent <= 100; percent++) {
    const windows = { ...WINDOWS, staleShare: percent / 100 }
    const state = (missing: number) =>
      assess(withFirst({ books: { expected: 100, live: 100 - missing, stale: 0 } }), windows).state
    assert.equal(state(percent), 'healthy', `${percent} %`)
    if (percent < 100) assert.equal(state(percent + 1), 'degraded', `${percent} %`)
  }
})
