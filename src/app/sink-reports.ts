import type { RecordType } from '../core/record.ts'
import { RECORD_TYPES } from '../core/record.ts'
import type { SinkReport } from '../telemetry/report.ts'

/** One report for each sink, where each reads several journals: totals are sums, what is wrong with one is wrong with the sink. */
export function mergedReports(reports: readonly SinkReport[]): readonly SinkReport[] {
  const bySink = new Map<string, SinkReport>()
  for (const report of reports) {
    const before = bySink.get(report.sink)
    bySink.set(report.sink, before === undefined ? report : merged(before, report))
  }
  return [...bySink.values()]
}

function merged(one: SinkReport, other: SinkReport): SinkReport {
  const ages = [one.successAgeMs, other.successAgeMs].filter((age) => age !== undefined)
  return {
    sink: one.sink,
    trouble: one.trouble ?? other.trouble,
    delivered: sumsOf(one.delivered, other.delivered),
    rejected: one.rejected + other.rejected,
    lost: one.lost + other.lost,
    successAgeMs: ages.length === 0 ? undefined : Math.min(...ages),
    behindBytes: one.behindBytes + other.behindBytes,
    behindMs: Math.max(one.behindMs, other.behindMs),
    failures: one.failures + other.failures,
    isPaused: one.isPaused || other.isPaused,
  }
}

type Counts = Readonly<Partial<Record<RecordType, number>>>

/** Types that neither has stay away. */
const sumsOf = (one: Counts, other: Counts): Counts =>
  Object.fromEntries(
    RECORD_TYPES.filter((type) => type in one || type in other).map((type) => [
      type,
      (one[type] ?? 0) + (other[type] ?? 0),
    ]),
  )
