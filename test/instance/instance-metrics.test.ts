import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as passed } from 'node:timers/promises'
import type { Metric } from '../../src/supervisor/metrics/metric.ts'
import { METRICS } from '../../src/supervisor/metrics/families.ts'
import { type NatsServer, natsServer, NATS_SKIPPED } from '../sinks/nats-server.ts'
import { ask } from '../app/asking.ts'
import { HeldVenues } from '../app/held-venues.ts'
import { MetricHistory } from '../app/metric-history.ts'
import { processNamed, SupervisedInstance } from '../app/supervised.ts'
import type { Status } from '../../src/app/status.ts'
import type { VenueReport } from '../../src/telemetry/report.ts'
import type { VenueId } from '../../src/core/ids.ts'

/** Metrics that stay as they are for the whole of a run, each with why. */
const CONSTANT: Readonly<Record<string, string>> = {
  collector_build_info: 'always 1: its labels are the information',
  collector_config_hash_info: 'always 1: its label is the information',
  process_start_time_seconds: 'when the instance was started',
  process_max_fds: 'a limit of the system',
  collector_process_max_file_descriptors: 'a limit of the system',
  nodejs_heap_size_limit_bytes: 'a limit of the configuration',
  collector_disk_total_bytes: 'the size of a disk',
}

/** Metrics that a run of minutes may leave as they are, or not, each with what it hangs on. */
const STEADY: Readonly<Record<string, string>> = {
  collector_process_threads: 'the threads that Node begins with, and those that a burst of work adds',
  collector_outbox_capacity_bytes: 'a limit of the configuration, or the room that the disk has left',
}

/** Metrics whose series come and go, always with the same value. */
const COMES_AND_GOES = new Set([
  'collector_health_reason',
  'collector_shedding_action_active',
  'collector_last_exit_code',
])

/** Metrics that need more than a run of minutes, each with where it is shown. */
const SLOW: Readonly<Record<string, string>> = {
  collector_trend_slope_per_minute: 'needs 24 minutes of floors: test/governor/trend.test.ts',
  collector_trend_rapidly_increasing: 'needs 24 minutes of floors: test/governor/trend.test.ts',
  collector_resource_exhaustion_seconds: 'needs 24 minutes of floors: test/governor/trend.test.ts',
}

const LIMIT_MS = 120_000
/** The journal is held for so much longer than it takes to be seen. */
const HELD_MS = 3_000
/** More than the segment that a sink has open: it reads that to its end also when the journal has let go of it. */
const UNREAD_RECORDS = 10_000
/** The whole journal has to be written anew before, with little left that is recorded. */
const UNREAD_MS = 240_000
/** The market has to move by most of a hundred levels. */
const RENEWED_MS = 240_000
/** The silence of a stream means something once it has been heard for a minute. */
const KNOWN_SECONDS = 80

const at = (status: Status, id: VenueId): VenueReport | undefined =>
  status.venues.find(({ venue }) => venue === id)

/** As of an instrument that nobody asked for. */
const renamed = (frame: string): string => frame.replace('"s":"BTCUSDT"', '"s":"NOBODYUSDT"')

/** A best bid that is far above every ask. */
const crossed = (frame: string): string =>
  frame.replace(/"b":\[(\]?)/, (_, end: string) => `"b":[["9999999.00","1.0"]${end === '' ? ',' : end}`)

test(
  'every metric is fed by a run with faults, and none is a constant',
  {
    skip: NATS_SKIPPED,
    timeout: 900_000,
  },
  async (t) => {
    await using nats = await natsServer(() => 'max_payload: 4096')
    const venues = await HeldVenues.start()
    const folder = nats.file('token', 'a-token-for-this-test')
    await using instance = await SupervisedInstance.start({ venues, config: configOf(nats.url, folder) })
    await using history = new MetricHistory(instance)
    await instance.untilVerified(LIMIT_MS)
    await flap(instance)
    await faultsOfVenues(instance, venues)
    await faultsOfSinks(instance, nats)
    await silence(instance, venues)
    await instance.until(
      'a book is renewed',
      (status) => status.venues.some(({ renewals }) => renewals > 0),
      RENEWED_MS,
    )
    await faultsOfProcesses(instance)
    await history.stop()
    assert.deepEqual(history.failures, [])
    t.diagnostic(`${history.scrapes} scrapes`)
    const isSlow = ({ name }: Metric): boolean => name in SLOW
    const missing = METRICS.filter((metric) => !history.has(metric) && !isSlow(metric))
    assert.deepEqual(namesOf(missing), [], 'not told at all')
    const hasMoved = (metric: Metric): boolean =>
      history.hasChanged(metric) || (COMES_AND_GOES.has(metric.name) && history.hasComeOrGone(metric))
    const still = METRICS.filter((metric) => history.has(metric) && !isSlow(metric) && !hasMoved(metric))
    const surprising = still.filter(({ name }) => !(name in CONSTANT) && !(name in STEADY))
    assert.deepEqual(
      surprising.map((metric) => `${metric.name}: ${history.told(metric)}`),
      [],
      'constant',
    )
    const moving = METRICS.filter(({ name }) => name in CONSTANT).filter((metric) =>
      history.hasChanged(metric),
    )
    assert.deepEqual(namesOf(moving), [], 'said to be constant')
  },
)

function configOf(natsUrl: string, tokenFile: string): Readonly<Record<string, unknown>> {
  return {
    // Of the book no more than a part is known, which is renewed when the market has moved on.
    venues: { 'binance-spot': { snapshot_depth: 100 }, 'binance-derivatives': { snapshot_depth: 100 } },
    publish: { books: { every_ms: 100 } },
    supervisor: { stalling_seconds: 1, unhealthy_seconds: 2, kill_seconds: 3 },
    // ETH is given up first: the governor has something to leave out.
    governor: { first_tier: ['BTC'], last_tier: ['ETH'], memory_bytes: 600_000_000 },
    sinks: {
      nats: { enabled: true, servers: [natsUrl], stream: { max_bytes: 100_000_000 } },
      parquet: { enabled: true },
      // Nobody listens there.
      clickhouse: { enabled: true, url: 'http://127.0.0.1:9' },
    },
    journal: { segment_bytes: 1_048_576, limit_bytes: 50_331_648, fsync_ms: 50 },
    http: { admin_token_file: tokenFile },
  }
}

/** A stall makes it unhealthy, and it is as before within half a minute. */
async function flap(instance: SupervisedInstance): Promise<void> {
  const until = (what: string, isSo: (status: Status) => boolean): Promise<unknown> =>
    instance.until(what, isSo, LIMIT_MS)
  await until('it is degraded by what a sink lacks', ({ state }) => state === 'degraded')
  instance.fault('block', 20_000)
  await until('the stall is replaced', (status) => {
    return processNamed(status, 'collector').lastEnd?.startsWith('stall:') === true
  })
  await instance.untilVerified(LIMIT_MS)
  await instance.untilMetric('collector_health_flaps_total', (flaps) => flaps === 1)
}

/** What venues may do. */
async function faultsOfVenues(instance: SupervisedInstance, venues: HeldVenues): Promise<void> {
  // The lost change asks for a snapshot, which is refused.
  venues.faults('binance-spot').set({ name: 'http_429', times: 2, value: 3 })
  venues.faults('binance-spot').set({ name: 'drop', channel: 'book', times: 2 })
  venues.faults('okx-spot').set({ name: 'malformed', times: 2 })
  venues.faults('deribit').set({ name: 'duplicate', channel: 'trade', times: 5 })
  venues.tamper('binance-derivatives', (frame) => [frame.includes('depthUpdate') ? crossed(frame) : frame])
  venues.tamper('binance-spot', (frame) => ['[]', frame.includes('depthUpdate') ? frame : renamed(frame)])
  const until = (what: string, isSo: (status: Status) => boolean): Promise<unknown> =>
    instance.until(what, isSo, LIMIT_MS)
  await Promise.all([
    until('REST is held', (status) => (at(status, 'binance-spot')?.restHeldMs ?? 0) > 0),
    until('a frame is refused', (status) => sum(at(status, 'okx-spot')?.refusedBy) > 0),
    until('duplicates', (status) => (at(status, 'deribit')?.duplicates ?? 0) > 0),
    until('crossed books', (status) => (at(status, 'binance-derivatives')?.gapsBy.crossed ?? 0) > 0),
    until('unknown', (status) => (at(status, 'binance-spot')?.unknown ?? 0) > 0),
    until('ignored', (status) => (at(status, 'binance-spot')?.ignored ?? 0) > 0),
    until('a gap in a sequence', (status) => (at(status, 'binance-spot')?.gapsBy.sequence ?? 0) > 0),
  ])
  venues.tamper('binance-derivatives', (frame) => [frame])
  venues.tamper('binance-spot', (frame) => [frame])
  venues.faults('deribit').set({ name: 'maintenance', times: 1 })
  await until('maintenance', (status) => status.venues.some(({ isMaintenance }) => isMaintenance))
  await instance.untilVerified(LIMIT_MS)
}

/** What sinks, the journal and the governor may do: two sinks that take nothing fill the journal. */
async function faultsOfSinks(instance: SupervisedInstance, nats: NatsServer): Promise<void> {
  const until = (what: string, isSo: (status: Status) => boolean): Promise<unknown> =>
    instance.until(what, isSo, LIMIT_MS)
  const sink = (status: Status, name: string): Status['sinks'][number] | undefined =>
    status.sinks.find((candidate) => candidate.sink === name)
  await until('parquet has records', (status) => sum(sink(status, 'parquet')?.delivered) > 0)
  await until('nats has records', (status) => sum(sink(status, 'nats')?.delivered) > 0)
  await until('nats has rejected', (status) => (sink(status, 'nats')?.rejected ?? 0) > 0)
  await nats.kill()
  await until('nats is missed', (status) => sink(status, 'nats')?.trouble !== undefined)
  instance.fault('external', 500)
  await until(
    'level 3',
    ({ governor, sinks }) => governor.level === 3 && sinks.some(({ isPaused }) => isPaused),
  )
  await until('something is shed', ({ governor }) => governor.actions.includes('first_tier_only'))
  await instance.until(
    'records go unread',
    ({ journal }) => (journal?.lostBy['nats'] ?? 0) > UNREAD_RECORDS,
    UNREAD_MS,
  )
  await nats.start('server')
  await until('nats has lost', (status) => (sink(status, 'nats')?.lost ?? 0) > 0)
  instance.fault('disk', LIMIT_MS)
  await until('the journal is held', ({ journal }) => journal?.heldMs !== undefined)
  await passed(HELD_MS)
  instance.fault('disk', 0)
  await until(
    'the journal is written again',
    ({ journal }) => journal !== undefined && journal.heldMs === undefined,
  )
}

/** A stream that has been known for a minute says nothing any more, while its socket goes on. */
async function silence(instance: SupervisedInstance, venues: HeldVenues): Promise<void> {
  await instance.until(
    'streams are known',
    (status) => (processNamed(status, 'collector').upSeconds ?? 0) > KNOWN_SECONDS,
    LIMIT_MS,
  )
  const [muted = ''] = venues.venues.find(({ id }) => id === 'okx-derivatives')?.symbols ?? []
  venues.faults('okx-derivatives').set({ name: 'mute', symbol: muted, channel: 'book' })
  const isSilent = (status: Status): boolean => (at(status, 'okx-derivatives')?.silences ?? 0) > 0
  await instance.until('silence', isSilent, LIMIT_MS)
  venues.faults('okx-derivatives').clear()
}

/** What processes and clients may do. */
async function faultsOfProcesses(instance: SupervisedInstance): Promise<void> {
  const collector = (status: Status): Status['processes'][number] => processNamed(status, 'collector')
  const until = (what: string, isSo: (status: Status) => boolean): Promise<unknown> =>
    instance.until(what, isSo, LIMIT_MS)
  assert.equal((await ask(`${instance.url}/admin/objects`, { method: 'POST' })).status, 401)
  instance.fault('orphans', 3)
  await until('orphans', ({ connections }) => (connections?.unaccounted ?? 0) >= 3)
  instance.fault('throw')
  await until(
    'it is replaced again',
    (status) => collector(status).lastEnd?.startsWith('exception:') === true,
  )
  await instance.untilVerified(LIMIT_MS)
}

const namesOf = (metrics: readonly Metric[]): readonly string[] => metrics.map(({ name }) => name)

const sum = (counts: Readonly<Partial<Record<string, number>>> = {}): number =>
  Object.values(counts).reduce<number>((total, count = 0) => total + count, 0)
