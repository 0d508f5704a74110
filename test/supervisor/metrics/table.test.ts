import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { ALERT_METRICS } from '../../../src/supervisor/metrics/alerts.ts'
import { METRICS } from '../../../src/supervisor/metrics/families.ts'
import { metricsReference } from '../../../src/supervisor/metrics/reference.ts'
import { fullInstance, rendered } from './instance.ts'
import { sampleLines } from './samples.ts'

/** What the expressions of alerts select or group by, beside the name. */
const ALERT_LABELS: Readonly<Record<string, readonly string[]>> = {
  collector_heartbeat_timestamp_seconds: ['component'],
  collector_last_message_timestamp_seconds: ['venue', 'channel'],
  collector_venue_maintenance: ['venue'],
  collector_books_expected: ['venue'],
  collector_books_synced: ['venue'],
  collector_health_state: ['component'],
  collector_book_good_seconds_total: ['venue'],
  collector_book_observed_seconds_total: ['venue'],
  collector_book_sequence_gaps_total: ['venue'],
  collector_book_integrity_failures_total: ['venue', 'kind'],
  collector_ws_reconnects_total: ['venue'],
  collector_venue_ban_until_timestamp_seconds: ['venue'],
  collector_events_dropped_total: ['stage', 'reason', 'intentional'],
  collector_storage_last_success_timestamp_seconds: ['sink'],
  collector_storage_write_errors_total: ['sink'],
  collector_trend_rapidly_increasing: ['resource'],
  nodejs_gc_duration_seconds: ['kind'],
  collector_restarts_total: ['reason'],
  collector_disk_free_bytes: ['path'],
  collector_disk_total_bytes: ['path'],
}

/** Compared with one another as they are: labels would match nothing. */
const UNLABELLED = [
  'process_resident_memory_bytes',
  'process_max_fds',
  'collector_file_descriptors',
  'collector_tcp_connections',
  'collector_orderbook_objects',
  'collector_sockets_unaccounted',
  'collector_outbox_bytes',
  'collector_outbox_capacity_bytes',
  'collector_nats_connected',
  'collector_governor_level',
]

const labelsOf = (name: string): readonly string[] | undefined =>
  METRICS.find((metric) => metric.name === name)?.labels

describe('the table of metrics', () => {
  it('is told whole for an instance of which everything is known', async () => {
    const lines = sampleLines(await rendered(fullInstance()))
    for (const { name, labels, type } of METRICS) {
      const line = lines.find(
        (each) => each.name === (type === 'histogram' || type === 'summary' ? `${name}_sum` : name),
      )
      assert.ok(line !== undefined, `${name} is missing`)
      const told = [...line.labels.matchAll(/([a-z_]+)="/g)].map(([, label]) => label)
      assert.deepEqual(told, labels, name)
    }
  })

  it('has names by the rules: prefix, unit and total', () => {
    for (const { name, type } of METRICS) {
      assert.match(name, /^(collector|process|nodejs)_[a-z0-9_]+$/)
      assert.equal(name.endsWith('_total'), type === 'counter', name)
    }
    assert.equal(new Set(METRICS.map(({ name }) => name)).size, METRICS.length)
  })

  it('has helps that need no escaping, and end as sentences', () => {
    for (const { name, help } of METRICS) assert.match(help, /^[^"\\\n|]+\.$/, name)
  })

  it('has what every alert looks at, with the labels that it asks for', () => {
    for (const [alert, names] of Object.entries(ALERT_METRICS)) {
      for (const name of names) {
        const labels = labelsOf(name)
        assert.ok(labels !== undefined, `${alert}: ${name}`)
        for (const label of ALERT_LABELS[name] ?? []) assert.ok(labels.includes(label), `${name}{${label}}`)
      }
    }
    for (const name of UNLABELLED) assert.deepEqual(labelsOf(name), [], name)
  })

  it('is what docs/METRICS.md says, before the metrics of the alert bridge', () => {
    const squeezed = (text: string): string => text.replaceAll(/ {2,}/g, ' ').replaceAll(/-{3,}/g, '---')
    const written = readFileSync(new URL('../../../docs/METRICS.md', import.meta.url), 'utf8')
    assert.ok(squeezed(written).startsWith(squeezed(metricsReference()).trim()))
  })
})
