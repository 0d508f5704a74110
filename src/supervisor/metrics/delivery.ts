import type { SinkReport } from '../../telemetry/report.ts'
import type { Instance } from '../instance.ts'
import { counter, type Family, gauge, type Sample } from './metric.ts'
import {
  asNumber,
  collectorsOf,
  epochSeconds,
  greatestOf,
  overCollectors,
  perSink,
  secondsBefore,
  sinksOf,
  smallestOf,
  storesOf,
  sumOf,
  worstCollector,
} from './reading.ts'

const SINK = ['sink']
/** Failures that mean that there is no connection. */
const DISCONNECTIONS: ReadonlySet<string> = new Set([
  'unreachable',
  'dns',
  'tls',
  'timeout',
  'refused',
  'unauthorized',
])

/** By sink, when the oldest record that it does not have came; `undefined` for one that has all. */
function oldestSeconds(instance: Instance): readonly (readonly [string, number | undefined])[] {
  return sinksOf(instance).map(({ child, sink: { sink, behindMs } }) => [
    sink,
    behindMs > 0 ? secondsBefore(instance, child, behindMs) : undefined,
  ])
}

/** A store that has had no success counts from the start of its process: it would otherwise never be missed. */
function storeSuccessSeconds(instance: Instance): readonly Sample[] {
  return storesOf(instance).map(({ child, sink }) => {
    const startSeconds = child.startUs === undefined ? undefined : epochSeconds(instance, child.startUs)
    return [sink.sink, secondsBefore(instance, child, sink.successAgeMs) ?? startSeconds]
  })
}

function natsConnected(instance: Instance): readonly Sample[] {
  const nats = sinksOf(instance).filter(({ sink }) => sink.sink === 'nats')
  return nats.map(({ sink }) => [isConnected(sink)])
}

/** A sink that has neither succeeded nor failed has not shown what it is. */
function isConnected({ trouble, successAgeMs }: SinkReport): number | undefined {
  if (trouble !== undefined) return asNumber(!DISCONNECTIONS.has(trouble.code))
  return successAgeMs === undefined ? undefined : 1
}

const rows = ({ delivered }: SinkReport): number => sumOf(Object.values(delivered)) ?? 0

/** The journal between the collector and the sinks. */
export const JOURNAL_FAMILY: Family = {
  title: 'Journal',
  doc: 'Every record goes to the journal first, and each sink reads it from there: it is the outbox of the instance.',
  metrics: [
    gauge('collector_outbox_bytes', 'Journal that the slowest sink has not read, bytes.', [], (instance) => [
      [greatestOf(sinksOf(instance).map(({ sink }) => sink.behindBytes))],
    ]),
    gauge(
      'collector_outbox_capacity_bytes',
      'What the journal may hold, bytes.',
      [],
      overCollectors(({ journal }) => journal.limitBytes),
    ),
    gauge(
      'collector_outbox_oldest_timestamp_seconds',
      'When the oldest record came that a sink does not have, seconds since 1970. Absent when the sinks have all.',
      [],
      (instance) => [[smallestOf(oldestSeconds(instance).map(([, seconds]) => seconds))]],
    ),
    gauge(
      'collector_journal_stored_bytes',
      'What the journal holds, bytes, whether read or not.',
      [],
      overCollectors(({ journal }) => journal.storedBytes),
    ),
    counter(
      'collector_journal_records_total',
      'Records written to the journal, number.',
      [],
      overCollectors(({ journal }) => journal.records),
    ),
    counter(
      'collector_journal_written_bytes_total',
      'Records written to the journal, bytes.',
      [],
      overCollectors(({ journal }) => journal.bytes),
    ),
    gauge(
      'collector_journal_held',
      'Whether the disk takes nothing: 1 yes, 0 no. What comes meanwhile is lost, and covered by gap records.',
      [],
      worstCollector(({ journal }) => asNumber(journal.heldMs !== undefined)),
    ),
    gauge(
      'collector_journal_held_since_timestamp_seconds',
      'Since when the disk takes nothing, seconds since 1970. Absent while it does.',
      [],
      (instance) => [
        [
          smallestOf(
            collectorsOf(instance).map(({ child, report }) =>
              secondsBefore(instance, child, report.journal.heldMs),
            ),
          ),
        ],
      ],
    ),
    counter(
      'collector_journal_unread_removed_total',
      'Records of segments that were removed before the sink had read all of them, number: at most so many are lost for it. What is lost: collector_sink_lost_total.',
      SINK,
      (instance) =>
        collectorsOf(instance).flatMap(({ report }) =>
          Object.entries(report.journal.lostBy).map(([sink, count]): Sample => [sink, count]),
        ),
    ),
    {
      type: 'histogram',
      name: 'collector_spool_fsync_seconds',
      help: 'Time that forcing the journal to the disk took, seconds.',
      labels: [],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      read: (report) =>
        report.role === 'collector' ? report.journal.fsyncSeconds.map((seconds) => [seconds] as const) : [],
    },
  ],
}

/** Where records go. */
export const SINKS_FAMILY: Family = {
  title: 'Sinks',
  doc: 'Told by the delivery, once a second, for each sink. Metrics named storage are of sinks that are stores, not of `nats` and `stdout`.',
  metrics: [
    gauge(
      'collector_nats_connected',
      'Whether NATS takes records, as far as its last answer tells: 1 connected, 0 not. Absent before the first answer, and without this sink.',
      [],
      natsConnected,
    ),
    counter(
      'collector_storage_rows_written_total',
      'Records that a store has taken for good, number.',
      SINK,
      (instance) => storesOf(instance).map(({ sink }) => [sink.sink, rows(sink)]),
    ),
    counter(
      'collector_storage_write_errors_total',
      'Batches that a store did not take, number of times. They are given again.',
      SINK,
      (instance) => storesOf(instance).map(({ sink }) => [sink.sink, sink.failures]),
    ),
    gauge(
      'collector_storage_last_success_timestamp_seconds',
      'When a store last took something for good, seconds since 1970. Before the first time: when its process was started.',
      SINK,
      storeSuccessSeconds,
    ),
    counter(
      'collector_quarantined_rows_total',
      'Records that a sink will never take and that went to its quarantine, number.',
      SINK,
      perSink(({ rejected }) => rejected),
    ),
    counter(
      'collector_sink_failures_total',
      'Batches that a sink did not take, number of times. They are given again.',
      SINK,
      perSink(({ failures }) => failures),
    ),
    counter(
      'collector_sink_lost_total',
      'Records that went from the journal before the sink had read them, number.',
      SINK,
      perSink(({ lost }) => lost),
    ),
    gauge(
      'collector_sink_behind_bytes',
      'Journal that the sink has not read, bytes.',
      SINK,
      perSink(({ behindBytes }) => behindBytes),
    ),
    gauge(
      'collector_sink_oldest_timestamp_seconds',
      'When the oldest record came that the sink does not have, seconds since 1970. Absent when it has all.',
      SINK,
      oldestSeconds,
    ),
    gauge(
      'collector_sink_trouble',
      'Failures in a row of a sink that does not get on, number, by what the last one was. Absent without trouble.',
      ['sink', 'code'],
      (instance) =>
        sinksOf(instance).flatMap(({ sink: { sink, trouble } }): readonly Sample[] =>
          trouble === undefined ? [] : [[sink, trouble.code, trouble.attempts]],
        ),
    ),
    gauge(
      'collector_sink_paused',
      'Whether the governor has paused the sink: 1 yes, 0 no.',
      SINK,
      perSink(({ isPaused }) => asNumber(isPaused)),
    ),
  ],
}
