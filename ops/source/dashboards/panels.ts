import * as units from '@grafana/grafana-foundation-sdk/units'
import type { ALERT_METRICS } from '../../../src/supervisor/metrics/alerts.ts'
import { type Said, say } from '../alert.ts'

/** Units of panels, by what they measure; the words are Grafana's. */
export const UNIT = {
  bytes: units.BytesSI,
  bytesPerSecond: units.BytesPerSecondSI,
  count: units.Short,
  countsPerSecond: units.CountsPerSecond,
  messagesPerSecond: units.MessagesPerSecond,
  operationsPerSecond: units.OpsPerSecond,
  recordsPerSecond: units.RecordsPerSecond,
  requestsPerSecond: units.RequestsPerSecond,
  seconds: units.Seconds,
  share: units.PercentUnit,
  state: units.NoUnit,
} as const

/** Alerts on metrics of the collector, and those on the path that they are told by. */
export type AlertName =
  | keyof typeof ALERT_METRICS
  | 'CollectorDown'
  | 'CollectorAlertDeliveryFailing'
  | 'CollectorHeartbeatUnwatched'
  | 'Watchdog'

/** One query of a panel. */
export interface Query {
  /** PromQL, with Grafana's variables in it. */
  readonly expr: string
  /** Name of a series: words, or a format of Grafana such as `{{venue}}`. */
  readonly legend: Said | string
  /** Drawn dashed and grey: what the others must not reach, or are meant to reach. */
  readonly isLimit?: true
  /** On an axis of its own at the right. */
  readonly isAtTheRight?: true
}

export type Color = 'green' | 'yellow' | 'orange' | 'red' | 'gray' | 'transparent'

/** A color from a value on; the first step has no `from` and holds for all below the second. */
export interface Step {
  readonly from?: number
  readonly color: Color
}

/** What a value is shown as. */
export interface Meaning {
  readonly text: Said
  readonly color: Color
}

interface Common {
  readonly title: Said
  readonly description: Said
  /** One of `UNIT`. */
  readonly unit: string
  readonly queries: readonly [Query, ...(readonly Query[])]
  /** Of the 24 columns of the grid. */
  readonly width: number
  /** Rows of the grid, 30 pixels each. */
  readonly height: number
  /** Alerts that look at the same figures: the panel links to their part of the runbook. */
  readonly alerts?: readonly AlertName[]
}

interface Chart extends Common {
  /** What is written where there is no series; Grafana's "No data" where it is left out. */
  readonly noValue?: Said
}

/** The last value, large. */
export interface StatPanel extends Common {
  readonly kind: 'stat'
  readonly steps: readonly Step[]
  readonly meanings?: Readonly<Record<number, Meaning>>
  /** What there being no value means; `NO_DATA` where it is left out. */
  readonly absent?: Meaning
  /** Digits after the point; as Grafana finds fit where it is left out. */
  readonly decimals?: number
}

/** Lines over time. */
export interface LinesPanel extends Chart {
  readonly kind: 'lines'
  /** Marked by a horizontal line, which is in sight however far below it the values are. */
  readonly mark?: number
  readonly isStacked?: true
}

/** What happened in each minute, stacked. */
export interface BarsPanel extends Chart {
  readonly kind: 'bars'
}

/** A band for each series, colored by what its value means. */
export interface StatesPanel extends Chart {
  readonly kind: 'states'
  readonly steps: readonly Step[]
  readonly meanings?: Readonly<Record<number, Meaning>>
}

export type Panel = StatPanel | LinesPanel | BarsPanel | StatesPanel

/** Panels below one heading. */
export interface Row {
  readonly title: Said
  readonly panels: readonly Panel[]
}

/** A variable that the reader chooses, from the values that a label has. */
export interface LabelVariable {
  readonly name: string
  readonly label: Said
  /** The series whose label values are offered. */
  readonly series: string
  /** The label. */
  readonly of: string
}

/** One dashboard, whatever its language. */
export interface Dashboard {
  readonly uid: string
  readonly title: Said
  readonly description: Said
  readonly variables: readonly LabelVariable[]
  readonly rows: readonly Row[]
}

type Sized<P extends Panel> = Omit<P, 'kind' | 'width' | 'height'> & {
  readonly width?: number
  readonly height?: number
}

/** Six stats are a line; a stat is readable from two meters. */
export const stat = (panel: Sized<StatPanel>): StatPanel => ({ width: 4, height: 4, ...panel, kind: 'stat' })

export const lines = (panel: Sized<LinesPanel>): LinesPanel => ({
  width: 12,
  height: 8,
  ...panel,
  kind: 'lines',
})

export const bars = (panel: Sized<BarsPanel>): BarsPanel => ({ width: 12, height: 8, ...panel, kind: 'bars' })

export const states = (panel: Sized<StatesPanel>): StatesPanel => ({
  width: 12,
  height: 8,
  ...panel,
  kind: 'states',
})

/** A query, and the name of its series. */
export const query = (expr: string, legend: Said | string): Query => ({ expr, legend })

/** A query whose series are limits. */
export const limit = (expr: string, legend: Said | string): Query => ({ expr, legend, isLimit: true })

/** No value is neither good nor bad: without this it would have the color of 0. */
export const NO_DATA: Meaning = { text: say('no data', '无数据'), color: 'gray' }

/** Green, and red from `from` on. */
export const redFrom = (from: number): readonly Step[] => [{ color: 'green' }, { from, color: 'red' }]

/** Green, yellow from one value on and red from the other. */
export const yellowAndRed = (yellow: number, red: number): readonly Step[] => [
  { color: 'green' },
  { from: yellow, color: 'yellow' },
  { from: red, color: 'red' },
]

/** Red, yellow from one value on and green from the other. */
export const greenFrom = (yellow: number, green: number): readonly Step[] => [
  { color: 'red' },
  { from: yellow, color: 'yellow' },
  { from: green, color: 'green' },
]
