import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  bounded,
  BYTES_LIMIT,
  LABEL_LIMIT,
  METRIC_SERIES_LIMIT,
  SERIES_LIMIT,
  seriesOf,
  type Told,
} from '../../../src/supervisor/metrics/bounds.ts'
import { gauge } from '../../../src/supervisor/metrics/metric.ts'
import {
  childSnapshot,
  collectorReport,
  fullInstance,
  rendered,
  venueReport,
  withCollector,
} from './instance.ts'
import { namesOf, sampleLines, valueOf } from './samples.ts'

/** What only a delivery tells. */
const isOfDelivery = (name: string): boolean =>
  /^collector_(nats|sink|storage|quarantined|events_acked|outbox_(bytes|oldest))/.test(name)

describe('the limits', () => {
  it('count every series', async () => {
    const text = await rendered(fullInstance())
    assert.equal(valueOf(text, 'collector_series'), sampleLines(text).length)
    assert.equal(
      new Set(sampleLines(text).map(({ name, labels }) => name + labels)).size,
      sampleLines(text).length,
    )
  })

  it('put what a metric has too much of into one series', async () => {
    const refusedBy = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`code${at}`, 2]))
    const text = await rendered(withCollector({ venues: [venueReport('okx-spot', { refusedBy })] }))
    const lines = sampleLines(text).filter(({ name }) => name === 'collector_decode_errors_total')
    assert.equal(lines.length, METRIC_SERIES_LIMIT)
    const total = lines.reduce((sum, { value }) => sum + value, 0)
    assert.equal(total, 1_000)
    assert.equal(
      valueOf(text, 'collector_decode_errors_total', 'venue="_overflow",error_code="_overflow"'),
      total - lines.slice(0, -1).reduce((sum, { value }) => sum + value, 0),
    )
  })

  it('keep the greatest of gauges, whose sum would mean nothing', async () => {
    const disks = Array.from({ length: 300 }, (_, at) => ({
      path: `/d${at}`,
      freeBytes: at,
      totalBytes: 1_000,
    }))
    const text = await rendered(fullInstance({ disks }))
    assert.equal(valueOf(text, 'collector_disk_free_bytes', 'path="_overflow"'), 299)
  })

  it('hold for whatever a process tells', async () => {
    const long = '\u4e2d\n'.repeat(1_000)
    const counts = Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`${at}${long}`, at]))
    const talkative = venueReport('okx-spot', { refusedBy: counts, reconnectsBy: counts })
    const children = Array.from({ length: 300 }, (_, at) =>
      childSnapshot(collectorReport({ venues: at === 0 ? [talkative] : [] }), { name: `${long}${at}` }),
    )
    const text = await rendered(fullInstance({ children }))
    const lines = sampleLines(text)
    assert.ok(lines.length <= SERIES_LIMIT, `${lines.length} series`)
    assert.ok(Buffer.byteLength(text) <= BYTES_LIMIT, `${Buffer.byteLength(text)} bytes`)
    // No metric is missing for it.
    const names = namesOf(text)
    for (const name of namesOf(await rendered(withCollector({ venues: [talkative] }))))
      assert.ok(names.has(name) || isOfDelivery(name), name)
    for (const { labels } of lines) assert.ok(labels.length <= 3 * (2 * LABEL_LIMIT + 20))
  })
})

/** So many metrics, each with so many series with this label value. */
const metricsOf = (count: number, rows: number, label: string): readonly Told[] =>
  Array.from({ length: count }, (_, at) => ({
    metric: gauge(`collector_${at}`, 'Something.', ['one', 'other'], () => []),
    rows: Array.from({ length: rows }, (__, row) => ({ labels: [label, `${row}`], values: [row] })),
  }))

describe('metrics that are too much together', () => {
  const NOTHING = { series: 0, bytes: 0 }

  it('are all cut alike when they are too many, and none is left out', () => {
    const told = bounded(metricsOf(60, 150, 'x'), NOTHING)
    assert.ok(seriesOf(told) <= SERIES_LIMIT)
    assert.deepEqual(new Set(told.map(({ rows }) => rows.length)), new Set([50]))
    assert.deepEqual(told[59]?.rows.at(-1), { labels: ['_overflow', '_overflow'], values: [149] })
  })

  it('are cut when they are too large', () => {
    const all = metricsOf(20, METRIC_SERIES_LIMIT, '\u4e2d'.repeat(LABEL_LIMIT * 2))
    assert.ok(seriesOf(all) < SERIES_LIMIT)
    const told = bounded(all, NOTHING)
    const bytes = told
      .flatMap(({ rows }) => rows.flatMap(({ labels }) => labels))
      .reduce((sum, label) => sum + Buffer.byteLength(label), 0)
    assert.ok(bytes > BYTES_LIMIT / 4 && bytes <= BYTES_LIMIT, `${bytes} bytes`)
  })

  it('leave room for what is told beside them', () => {
    const all = metricsOf(20, METRIC_SERIES_LIMIT, 'x')
    assert.equal(seriesOf(bounded(all, NOTHING)), 4_000)
    assert.ok(seriesOf(bounded(all, { series: 2_000, bytes: 0 })) <= SERIES_LIMIT - 2_000)
    assert.ok(seriesOf(bounded(all, { series: 0, bytes: BYTES_LIMIT - 100_000 })) < 2_000)
  })
})
