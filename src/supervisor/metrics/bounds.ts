import type { Metric, Sample, TotalsSample } from './metric.ts'

/** Series of one exposition. */
export const SERIES_LIMIT = 5_000
/** Size of one exposition: a scraper keeps it in memory. */
export const BYTES_LIMIT = 2_000_000
/** Series of one metric. The largest, decode errors by venue and code, has 60 with all five venues. */
export const METRIC_SERIES_LIMIT = 200
/** Characters of a label value. */
export const LABEL_LIMIT = 120
/** Stands in all labels of the series that has what did not fit. */
export const OVERFLOW = '_overflow'

/** One line of the exposition, or for a summary its two. */
export interface Row {
  readonly labels: readonly string[]
  readonly values: readonly number[]
}

/** A metric that is told as it is read, with what was read. */
export interface Told {
  readonly metric: Exclude<Metric, { readonly type: 'histogram' }>
  readonly rows: readonly Row[]
}

/** Figures of what is told beside: histograms. */
export interface Taken {
  readonly series: number
  readonly bytes: number
}

/** What a sample tells; `undefined` where a value is not known, or is none that its metric can have. */
export function rowOf(sample: Sample | TotalsSample, type: Metric['type']): Row | undefined {
  const labels: string[] = []
  const values: number[] = []
  for (const part of sample) {
    if (typeof part === 'string') labels.push(cut(part))
    else if (isValue(part, type)) values.push(part)
    else return undefined
  }
  return { labels, values }
}

/** A label value, at most so long. */
const cut = (text: string): string => text.slice(0, LABEL_LIMIT).toWellFormed()

/** Reports come as JSON from other processes: what is no number there must not end the exposition. */
function isValue(value: number | undefined, type: Metric['type']): value is number {
  return value !== undefined && Number.isFinite(value) && (type === 'gauge' || value >= 0)
}

/** All metrics, cut to the limits beside what is `taken`: each to as many series as all of them can have. */
export function bounded(all: readonly Told[], taken: Taken): readonly Told[] {
  for (let limit = METRIC_SERIES_LIMIT; ; limit = Math.floor(limit / 2)) {
    const told = all.map(({ metric, rows }) => ({ metric, rows: folded(rows, metric.type, limit) }))
    if (limit <= 1 || fits(told, taken)) return told
  }
}

function fits(told: readonly Told[], taken: Taken): boolean {
  return taken.series + seriesOf(told) <= SERIES_LIMIT && taken.bytes + bytesOf(told) <= BYTES_LIMIT
}

/** How many series there are. */
export const seriesOf = (told: readonly Told[]): number =>
  told.reduce((sum, { rows }) => sum + rows.reduce((count, { values }) => count + values.length, 0), 0)

/** What a line has beside the name and its labels, at most: braces, a number, the suffix of a summary. */
const LINE_BYTES = 40

/** At most so many bytes: an escaped character takes two, one outside of ASCII three. */
function bytesOf(told: readonly Told[]): number {
  let bytes = 0
  for (const { metric, rows } of told) {
    const names = metric.labels.reduce((sum, name) => sum + name.length + 4, 0)
    bytes += 2 * (metric.name.length + LINE_BYTES) + 3 * metric.help.length
    for (const { labels, values } of rows) {
      const texts = labels.reduce((sum, text) => sum + 3 * text.length, 0)
      bytes += values.length * (metric.name.length + names + texts + LINE_BYTES)
    }
  }
  return bytes
}

/** The first `limit - 1` rows as they are and the others as one, unless all fit. */
function folded(rows: readonly Row[], type: Metric['type'], limit: number): readonly Row[] {
  if (rows.length <= limit) return rows
  const kept = rows.slice(0, limit - 1)
  const rest = rows.slice(limit - 1)
  const labels = (rest[0]?.labels ?? []).map(() => OVERFLOW)
  const values = rest.reduce<readonly number[]>(
    (sums, row) => row.values.map((value, at) => joined(sums[at], value, type)),
    [],
  )
  return [...kept, { labels, values }]
}

// The sum of states or times means nothing; the greatest is one of them.
function joined(one: number | undefined, other: number, type: Metric['type']): number {
  if (one === undefined) return other
  return type === 'gauge' ? Math.max(one, other) : one + other
}
