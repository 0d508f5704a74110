import type { ProcessReadings } from '../../runtime/processes.ts'
import type {
  CollectorReport,
  DeliveryReport,
  ProcessReport,
  SinkReport,
  VenueReport,
} from '../../telemetry/report.ts'
import type { ChildSnapshot, Instance } from '../instance.ts'
import type { Sample } from './metric.ts'

/** What a report says of the present is believed for so long. Its totals stay true. */
export const REPORT_LIMIT_MS = 30_000

/** The name of the supervisor beside those of the processes that it watches. */
export const SUPERVISOR = 'supervisor'

type Read = (instance: Instance) => readonly Sample[]

/** The instance without reports that are too old, or of a process that has ended and been replaced. */
export function withoutOldReports(instance: Instance): Instance {
  const children = instance.children.map((child) =>
    isOld(child, instance) ? { ...child, report: undefined } : child,
  )
  return { ...instance, children }
}

function isOld({ heardUs }: ChildSnapshot, { nowUs }: Instance): boolean {
  return heardUs === undefined || nowUs - heardUs > REPORT_LIMIT_MS * 1_000
}

/** Wall time of a steady time, s since 1970. */
export function epochSeconds(instance: Instance, steadyUs: number): number {
  return (instance.nowMs - (instance.nowUs - steadyUs) / 1_000) / 1_000
}

/** Wall time `ms` before a process was last heard from, s since 1970; `undefined` where either is not known. */
export function secondsBefore(
  instance: Instance,
  { heardUs }: ChildSnapshot,
  ms: number | undefined,
): number | undefined {
  if (heardUs === undefined || !isKnown(ms)) return undefined
  return epochSeconds(instance, heardUs) - ms / 1_000
}

/** From ms to s. */
export const inSeconds = (ms: number | undefined): number | undefined =>
  isKnown(ms) ? ms / 1_000 : undefined

// JSON has `null` where a number was none; arithmetic would make a 0 of it.
const isKnown = (value: number | undefined): value is number => Number.isFinite(value)

/** 1 for yes, 0 for no. */
export const asNumber = (is: boolean): number => (is ? 1 : 0)

/** Sum of what is known; `undefined` when nothing is. */
export function sumOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => isKnown(value))
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0)
}

/** The greatest of what is known; `undefined` when nothing is. */
export function greatestOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => isKnown(value))
  return known.length === 0 ? undefined : Math.max(...known)
}

/** The smallest of what is known; `undefined` when nothing is. */
export function smallestOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => isKnown(value))
  return known.length === 0 ? undefined : Math.min(...known)
}

/** All of `keys`, 0 where `counts` says nothing: a series that begins with its first event hides that event from `increase()`. */
export function withZeros<Key extends string>(
  keys: readonly Key[],
  counts: Readonly<Partial<Record<Key, number>>>,
): readonly (readonly [Key, number])[] {
  return keys.map((key) => [key, counts[key] ?? 0])
}

/** A process of the instance. */
interface ProcessView {
  readonly name: string
  readonly report: ProcessReport | undefined
  readonly readings: ProcessReadings | undefined
}

/** All processes: the supervisor, then those that it watches. */
export function processesOf({ own, children }: Instance): readonly ProcessView[] {
  return [
    { name: SUPERVISOR, ...own },
    ...children.map(({ name, report, readings }) => ({ name, report: report?.process, readings })),
  ]
}

/** A metric with label `process`: what each process says of itself. */
export const perProcess =
  (read: (report: ProcessReport) => number | undefined): Read =>
  (instance) =>
    processesOf(instance).map(({ name, report }) => [name, report === undefined ? undefined : read(report)])

/** A metric with label `process`: what the system says of each. */
export const perReadings =
  (read: (readings: ProcessReadings) => number | undefined): Read =>
  (instance) =>
    processesOf(instance).map(({ name, readings }) => [
      name,
      readings === undefined ? undefined : read(readings),
    ])

interface Heard<Told> {
  readonly child: ChildSnapshot
  readonly report: Told
}

/** The collectors that have told something. */
export function collectorsOf({ children }: Instance): readonly Heard<CollectorReport>[] {
  return children.flatMap((child) => {
    const { report } = child
    return report?.role === 'collector' ? [{ child, report }] : []
  })
}

/** The deliveries that have told something. */
function deliveriesOf({ children }: Instance): readonly Heard<DeliveryReport>[] {
  return children.flatMap((child) => {
    const { report } = child
    return report?.role === 'delivery' ? [{ child, report }] : []
  })
}

/** A metric without labels: the sum over the collectors. */
export const overCollectors =
  (read: (report: CollectorReport) => number | undefined): Read =>
  (instance) => [[sumOf(collectorsOf(instance).map(({ report }) => read(report)))]]

/** A metric without labels: the greatest of the collectors. */
export const worstCollector =
  (read: (report: CollectorReport) => number | undefined): Read =>
  (instance) => [[greatestOf(collectorsOf(instance).map(({ report }) => read(report)))]]

interface VenueView {
  readonly child: ChildSnapshot
  readonly venue: VenueReport
}

/** The venues, each with the process that has it. */
export function venuesOf(instance: Instance): readonly VenueView[] {
  return collectorsOf(instance).flatMap(({ child, report }) =>
    report.venues.map((venue) => ({ child, venue })),
  )
}

/** A metric with label `venue`. */
export const perVenue =
  (read: (venue: VenueReport) => number | undefined): Read =>
  (instance) =>
    venuesOf(instance).map(({ venue }) => [venue.venue, read(venue)])

/** A metric with label `venue` and one more. */
export const perVenueAnd =
  (read: (venue: VenueReport) => readonly (readonly [string, number])[]): Read =>
  (instance) =>
    venuesOf(instance).flatMap(({ venue }) =>
      read(venue).map(([key, value]): Sample => [venue.venue, key, value]),
    )

interface SinkView {
  readonly child: ChildSnapshot
  readonly sink: SinkReport
}

/** The sinks, each with the process that has it. */
export function sinksOf(instance: Instance): readonly SinkView[] {
  return deliveriesOf(instance).flatMap(({ child, report }) => report.sinks.map((sink) => ({ child, sink })))
}

/** Sinks that hand records on and keep none: what is said of stores does not go for them. */
const MESSAGE_SINKS: ReadonlySet<string> = new Set(['nats', 'stdout'])

/** The sinks that are stores. */
export const storesOf = (instance: Instance): readonly SinkView[] =>
  sinksOf(instance).filter(({ sink }) => !MESSAGE_SINKS.has(sink.sink))

/** A metric with label `sink`. */
export const perSink =
  (read: (sink: SinkReport) => number | undefined): Read =>
  (instance) =>
    sinksOf(instance).map(({ sink }) => [sink.sink, read(sink)])
