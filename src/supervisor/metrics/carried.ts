import type { CollectorReport } from '../../telemetry/report.ts'
import type { ChildSnapshot, Instance } from '../instance.ts'

/** Of a collector, what is told as one sum over all of them. */
interface Totals {
  readonly records: number
  readonly bytes: number
  readonly lostBy: Readonly<Record<string, number>>
  readonly shedBy: Readonly<Record<string, number>>
  readonly unrecordedBy: Readonly<Record<string, number>>
}

interface Known {
  /** When the process was started that told `last`, steady. */
  readonly startUs: number | undefined
  readonly last: Totals
  /** What the processes before it have counted. */
  readonly before: Totals
}

const NOTHING: Totals = { records: 0, bytes: 0, lostBy: {}, shedBy: {}, unrecordedBy: {} }

/**
 * Goes on counting where a collector begins anew beside others: a sum of theirs that falls, but not to 0, would be taken for a rise by
 * all that the others have counted. Where there is one collector its counters begin anew with it.
 */
export class CarriedTotals {
  readonly #byName = new Map<string, Known>()

  /** The instance with what ended collectors have counted added to what those in their place tell. */
  carried(instance: Instance): Instance {
    const collectors = instance.children.filter(({ role }) => role === 'collector')
    if (collectors.length === 1) return instance
    return { ...instance, children: instance.children.map((child) => this.#child(child)) }
  }

  #child(child: ChildSnapshot): ChildSnapshot {
    const { name, startUs, heardUs, report } = child
    if (report?.role !== 'collector') return child
    const told = totalsOf(report)
    const known = this.#byName.get(name)
    // While a process has not been heard from, what is there is what the one before it told last.
    const runUs = heardUs === undefined || startUs === undefined ? known?.startUs : startUs
    const isAnew = known !== undefined && runUs !== known.startUs
    const before = isAnew ? sumOf(known.before, known.last) : (known?.before ?? NOTHING)
    this.#byName.set(name, { startUs: runUs, last: told, before })
    return { ...child, report: withTotals(report, sumOf(before, told)) }
  }
}

const totalsOf = ({ journal, shedding, venues }: CollectorReport): Totals => ({
  records: journal.records,
  bytes: journal.bytes,
  lostBy: journal.lostBy,
  shedBy: shedding.shedBy,
  unrecordedBy: Object.fromEntries(venues.map(({ venue, unrecorded }) => [venue, unrecorded])),
})

const withTotals = (report: CollectorReport, totals: Totals): CollectorReport => ({
  ...report,
  venues: report.venues.map((venue) => ({
    ...venue,
    unrecorded: totals.unrecordedBy[venue.venue] ?? venue.unrecorded,
  })),
  journal: { ...report.journal, records: totals.records, bytes: totals.bytes, lostBy: totals.lostBy },
  shedding: { ...report.shedding, shedBy: totals.shedBy },
})

const sumOf = (one: Totals, other: Totals): Totals => ({
  records: one.records + other.records,
  bytes: one.bytes + other.bytes,
  lostBy: sums(one.lostBy, other.lostBy),
  shedBy: sums(one.shedBy, other.shedBy),
  unrecordedBy: sums(one.unrecordedBy, other.unrecordedBy),
})

function sums(one: Totals['lostBy'], other: Totals['lostBy']): Totals['lostBy'] {
  const all: Record<string, number> = { ...one }
  for (const [name, count] of Object.entries(other)) all[name] = (all[name] ?? 0) + count
  return all
}
