import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Exposition } from '../../../src/supervisor/metrics/exposition.ts'
import {
  childSnapshot,
  collectorReport,
  deliveryReport,
  fullInstance,
  NOW_MS,
  NOW_US,
  processReport,
  rendered,
  sinkReport,
  venueReport,
  withCollector,
} from './instance.ts'
import { namesOf, sampleLines, valueOf } from './samples.ts'

/** Labels of a process that nobody has bounded. */
const manyResources = (count: number): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`R${String(at).padStart(5, '0')}`, count - at]),
  )

describe('the formats', () => {
  it('tell the same values, counters under the names of their format', async () => {
    const exposition = new Exposition()
    const texts = [
      await exposition.text(fullInstance(), 'openmetrics'),
      await exposition.text(fullInstance(), 'text'),
      await exposition.text(fullInstance({ nowUs: NOW_US + 2_000_000 }), 'openmetrics'),
    ] as const
    assert.ok(texts[0].endsWith('\n# EOF\n'))
    assert.deepEqual(sampleLines(texts[0]), sampleLines(texts[1]))
    assert.match(texts[0], /^# TYPE collector_restarts counter$/m)
    assert.match(texts[1], /^# TYPE collector_restarts_total counter$/m)
    assert.deepEqual(namesOf(texts[2]), namesOf(texts[0]))
  })

  it('have the name of each family once', async () => {
    const types = (await rendered(fullInstance(), 'openmetrics')).match(/^# TYPE \S+/gm) ?? []
    assert.equal(new Set(types).size, types.length)
    assert.ok(types.length > 80)
  })

  it('escape what a label value has', async () => {
    const path = 'C:\\data\n"journal"'
    const text = await rendered(fullInstance({ disks: [{ path, freeBytes: 1, totalBytes: 2 }] }))
    assert.equal(valueOf(text, 'collector_disk_free_bytes', String.raw`path="C:\\data\n\"journal\""`), 1)
  })
})

describe('what the exposition says', () => {
  it('sums over all processes under the names that alerts know', async () => {
    const text = await rendered(fullInstance())
    assert.equal(valueOf(text, 'process_resident_memory_bytes'), 660e6)
    assert.equal(valueOf(text, 'collector_file_descriptors'), 180)
    assert.equal(valueOf(text, 'collector_tcp_connections'), 15)
    assert.equal(valueOf(text, 'collector_orderbook_objects'), 50)
    assert.equal(valueOf(text, 'collector_orderbook_levels', 'venue="okx-spot"'), 8_000)
  })

  it('tells times, not ages', async () => {
    const text = await rendered(fullInstance())
    const heardSeconds = (NOW_MS - 500) / 1_000
    assert.equal(
      valueOf(text, 'collector_heartbeat_timestamp_seconds', 'component="collector"'),
      heardSeconds,
    )
    assert.equal(
      valueOf(text, 'collector_last_message_timestamp_seconds', 'venue="okx-spot",channel="trade"'),
      heardSeconds - 0.5,
    )
    assert.equal(
      valueOf(text, 'collector_venue_ban_until_timestamp_seconds', 'venue="deribit"'),
      heardSeconds + 60,
    )
    assert.equal(valueOf(text, 'collector_outbox_oldest_timestamp_seconds'), heardSeconds - 1.5)
  })

  it('misses a venue and a store that have never come, from the start of their processes on', async () => {
    const instance = fullInstance({
      children: [
        childSnapshot(collectorReport({ venues: [venueReport('deribit', { ageMs: {} })] })),
        childSnapshot(deliveryReport({ sinks: [sinkReport('parquet', { successAgeMs: undefined })] })),
      ],
    })
    const text = await rendered(instance)
    const startSeconds = (NOW_MS - (NOW_US - 400_000_000) / 1_000) / 1_000
    assert.equal(
      valueOf(text, 'collector_last_message_timestamp_seconds', 'venue="deribit",channel="book"'),
      startSeconds,
    )
    assert.equal(
      valueOf(text, 'collector_storage_last_success_timestamp_seconds', 'sink="parquet"'),
      startSeconds,
    )
  })

  it('counts each record that was dropped in one place', async () => {
    const text = await rendered(fullInstance())
    const droppedAs = (labels: string): number | undefined =>
      valueOf(text, 'collector_events_dropped_total', labels)
    assert.equal(droppedAs('stage="processing",reason="unrecorded",intentional="false"'), 45)
    assert.equal(droppedAs('stage="processing",reason="governor",intentional="true"'), 12)
    assert.equal(droppedAs('stage="sending",reason="lost",intentional="false"'), 8)
    assert.equal(droppedAs('stage="sending",reason="rejected",intentional="false"'), 4)
  })

  it('tells what has not happened yet as 0, for the first time to be seen', async () => {
    const text = await rendered(
      withCollector({ venues: [venueReport('okx-spot', { gapsBy: {}, refusedBy: {} })] }, { restartsBy: {} }),
    )
    assert.equal(
      valueOf(text, 'collector_book_integrity_failures_total', 'venue="okx-spot",kind="checksum"'),
      0,
    )
    assert.equal(valueOf(text, 'collector_restarts_total', 'process="collector",reason="stall"'), 0)
    assert.equal(valueOf(text, 'collector_restarts_total', 'process="collector",reason="asked"'), undefined)
  })

  for (const [state, value] of [
    ['starting', 0],
    ['healthy', 0],
    ['degraded', 1],
    ['unhealthy', 2],
    ['stopping', 2],
  ] as const) {
    it(`tells ${state} as ${value}`, async () => {
      const { verdict } = fullInstance()
      const text = await rendered(fullInstance({ verdict: { ...verdict, state } }))
      assert.equal(valueOf(text, 'collector_health_state', 'component="overall"'), value)
    })
  }

  for (const [what, some, value] of [
    ['takes records', {}, 1],
    ['cannot be reached', { trouble: { code: 'unreachable', text: '', attempts: 1 } }, 0],
    ['refuses a record', { trouble: { code: 'bad_record', text: '', attempts: 1 } }, 1],
    ['has not answered yet', { successAgeMs: undefined }, undefined],
  ] as const) {
    it(`tells a NATS that ${what} as ${value}`, async () => {
      const delivery = deliveryReport({ sinks: [sinkReport('nats', some)] })
      const text = await rendered(fullInstance({ children: [childSnapshot(delivery)] }))
      assert.equal(valueOf(text, 'collector_nats_connected'), value)
    })
  }

  it('tells totals of garbage collection as a summary by process and kind', async () => {
    const text = await rendered(fullInstance())
    assert.match(text, /^# TYPE nodejs_gc_duration_seconds summary$/m)
    assert.equal(valueOf(text, 'nodejs_gc_duration_seconds_sum', 'process="collector",kind="minor"'), 1.5)
    assert.equal(valueOf(text, 'nodejs_gc_duration_seconds_count', 'process="collector",kind="minor"'), 900)
  })

  it('names the 20 most frequent resources and counts the others as one', async () => {
    const text = await rendered(withCollector({ process: processReport({ resources: manyResources(30) }) }))
    const lines = sampleLines(text).filter(
      ({ name, labels }) => name === 'nodejs_active_resources' && labels.startsWith('process="collector"'),
    )
    assert.equal(lines.length, 21)
    assert.equal(valueOf(text, 'nodejs_active_resources', 'process="collector",type="R00000"'), 30)
    assert.equal(valueOf(text, 'nodejs_active_resources', 'process="collector",type="other"'), 55)
  })

  it('leaves out what is not known, and takes what is no number for that', async () => {
    // As JSON between processes has it.
    const broken: unknown = JSON.parse(JSON.stringify(processReport({ lagP99Ms: Number.NaN })))
    const process = { ...processReport(), ...(broken as object), heapUsedBytes: Infinity }
    const text = await rendered({ ...withCollector({ process }), connections: undefined })
    assert.equal(valueOf(text, 'nodejs_eventloop_lag_p99_seconds', 'process="collector"'), undefined)
    assert.equal(valueOf(text, 'nodejs_eventloop_lag_p99_seconds', 'process="supervisor"'), 0.0125)
    assert.equal(valueOf(text, 'nodejs_heap_size_used_bytes', 'process="collector"'), undefined)
    assert.ok(!namesOf(text).has('collector_tcp_connections'))
  })

  it('says nothing of a system without /proc', async () => {
    const { own } = fullInstance()
    const text = await rendered(
      fullInstance({
        children: [childSnapshot(collectorReport(), { readings: undefined })],
        own: { ...own, readings: undefined },
        connections: undefined,
      }),
    )
    for (const name of ['process_resident_memory_bytes', 'process_max_fds', 'process_cpu_seconds_total'])
      assert.ok(!namesOf(text).has(name), name)
  })

  it('answers before any process has told anything', async () => {
    const text = await rendered(
      fullInstance({
        children: [childSnapshot(collectorReport(), { report: undefined, heardUs: undefined })],
      }),
    )
    assert.equal(
      valueOf(text, 'collector_heartbeat_timestamp_seconds', 'component="supervisor"'),
      NOW_MS / 1_000,
    )
    assert.ok(!namesOf(text).has('collector_messages_received_total'))
  })
})

describe('a report that is old', () => {
  const textAt = (ageMs: number): Promise<string> =>
    rendered(withCollector({}, { heardUs: NOW_US - ageMs * 1_000 }))

  it('loses its gauges after 30 seconds and keeps its counters', async () => {
    const [young, old] = [await textAt(30_000), await textAt(30_001)]
    assert.equal(valueOf(young, 'collector_books_synced', 'venue="okx-spot"'), 8)
    assert.equal(valueOf(old, 'collector_books_synced', 'venue="okx-spot"'), undefined)
    assert.ok(!namesOf(old).has('collector_orderbook_objects'))
    for (const text of [young, old]) {
      assert.equal(valueOf(text, 'collector_messages_received_total', 'venue="okx-spot"'), 10_000)
      assert.equal(valueOf(text, 'nodejs_gc_duration_seconds_count', 'process="collector",kind="major"'), 4)
      assert.equal(valueOf(text, 'collector_book_resync_seconds_count', 'venue="okx-spot"'), 2)
    }
  })

  it('tells how old it is, and takes nothing of other processes with it', async () => {
    const old = await textAt(90_000)
    const component = 'component="collector"'
    assert.equal(valueOf(old, 'collector_snapshot_timestamp_seconds', component), NOW_MS / 1_000 - 90)
    assert.equal(valueOf(old, 'collector_heartbeat_timestamp_seconds', component), NOW_MS / 1_000 - 90)
    assert.equal(valueOf(old, 'collector_outbox_bytes'), 9_000)
    assert.equal(valueOf(old, 'process_resident_memory_bytes'), 660e6)
  })

  it('is one at once when it is of a process that has been replaced', async () => {
    const text = await rendered(withCollector({}, { heardUs: undefined, startUs: NOW_US - 2_000_000 }))
    const component = 'component="collector"'
    assert.equal(valueOf(text, 'collector_books_synced', 'venue="okx-spot"'), undefined)
    assert.equal(valueOf(text, 'collector_messages_received_total', 'venue="okx-spot"'), 10_000)
    assert.equal(valueOf(text, 'collector_snapshot_timestamp_seconds', component), undefined)
    assert.equal(valueOf(text, 'collector_heartbeat_timestamp_seconds', component), NOW_MS / 1_000 - 2)
  })
})

describe('histograms', () => {
  it('have each report once, however often it is given and rendered', async () => {
    const exposition = new Exposition()
    const report = collectorReport()
    exposition.observe(report)
    exposition.observe(report)
    await exposition.text(fullInstance(), 'text')
    const text = await exposition.text(fullInstance({ nowUs: NOW_US + 5_000_000 }), 'text')
    assert.equal(valueOf(text, 'collector_spool_fsync_seconds_count'), 3)
    assert.equal(valueOf(text, 'collector_spool_fsync_seconds_bucket', 'le="0.025"'), 2)
    assert.equal(valueOf(text, 'collector_book_resync_seconds_sum', 'venue="deribit"'), 3.4)
  })

  it('go on over reports', async () => {
    const exposition = new Exposition()
    exposition.observe(collectorReport())
    exposition.observe(collectorReport())
    exposition.observe(deliveryReport())
    const text = await exposition.text(fullInstance(), 'text')
    assert.equal(valueOf(text, 'collector_spool_fsync_seconds_count'), 6)
  })
})

describe('rendering', () => {
  it('happens once a second for any number of scrapes', async () => {
    const exposition = new Exposition()
    const first = await exposition.text(fullInstance(), 'text')
    const later = fullInstance({ nowUs: NOW_US + 999_999, version: '9.9.9' })
    const scrapes = await Promise.all(Array.from({ length: 50 }, () => exposition.text(later, 'text')))
    for (const scrape of scrapes) assert.equal(scrape, first)
    const next = await exposition.text(fullInstance({ nowUs: NOW_US + 1_000_000, version: '9.9.9' }), 'text')
    assert.match(next, /version="9\.9\.9"/)
  })

  it('takes little time for five venues', async (context) => {
    const instance = fullInstance()
    await rendered(instance)
    const times: number[] = []
    for (let round = 0; round < 20; round++) {
      const startMs = performance.now()
      await new Exposition().text(instance, 'text')
      times.push(performance.now() - startMs)
    }
    const medianMs = times.toSorted((one, other) => one - other)[10] ?? Infinity
    context.diagnostic(`median ${medianMs.toFixed(1)} ms`)
    // A busy machine's patience: 3 ms is usual.
    assert.ok(medianMs < 100, `${medianMs} ms`)
  })
})
