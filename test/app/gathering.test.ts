import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collectorsOf, type Gathered, healthFacts, signalsOf, sinksOf } from '../../src/app/gathering.ts'
import { readConfig } from '../../src/config/loader.ts'
import type { Config } from '../../src/config/schema.ts'
import type { ChildSnapshot } from '../../src/supervisor/instance.ts'
import {
  childSnapshot,
  collectorReport,
  deliveryReport,
  NOW_US,
  processReadings,
  processReport,
  sinkReport,
  venueReport,
} from '../supervisor/metrics/instance.ts'

const SECOND_US = 1_000_000
const GOVERNOR = { level: 0, sinceUs: 0 } as const

function configOf(text: string): Config {
  const outcome = readConfig(new TextEncoder().encode(text))
  assert.ok('config' in outcome, JSON.stringify(outcome))
  return outcome.config
}

const CONFIG = configOf('{}')

const gathered = (children: readonly ChildSnapshot[], some: Partial<Gathered> = {}): Gathered => ({
  nowUs: NOW_US,
  startUs: 0,
  isStopping: false,
  children,
  looping: new Set(),
  connections: undefined,
  lostLately: new Map(),
  memoryLimitBytes: 1_000e6,
  ...some,
})

const factsOf = (children: readonly ChildSnapshot[], some: Partial<Gathered> = {}) =>
  healthFacts(gathered(children, some), GOVERNOR, CONFIG)

test('what a silent process told goes on ageing', () => {
  const report = collectorReport({ venues: [venueReport('deribit', { ageMs: { book: 200, trade: 900 } })] })
  const facts = factsOf([childSnapshot(report, { heardUs: NOW_US - 42 * SECOND_US })])
  const deribit = facts.venues.find(({ venue }) => venue === 'deribit')
  assert.deepEqual(deribit?.ageMs, { book: 42_200, trade: 42_900 })
})

test('a process is silent only where whoever watches it says so', () => {
  const heardUs = NOW_US - 42 * SECOND_US
  const running = childSnapshot(collectorReport(), { heardUs })
  assert.equal(factsOf([running]).processes[0]?.silentMs, 0)
  const stalling: ChildSnapshot = { ...running, state: { name: 'stalling', sinceUs: NOW_US } }
  assert.equal(factsOf([stalling]).processes[0]?.silentMs, 42_000)
  // One that has just been started has the silence of the one before it behind it.
  const fresh: ChildSnapshot = { ...stalling, startUs: NOW_US - 3 * SECOND_US, heardUs: undefined }
  assert.equal(factsOf([fresh]).processes[0]?.silentMs, 3_000)
  assert.equal(factsOf([{ ...fresh, startUs: undefined }]).processes[0]?.silentMs, undefined)
})

test('what a former process told is not what the one after it is', () => {
  const collector = childSnapshot(collectorReport(), { heardUs: undefined })
  const delivery = childSnapshot(deliveryReport(), { heardUs: undefined })
  assert.deepEqual(collectorsOf([collector, delivery]), [])
  assert.deepEqual(sinksOf([collector, delivery]), [])
  const facts = factsOf([collector, delivery])
  assert.deepEqual(facts.sinks, [])
  for (const { ageMs, books, trouble } of facts.venues) {
    assert.deepEqual(
      { ageMs, books, trouble },
      { ageMs: {}, books: { expected: 0, live: 0, stale: 0 }, trouble: undefined },
    )
  }
  assert.equal(signalsOf(gathered([collector]), 'collector').heapShare, undefined)
})

test('every venue of the configuration is judged, also one that no process tells of', () => {
  const config = configOf('{"venues": {"okx-spot": {"enabled": false}, "deribit": {"channels": ["trade"]}}}')
  const report = collectorReport({ venues: [venueReport('binance-spot')] })
  const { venues } = healthFacts(gathered([childSnapshot(report)]), GOVERNOR, config)
  assert.deepEqual(venues.map(({ venue }) => venue).toSorted(), [
    'binance-derivatives',
    'binance-spot',
    'deribit',
    'okx-derivatives',
  ])
  assert.deepEqual(venues.find(({ venue }) => venue === 'deribit')?.channels, ['trade'])
})

test('the books of a process that is gone are gone with it', () => {
  const report = collectorReport({ venues: [venueReport('deribit')] })
  const books = (child: ChildSnapshot) =>
    factsOf([child]).venues.find(({ venue }) => venue === 'deribit')?.books
  assert.ok((books(childSnapshot(report))?.live ?? 0) > 0)
  assert.equal(books(childSnapshot(report, { startUs: undefined }))?.live, 0)
})

test('of several journals the one that has been held longest is told', () => {
  const { journal } = collectorReport()
  const holding = (name: string, heldMs: number | undefined) =>
    childSnapshot(collectorReport({ journal: { ...journal, heldMs } }), { name })
  assert.equal(factsOf([holding('one', undefined), holding('two', undefined)]).journal?.heldMs, undefined)
  assert.equal(factsOf([holding('one', 2_000), holding('two', 9_000)]).journal?.heldMs, 9_000)
})

test('a loss is told of its sink, and what went unread of the journal', () => {
  const delivery = childSnapshot(deliveryReport({ sinks: [sinkReport('nats'), sinkReport('parquet')] }))
  const lostLately = new Map([
    ['sink/nats', 7],
    ['journal/collector', 5],
  ])
  const { sinks, journal } = factsOf([childSnapshot(collectorReport()), delivery], { lostLately })
  assert.deepEqual(
    sinks.map(({ sink, lostLately: lost }) => [sink, lost]),
    [
      ['nats', 7],
      ['parquet', 0],
    ],
  )
  assert.equal(journal?.lostLately, 5)
})

test('the lag of a process that begins says nothing, its memory does', () => {
  const report = collectorReport({
    process: processReport({ lagP99Ms: 900, heapUsedBytes: 90, heapLimitBytes: 100 }),
  })
  const readings = processReadings({ residentBytes: 500e6, descriptors: 30, descriptorLimit: 60 })
  const signals = (ageSeconds: number) =>
    signalsOf(
      gathered([childSnapshot(report, { readings, startUs: NOW_US - ageSeconds * SECOND_US })]),
      'collector',
    )
  assert.equal(signals(19).lagP99Ms, undefined)
  assert.equal(signals(21).lagP99Ms, 900)
  const { heapShare, memoryShare, descriptorShare } = signals(19)
  assert.deepEqual(
    { heapShare, memoryShare, descriptorShare },
    { heapShare: 0.9, memoryShare: 0.5, descriptorShare: 0.5 },
  )
})

test('what the system does not tell is no signal', () => {
  const child = childSnapshot(collectorReport(), { readings: undefined })
  const { memoryShare, descriptorShare, unaccounted } = signalsOf(gathered([child]), 'collector')
  assert.deepEqual(
    { memoryShare, descriptorShare, unaccounted },
    { memoryShare: undefined, descriptorShare: undefined, unaccounted: undefined },
  )
})
