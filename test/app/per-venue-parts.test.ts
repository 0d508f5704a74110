import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runDelivery } from '../../src/app/deliver.ts'
import { type Gathered, healthFacts, signalsOf, windowsOf } from '../../src/app/gathering.ts'
import { combined, Governors } from '../../src/app/governors.ts'
import { inspectJournals } from '../../src/app/journal.ts'
import { runQuery } from '../../src/app/query.ts'
import { mergedReports } from '../../src/app/sink-reports.ts'
import { statusOf } from '../../src/app/status.ts'
import { Turns } from '../../src/app/turns.ts'
import type { Config } from '../../src/config/schema.ts'
import { VENUE_IDS, type VenueId } from '../../src/core/ids.ts'
import { assess } from '../../src/health/assess.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import type { ChildSnapshot } from '../../src/supervisor/instance.ts'
import { memoryIo } from '../cli/memory-io.ts'
import { configOf } from '../config/bad-config.ts'
import {
  beginSegment,
  openSink,
  sealedSegment,
  temporaryFolder,
  tradeLines,
  writeBatch,
} from '../sinks/parquet/rig.ts'
import {
  childSnapshot,
  collectorReport,
  deliveryReport,
  fullInstance,
  NOW_US,
  processReadings,
  processReport,
  sinkReport,
  venueReport,
} from '../supervisor/metrics/instance.ts'

const CONFIG = configOf('supervisor: {collectors: per_venue}')

test('loops of one sink are told as one: sums, the greatest delay, and the first trouble', () => {
  const trouble = { code: 'unreachable', text: 'no route', attempts: 3 }
  const reports = [
    sinkReport('nats', { delivered: { trade: 1 }, behindMs: 5, behindBytes: 10, successAgeMs: undefined }),
    sinkReport('parquet', { isPaused: true }),
    sinkReport('nats', {
      delivered: { trade: 2, gap: 1 },
      behindMs: 9,
      behindBytes: 1,
      trouble,
      successAgeMs: 70,
    }),
    sinkReport('nats', {
      delivered: {},
      behindMs: 0,
      successAgeMs: 40,
      trouble: { ...trouble, code: 'full' },
    }),
    sinkReport('parquet'),
  ]
  const [nats, parquet, ...others] = mergedReports(reports)
  assert.deepEqual(nats, {
    sink: 'nats',
    trouble,
    delivered: { trade: 3, gap: 1 },
    rejected: 3,
    lost: 6,
    successAgeMs: 40,
    behindBytes: 10 + 1 + 4_096,
    behindMs: 9,
    failures: 9,
    isPaused: false,
  })
  assert.equal(parquet?.isPaused, true)
  assert.deepEqual(others, [])
  assert.deepEqual(mergedReports([sinkReport('stdout')]), [sinkReport('stdout')])
})

test('work is done one after the other, and one that fails holds up no other', async () => {
  const turns = new Turns()
  const done: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = turns.take(async () => {
    await gate.promise
    done.push('first')
  })
  const failing = turns.take(() => Promise.reject(new RangeError('no')))
  const last = turns.take(async () => void done.push('last'))
  const refused = assert.rejects(failing, RangeError)
  await Promise.resolve()
  assert.deepEqual(done, [])
  gate.resolve()
  await Promise.all([first, refused, last])
  assert.deepEqual(done, ['first', 'last'])
})

/** A collector of one venue, of which all books are live. */
const collectorOf = (venue: VenueId, some: Partial<ChildSnapshot> = {}): ChildSnapshot => {
  const books = { expected: 10, live: 10, stale: 0, waiting: 0, buffering: 0, levels: 1 }
  const report = collectorReport({ venues: [venueReport(venue, { books })] })
  return childSnapshot(report, { name: `collector/${venue}`, lastEnd: undefined, ...some })
}

const GONE = {
  startUs: undefined,
  pid: undefined,
  state: { name: 'waiting', sinceUs: NOW_US, retryUs: NOW_US },
  lastEnd: { reason: 'killed', code: 137, text: 'by SIGKILL' },
} as const
const STALLED = { state: { name: 'unhealthy', sinceUs: 0 }, heardUs: NOW_US - 12_000_000 } as const

const gatheredWith = (children: readonly ChildSnapshot[], some: Partial<Gathered> = {}): Gathered => ({
  nowUs: NOW_US,
  startUs: 0,
  isStopping: false,
  children,
  looping: new Set(),
  connections: undefined,
  lostLately: new Map(),
  memoryLimitBytes: 1e9,
  ...some,
})

const assessed = (
  children: readonly ChildSnapshot[],
  looping: readonly string[] = [],
  config: Config = CONFIG,
) =>
  assess(
    healthFacts(gatheredWith(children, { looping: new Set(looping) }), { level: 0, sinceUs: 0 }, config),
    windowsOf(config),
  )

/** All five, the first of which are so. */
const five = (...some: readonly Partial<ChildSnapshot>[]): readonly ChildSnapshot[] =>
  VENUE_IDS.map((venue, at) => collectorOf(venue, some[at]))

test('one of several collectors that is gone, hangs or loops degrades its own venue, and no more', () => {
  assert.equal(assessed(five()).state, 'healthy')
  const name = `collector/${VENUE_IDS[0]}`
  const hopeless = { ...GONE, lastEnd: { reason: 'config', code: 78, text: 'no such folder' } } as const
  const cases = [
    assessed(five(GONE)),
    assessed(five(STALLED)),
    assessed(five(GONE), [name]),
    assessed(five(hopeless), [name]),
  ]
  for (const { state, isUrgent, isLive, isSynced, reasons } of cases) {
    assert.deepEqual([state, isUrgent, isLive, isSynced], ['degraded', false, true, true])
    assert.ok(
      reasons.every(({ component }) => component.endsWith(VENUE_IDS[0])),
      JSON.stringify(reasons),
    )
    assert.equal(reasons[0]?.component, name)
  }
})

test('the last collector that is at work counts as an only one does', () => {
  assert.equal(assessed(five(GONE, GONE, STALLED, GONE)).state, 'degraded')
  const all = assessed(five(STALLED, STALLED, STALLED, STALLED, STALLED))
  assert.deepEqual([all.state, all.isUrgent, all.isLive], ['unhealthy', true, false])
  const names = VENUE_IDS.map((venue) => `collector/${venue}`)
  assert.equal(assessed(five(GONE, GONE, GONE, GONE, GONE), names).state, 'unhealthy')
  const last = assessed(five(GONE, GONE, GONE, GONE, STALLED))
  assert.deepEqual([last.state, last.isLive], ['unhealthy', false])
})

test('when all collectors are gone no venue is synced, whatever they said last', () => {
  assert.equal(assessed(five(GONE, GONE, GONE, GONE, GONE)).isSynced, false)
})

test('an only collector that hangs is unhealthy', () => {
  const only = childSnapshot(collectorReport(), { ...STALLED, lastEnd: undefined })
  const { state, isLive } = assessed([only], [], configOf('{}'))
  assert.deepEqual([state, isLive], ['unhealthy', false])
})

test('signals are those of the one collector; the backlog is that of all journals', () => {
  const heavy = collectorOf('okx-spot', {
    readings: processReadings({ residentBytes: 900e6, descriptors: 2_048, tcp: { established: 40 } }),
  })
  const delivery = childSnapshot(
    deliveryReport({ sinks: [sinkReport('parquet', { behindBytes: 500_000_000 })] }),
  )
  const gathered = gatheredWith([collectorOf('deribit'), heavy, delivery])
  const { memoryShare, descriptorShare, unaccounted, backlogShare } = signalsOf(
    gathered,
    'collector/okx-spot',
  )
  assert.deepEqual([memoryShare, descriptorShare, unaccounted, backlogShare], [0.9, 0.5, 28, 0.25])
  const other = signalsOf(gathered, 'collector/deribit')
  assert.deepEqual([other.memoryShare, other.unaccounted, other.backlogShare], [0.3, 0, 0.25])
  assert.equal(signalsOf(gatheredWith(five(GONE)), `collector/${VENUE_IDS[0]}`).heapShare, undefined)
})

test('each collector is governed by its own signals, and the delivery by all of them', () => {
  const names = VENUE_IDS.map((venue) => `collector/${venue}`)
  const [loaded = '', calm = ''] = names
  const governors = new Governors(names, { isEnabled: true }, 0)
  const full = { heapUsedBytes: 99, heapLimitBytes: 100 }
  const children = five({ report: collectorReport({ process: processReport(full), venues: [] }) })
  assert.deepEqual(
    [...governors.step(gatheredWith(children))],
    [],
    'those that have just begun are left alone',
  )
  const restarts = governors.step(gatheredWith(children, { nowUs: NOW_US + 1_000_000 }))
  assert.deepEqual([...restarts], [loaded])
  assert.deepEqual([governors.stateOf(loaded).level, governors.stateOf(calm).level], [4, 0])
  assert.equal(governors.stateOf(calm).actions.slow_tops, false)
  assert.equal(governors.stateOf('delivery').actions.pause_storage, true)
  assert.equal(governors.overall.level, 4)
})

test('governors together stand at the highest level, since that was reached, and count as one', () => {
  const { governor } = fullInstance()
  assert.equal(combined([governor]), governor)
  const calm = {
    ...governor,
    level: 1,
    sinceUs: 5,
    pressures: { lagP99Ms: 0.1, memoryShare: 0.2 },
    actions: { ...governor.actions, slow_tops: false, end_orphans: true },
  } as const
  const both = combined([calm, governor])
  assert.deepEqual([both.level, both.sinceUs, both.ups, both.downs], [2, governor.sinceUs, 4, 0])
  assert.deepEqual(both.pressures, { heapShare: 0.5, lagP99Ms: 0.9, memoryShare: 0.2 })
  assert.deepEqual(
    [both.actions.slow_tops, both.actions.end_orphans, both.actions.pause_storage],
    [true, true, false],
  )
  assert.equal(both.askedBy.slow_tops, 2)
  assert.throws(() => combined([]), RangeError)
})

test('the status tells the journals of all collectors as one', () => {
  const journalIn = (venue: VenueId, heldMs: number | undefined) => ({
    ...collectorReport().journal,
    folder: `/data/journal/${venue}`,
    heldMs,
  })
  const children = (['okx-spot', 'deribit'] as const).map((venue, at) =>
    childSnapshot(collectorReport({ journal: journalIn(venue, at === 0 ? undefined : 7) }), {
      name: `collector/${venue}`,
    }),
  )
  const { journal } = statusOf(fullInstance({ children }))
  assert.deepEqual(
    [journal?.folder, journal?.records, journal?.heldMs, journal?.lostBy],
    ['/data/journal', 100_030, 7, { parquet: 24 }],
  )
})

/** A journal of one collector for all with trades 1 to 10, and two of venues with 11 to 30. */
async function mixedJournals(
  context: TestContext,
): Promise<{ readonly folder: string; readonly config: Config }> {
  const folder = temporaryFolder(context)
  const place = {
    journal: { folder: join(folder, 'journal') },
    sinks: { parquet: { folder: join(folder, 'store') } },
  }
  sealedSegment(place.journal.folder, 1, tradeLines(1, 10))
  const stored = sealedSegment(join(folder, 'journal/okx-spot'), 1, tradeLines(11, 10))
  await (await openSink(join(folder, 'store/okx-spot'))).store(stored)
  writeBatch(beginSegment(join(folder, 'journal/deribit'), 1), tradeLines(21, 10))
  return { folder, config: configOf(JSON.stringify({ ...place, supervisor: { collectors: 'per_venue' } })) }
}

test('a query finds every record once, in whichever journal or store it is, by either setting', async (context) => {
  const { config } = await mixedJournals(context)
  const sql = 'SELECT count(*), count(DISTINCT seq), min(seq), max(seq) FROM trades'
  for (const collectors of ['one', 'per_venue'] as const) {
    const memory = memoryIo()
    const given = { ...config, supervisor: { ...config.supervisor, collectors } }
    assert.equal(
      await runQuery({ config: given, sql, format: 'csv', memoryMb: 256 }, memory.io),
      0,
      memory.err(),
    )
    assert.equal(memory.out().split('\n')[1], '30,30,1,30')
  }
})

test('the delivery brings every journal there is, also one that another setting has left, once', async (context) => {
  const { config } = await mixedJournals(context)
  const deliver = async (): Promise<readonly number[]> => {
    const memory = memoryIo()
    const run = {
      runtime: systemRuntime(),
      config,
      only: 'stdout',
      seconds: undefined,
      untilEnd: true,
      reportMs: 1_000,
      emit: () => undefined,
      opened: () => () => undefined,
      ended: new Promise<never>(() => undefined),
    } as const
    assert.equal(await runDelivery(run, memory.io), 0)
    const lines = memory
      .out()
      .split('\n')
      .filter((line) => line !== '')
    return lines.map((line): number => JSON.parse(line).seq).toSorted((one, other) => one - other)
  }
  assert.deepEqual(
    await deliver(),
    Array.from({ length: 30 }, (_, at) => at + 1),
  )
  assert.deepEqual(await deliver(), [])
  const audit = memoryIo()
  assert.equal(await inspectJournals(config, { action: 'audit', segments: [] }, audit.io), 0)
  assert.equal(audit.out().split('stdout: every record is accounted for').length - 1, VENUE_IDS.length + 1)
})

test('journals are inspected one after the other, and a segment that none has is told', async (context) => {
  const { folder, config } = await mixedJournals(context)
  const list = memoryIo()
  assert.equal(await inspectJournals(config, { action: 'list', segments: [] }, list.io), 0)
  for (const part of ['', '/okx-spot', '/deribit']) {
    assert.ok(list.out().includes(`${join(folder, 'journal')}${part}:\n`), list.out())
  }
  const print = memoryIo()
  assert.equal(await inspectJournals(config, { action: 'print', segments: [1] }, print.io), 0)
  assert.equal(print.out().trimEnd().split('\n').length, 30)
  const missing = memoryIo()
  assert.notEqual(await inspectJournals(config, { action: 'print', segments: [2] }, missing.io), 0)
  assert.match(missing.err(), /has no segment 2/)
})
