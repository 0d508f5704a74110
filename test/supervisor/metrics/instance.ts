import { VENUE_IDS, type VenueId } from '../../../src/core/ids.ts'
import type { Action } from '../../../src/governor/governing.ts'
import type { ProcessReadings } from '../../../src/runtime/processes.ts'
import type { ChildSnapshot, Instance } from '../../../src/supervisor/instance.ts'
import { Exposition, type ExpositionFormat } from '../../../src/supervisor/metrics/exposition.ts'
import type {
  CollectorReport,
  DeliveryReport,
  ProcessReport,
  SinkReport,
  VenueReport,
} from '../../../src/telemetry/report.ts'

/** 2026-01-01T00:00:00Z. */
export const NOW_MS = 1_767_225_600_000
export const NOW_US = 1_000_000_000

/** A process at work. */
export function processReport(some: Partial<ProcessReport> = {}): ProcessReport {
  return {
    heapUsedBytes: 80e6,
    heapLimitBytes: 2_048e6,
    heapAfterMajorGcBytes: 60e6,
    externalBytes: 9e6,
    arrayBufferBytes: 7e6,
    lagP50Ms: 0.5,
    lagP99Ms: 12.5,
    lagMaxMs: 40,
    utilization: 0.4,
    gcShare: 0.01,
    gc: {
      minor: { count: 900, seconds: 1.5 },
      major: { count: 4, seconds: 0.25 },
      incremental: { count: 8, seconds: 0.125 },
      weakcb: { count: 0, seconds: 0 },
    },
    resources: { Timeout: 5, TCPSocketWrap: 12 },
    sockets: 12,
    ...some,
  }
}

/** A venue that delivers. */
export function venueReport(venue: VenueId, some: Partial<VenueReport> = {}): VenueReport {
  return {
    venue,
    state: 'running',
    trouble: undefined,
    isMaintenance: false,
    restHeldMs: 0,
    sockets: { opening: 1, open: 2, closing: 0, planned: 3, peak: 4 },
    streams: { wanted: 20, heard: 19, refused: 1 },
    books: { expected: 10, live: 8, stale: 1, waiting: 1, buffering: 1, levels: 8_000 },
    ageMs: { book: 20, trade: 500 },
    channels: ['book', 'trade'],
    frames: 10_000,
    bytes: 5_000_000,
    trades: 700,
    deltas: 9_000,
    tops: 300,
    records: 10_003,
    recordBytes: 4_000_000,
    ignored: 5,
    unknown: 6,
    duplicates: 7,
    unsynced: 8,
    unscanned: 12,
    unrecorded: 9,
    snapshots: 11,
    snapshotsStale: 2,
    renewals: 3,
    refusedBy: { syntax: 1 },
    gapsBy: { sequence: 2, checksum: 1 },
    reconnectsBy: { silent: 1, closed: 2 },
    silences: 1,
    snapshotFailures: 4,
    resyncSeconds: [0.4, 3],
    observedSeconds: 1_000,
    goodSeconds: 990,
    lagP50Ms: 15,
    lagP99Ms: 80,
    checks: undefined,
    shown: [],
    ...some,
  }
}

/** A collector with all five venues. */
export function collectorReport(some: Partial<CollectorReport> = {}): CollectorReport {
  return {
    role: 'collector',
    process: processReport(),
    venues: VENUE_IDS.map((venue) => venueReport(venue)),
    journal: {
      folder: '/data/journal',
      records: 50_015,
      bytes: 20_000_000,
      storedBytes: 600_000_000,
      limitBytes: 1_000_000_000,
      freeBytes: 70_000_000_000,
      heldMs: undefined,
      lostBy: { parquet: 12 },
      fsyncSeconds: [0.004, 0.02, 0.3],
    },
    shedding: { level: 2, actions: ['less_depth'], shedBy: { less_depth: 30, slow_tops: 12 } },
    ...some,
  }
}

/** A sink that gets on. */
export function sinkReport(sink: string, some: Partial<SinkReport> = {}): SinkReport {
  return {
    sink,
    trouble: undefined,
    delivered: { trade: 3_500, orderbook_delta: 45_000, gap: 15 },
    rejected: 1,
    lost: 2,
    successAgeMs: 250,
    behindBytes: 4_096,
    behindMs: 1_500,
    failures: 3,
    isPaused: false,
    ...some,
  }
}

/** A delivery with a store, NATS and standard output. */
export function deliveryReport(some: Partial<DeliveryReport> = {}): DeliveryReport {
  return {
    role: 'delivery',
    process: processReport({ sockets: 2 }),
    sinks: [sinkReport('parquet', { behindBytes: 9_000 }), sinkReport('nats'), sinkReport('stdout')],
    ...some,
  }
}

/** A process as the system sees it. */
export function processReadings(some: Partial<ProcessReadings> = {}): ProcessReadings {
  return {
    residentBytes: 300e6,
    cpuSeconds: 120.5,
    threads: 11,
    descriptors: 60,
    descriptorLimit: 4_096,
    tcp: { established: 12 },
    ...some,
  }
}

/** A process that runs and was heard from half a second ago. */
export function childSnapshot(
  report: ChildSnapshot['report'] & object,
  some: Partial<ChildSnapshot> = {},
): ChildSnapshot {
  return {
    name: report.role,
    role: report.role,
    pid: 4_242,
    state: { name: 'running', sinceUs: 400_000_000 },
    startUs: 400_000_000,
    heardUs: NOW_US - 500_000,
    report,
    readings: processReadings(),
    restartsBy: { stall: 2 },
    lastEnd: { reason: 'stall', code: 137, text: 'killed' },
    ...some,
  }
}

const ACTIONS: Readonly<Record<Action, boolean>> = {
  slow_tops: true,
  large_batches: true,
  less_depth: true,
  pause_last_tier: false,
  end_orphans: false,
  replace_worst: false,
  collect_garbage: false,
  first_tier_only: false,
  pause_storage: false,
  pause_renewals: false,
}

/** An instance of which everything is known that can be, with one thing of each kind that is wrong. */
export function fullInstance(some: Partial<Instance> = {}): Instance {
  const held = venueReport('deribit', { restHeldMs: 60_000, isMaintenance: true })
  const venues = VENUE_IDS.map((venue) => (venue === 'deribit' ? held : venueReport(venue)))
  const { journal } = collectorReport()
  const troubled = sinkReport('clickhouse', {
    trouble: { code: 'unreachable', text: 'no route', attempts: 6 },
  })
  return {
    name: 'marketprism',
    version: '0.1.0',
    configHash: '5f3c',
    startMs: NOW_MS - 600_000,
    startUs: NOW_US - 600_000_000,
    nowMs: NOW_MS,
    nowUs: NOW_US,
    ownPid: 4_241,
    children: [
      childSnapshot(collectorReport({ venues, journal: { ...journal, heldMs: 2_000 } })),
      childSnapshot(deliveryReport({ sinks: [...deliveryReport().sinks, troubled] })),
    ],
    own: { report: processReport({ sockets: 1 }), readings: processReadings({ residentBytes: 60e6 }) },
    connections: { total: 15, byState: { established: 14, close_wait: 1 }, registered: 14, unaccounted: 1 },
    verdict: {
      state: 'degraded',
      sinceUs: 900_000_000,
      reasons: [{ component: 'sink/clickhouse', reason: 'sink_failing', text: 'no route' }],
      components: [
        {
          name: 'collector',
          state: 'ok',
          sinceUs: 1,
          reason: undefined,
          text: undefined,
          ageMs: 500,
        },
        {
          name: 'sink/clickhouse',
          state: 'recoverable',
          sinceUs: 1,
          reason: 'sink_failing',
          text: 'no route',
          ageMs: undefined,
        },
      ],
      isLive: true,
      isReady: true,
      transitions: 3,
      flaps: 1,
    },
    governor: {
      level: 2,
      sinceUs: 990_000_000,
      pressures: { heapShare: 0.5, lagP99Ms: 0.9 },
      actions: ACTIONS,
      askedBy: {
        slow_tops: 1,
        large_batches: 1,
        less_depth: 1,
        pause_last_tier: 0,
        end_orphans: 0,
        replace_worst: 0,
        collect_garbage: 0,
        first_tier_only: 0,
        pause_storage: 0,
        pause_renewals: 0,
      },
      ups: 2,
      downs: 0,
    },
    trends: [
      { resource: 'memory', slopePerMinute: 3e6, isRapidlyIncreasing: true, exhaustionSeconds: 7_200 },
      {
        resource: 'descriptors',
        slopePerMinute: undefined,
        isRapidlyIncreasing: false,
        exhaustionSeconds: undefined,
      },
    ],
    disks: [{ path: '/data', freeBytes: 70e9, totalBytes: 100e9 }],
    http: {
      requests: [
        { path: '/metrics', code: 200, count: 40 },
        { path: '/health', code: 503, count: 2 },
      ],
      rejectedBy: { slow: 3 },
    },
    ...some,
  }
}

/** Everything that an instance tells, the single measurements of its reports included. */
export async function rendered(instance: Instance, format: ExpositionFormat = 'text'): Promise<string> {
  const exposition = new Exposition()
  for (const { report } of instance.children) if (report !== undefined) exposition.observe(report)
  return exposition.text(instance, format)
}

/** An instance whose collector tells this, and is this. */
export const withCollector = (
  report: Partial<CollectorReport>,
  child: Partial<ChildSnapshot> = {},
): Instance =>
  fullInstance({
    children: [childSnapshot(collectorReport(report), child), childSnapshot(deliveryReport())],
  })
