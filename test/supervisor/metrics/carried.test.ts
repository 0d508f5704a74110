import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChildSnapshot, Instance } from '../../../src/supervisor/instance.ts'
import { CarriedTotals } from '../../../src/supervisor/metrics/carried.ts'
import { Exposition } from '../../../src/supervisor/metrics/exposition.ts'
import { childSnapshot, collectorReport, fullInstance, venueReport } from './instance.ts'

/** A collector of one venue that has written so many records. */
function collector(
  venue: 'okx-spot' | 'deribit',
  records: number,
  some: Partial<ChildSnapshot> = {},
): ChildSnapshot {
  const { journal } = collectorReport()
  const report = collectorReport({
    venues: [venueReport(venue, { unrecorded: records / 10 })],
    journal: { ...journal, records, bytes: records * 100, lostBy: { nats: records / 100 } },
    shedding: { level: 0, actions: [], shedBy: { slow_tops: records / 50 } },
  })
  return childSnapshot(report, { name: `collector/${venue}`, ...some })
}

const instanceOf = (...children: readonly ChildSnapshot[]): Instance => fullInstance({ children })

const recordsOf = ({ children }: Instance): readonly (number | undefined)[] =>
  children.map(({ report }) => (report?.role === 'collector' ? report.journal.records : undefined))

test('what a collector counted before it was started again is still in its totals, however often that was', () => {
  const totals = new CarriedTotals()
  const after = (records: number, some: Partial<ChildSnapshot> = {}): readonly (number | undefined)[] =>
    recordsOf(totals.carried(instanceOf(collector('okx-spot', 1_000), collector('deribit', records, some))))
  assert.deepEqual(after(5_000), [1_000, 5_000])
  assert.deepEqual(after(6_000), [1_000, 6_000])
  assert.deepEqual(after(6_000, { startUs: undefined }), [1_000, 6_000], 'it has ended')
  assert.deepEqual(
    after(6_000, { startUs: 7, heardUs: undefined }),
    [1_000, 6_000],
    'it has said nothing yet',
  )
  assert.deepEqual(after(200, { startUs: 7 }), [1_000, 6_200])
  assert.deepEqual(after(9_000, { startUs: 7 }), [1_000, 15_000])
  assert.deepEqual(after(10, { startUs: 8 }), [1_000, 15_010])
})

test('no sum over several collectors falls when one of them begins anew', async () => {
  const exposition = new Exposition()
  const scrape = async (nowUs: number, deribit: ChildSnapshot): Promise<ReadonlyMap<string, number>> => {
    const text = await exposition.text(
      { ...instanceOf(collector('okx-spot', 1_000), deribit), nowUs },
      'text',
    )
    const lines = text
      .split('\n')
      .filter((line) => /^collector_(journal|shed|events_dropped).*_total/.test(line))
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
    )
  }
  const before = await scrape(1_000_000_000, collector('deribit', 5_000))
  const after = await scrape(1_002_000_000, collector('deribit', 100, { startUs: 7 }))
  assert.ok(before.size >= 6, [...before.keys()].join())
  for (const [series, value] of before) assert.ok((after.get(series) ?? 0) >= value, series)
  assert.equal(after.get('collector_journal_records_total'), 6_100)
  assert.equal(after.get('collector_shed_total{action="slow_tops"}'), 122)
})

test('the counters of an only collector begin anew with it', () => {
  const totals = new CarriedTotals()
  assert.deepEqual(recordsOf(totals.carried(instanceOf(collector('deribit', 5_000)))), [5_000])
  assert.deepEqual(recordsOf(totals.carried(instanceOf(collector('deribit', 3, { startUs: 7 })))), [3])
})
