import type { Report } from '../../telemetry/report.ts'
import type { Instance } from '../instance.ts'

/** One series: the values of its labels, then its value. `undefined`: not known, and left out. */
export type Sample = readonly [...labels: string[], value: number | undefined]

/** One series of a summary: the values of its labels, then the sum and the number of what was measured. */
export type TotalsSample = readonly [...labels: string[], sum: number | undefined, count: number | undefined]

interface Described {
  readonly name: string
  /** What it counts, and in what, in words. */
  readonly help: string
  readonly labels: readonly string[]
}

/** How something is: left out once the report that tells it is old. */
export interface GaugeMetric extends Described {
  readonly type: 'gauge'
  readonly read: (instance: Instance) => readonly Sample[]
}

/** How often something has happened since the process that counts it was started. */
export interface CounterMetric extends Described {
  readonly type: 'counter'
  readonly read: (instance: Instance) => readonly Sample[]
}

/** Sum and number of measurements that were added up elsewhere; no quantiles. */
export interface SummaryMetric extends Described {
  readonly type: 'summary'
  readonly read: (instance: Instance) => readonly TotalsSample[]
}

/** Single measurements. Each report tells those since the one before, hence it is read once from each. */
export interface HistogramMetric extends Described {
  readonly type: 'histogram'
  /** Upper bounds, growing. */
  readonly buckets: readonly number[]
  readonly read: (report: Report) => readonly Sample[]
}

export type Metric = GaugeMetric | CounterMetric | SummaryMetric | HistogramMetric

/** Metrics that belong together. */
export interface Family {
  readonly title: string
  /** What a reader has to know of all of them. */
  readonly doc: string
  readonly metrics: readonly Metric[]
}

/** One line of the table: a gauge. */
export function gauge(
  name: string,
  help: string,
  labels: readonly string[],
  read: GaugeMetric['read'],
): GaugeMetric {
  return { type: 'gauge', name, help, labels, read }
}

/** One line of the table: a counter. */
export function counter(
  name: string,
  help: string,
  labels: readonly string[],
  read: CounterMetric['read'],
): CounterMetric {
  return { type: 'counter', name, help, labels, read }
}
