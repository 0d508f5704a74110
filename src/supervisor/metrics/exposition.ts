import { Counter, Gauge, Histogram, Registry, type RegistryContentType, Summary } from 'prom-client'
import type { Report } from '../../telemetry/report.ts'
import type { Instance } from '../instance.ts'
import { bounded, OVERFLOW, type Row, rowOf, seriesOf, type Taken, type Told } from './bounds.ts'
import { CarriedTotals } from './carried.ts'
import { METRICS } from './families.ts'
import { SERIES } from './http.ts'
import type { HistogramMetric, Metric, Sample, SummaryMetric } from './metric.ts'
import { withoutOldReports } from './reading.ts'

/** The text format of Prometheus, or OpenMetrics 1.0. */
export type ExpositionFormat = 'text' | 'openmetrics'

const CONTENT_TYPES: Readonly<Record<ExpositionFormat, RegistryContentType>> = {
  text: Registry.PROMETHEUS_CONTENT_TYPE,
  openmetrics: Registry.OPENMETRICS_CONTENT_TYPE,
}
/** However many ask: what a process tells is as old. */
const CACHE_US = 1_000_000
/** Sets of label values of one histogram: the venues, and room for as many again. */
const HISTOGRAM_SETS_LIMIT = 10
/** More than any line of a histogram takes. */
const HISTOGRAM_LINE_BYTES = 200

/** What `/metrics` answers: rendered from an instance, besides histograms, which are kept from report to report. */
export class Exposition {
  readonly #histograms = METRICS.filter((metric) => metric.type === 'histogram').map(
    (metric) => new KeptHistogram(metric),
  )
  readonly #observed = new WeakSet<Report>()
  readonly #totals = new CarriedTotals()
  readonly #cache = new Map<ExpositionFormat, { readonly atUs: number; readonly text: Promise<string> }>()

  /** Takes the single measurements of a report. Once for each: given again, it does nothing. */
  observe(report: Report): void {
    if (this.#observed.has(report)) return
    this.#observed.add(report)
    for (const histogram of this.#histograms) histogram.observe(report)
  }

  /** The metrics of `instance`, or of one less than a second before. */
  text(instance: Instance, format: ExpositionFormat): Promise<string> {
    const cached = this.#cache.get(format)
    if (cached !== undefined && instance.nowUs - cached.atUs < CACHE_US) return cached.text
    const text = this.#render(instance, format)
    this.#cache.set(format, { atUs: instance.nowUs, text })
    return text
  }

  #render(instance: Instance, format: ExpositionFormat): Promise<string> {
    const taken = this.#taken()
    const told = bounded(toldOf(this.#totals.carried(instance)), taken)
    const series = taken.series + seriesOf(told)
    const registry = new Registry<RegistryContentType>()
    registry.setContentType(CONTENT_TYPES[format])
    for (const { metric, rows } of told) register(registry, metric, rows)
    for (const histogram of this.#histograms) registry.registerMetric(histogram.histogram)
    register(registry, SERIES, [{ labels: [], values: [series] }])
    return registry.metrics()
  }

  /** Histograms, and the number of series itself. */
  #taken(): Taken {
    const series = this.#histograms.reduce((sum, histogram) => sum + histogram.series, 1)
    return { series, bytes: series * HISTOGRAM_LINE_BYTES }
  }
}

/** What the table reads from an instance. Metrics without anything to tell are not there. */
function toldOf(instance: Instance): readonly Told[] {
  const current = withoutOldReports(instance)
  return METRICS.flatMap((metric) => {
    if (metric.type === 'histogram') return []
    const samples = metric.read(metric.type === 'gauge' ? current : instance)
    const rows = samples.flatMap((sample) => rowOf(sample, metric.type) ?? [])
    return rows.length === 0 ? [] : [{ metric, rows }]
  })
}

// Metrics are made anew for each rendering: prom-client cuts the names of those that it tells as OpenMetrics, and tells a 0 for those
// without labels that nothing was said of.
function register(
  registry: Registry<RegistryContentType>,
  metric: Told['metric'],
  rows: readonly Row[],
): void {
  switch (metric.type) {
    case 'gauge': {
      const gauge = new Gauge(configurationOf(metric))
      for (const { labels, values } of rows) gauge.set(labelsOf(metric, labels), values[0] ?? Number.NaN)
      registry.registerMetric(gauge)
      break
    }
    case 'counter': {
      const counter = new Counter(configurationOf(metric))
      for (const { labels, values } of rows) counter.inc(labelsOf(metric, labels), values[0])
      registry.registerMetric(counter)
      break
    }
    case 'summary':
      registry.registerMetric(summaryOf(metric, rows))
      break
  }
}

/** A summary of totals. prom-client makes summaries of single measurements only, hence another `get`. */
function summaryOf(metric: SummaryMetric, rows: readonly Row[]): Summary {
  const summary = new Summary(configurationOf(metric))
  const description = summary.get()
  const values = rows.flatMap(({ labels, values: [sum, count] }) => [
    { metricName: `${metric.name}_sum`, labels: labelsOf(metric, labels), value: sum ?? 0 },
    { metricName: `${metric.name}_count`, labels: labelsOf(metric, labels), value: count ?? 0 },
  ])
  summary.get = async () => ({ ...(await description), values })
  return summary
}

/** In no registry yet: left out, prom-client would take its global one. */
function configurationOf({ name, help, labels }: Metric) {
  return { name, help, labelNames: labels, registers: [] }
}

function labelsOf({ labels }: Metric, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(labels.map((label, at) => [label, values[at] ?? '']))
}

/** A histogram over all reports. */
class KeptHistogram {
  readonly histogram: Histogram
  readonly #metric: HistogramMetric
  readonly #sets = new Set<string>()

  constructor(metric: HistogramMetric) {
    this.#metric = metric
    this.histogram = new Histogram({ ...configurationOf(metric), buckets: [...metric.buckets] })
  }

  /** Buckets, sum and number for each set of label values. */
  get series(): number {
    const sets = this.#metric.labels.length === 0 ? 1 : this.#sets.size
    return sets * (this.#metric.buckets.length + 3)
  }

  observe(report: Report): void {
    for (const sample of this.#metric.read(report)) this.#take(sample)
  }

  #take(sample: Sample): void {
    const row = rowOf(sample, 'histogram')
    const value = row?.values[0]
    if (row === undefined || value === undefined) return
    this.histogram.observe(labelsOf(this.#metric, this.#bounded(row.labels)), value)
  }

  #bounded(labels: readonly string[]): readonly string[] {
    const isRoom = this.#sets.size < HISTOGRAM_SETS_LIMIT || this.#sets.has(labels.join('\n'))
    const kept = isRoom ? labels : labels.map(() => OVERFLOW)
    this.#sets.add(kept.join('\n'))
    return kept
  }
}
