import { actionsInForce } from '../governor/governing.ts'
import { dirname } from 'node:path'
import { collectorsOf, sinksOf } from './gathering.ts'
import type { ChildSnapshot, Instance } from '../supervisor/instance.ts'
import type { JournalReport, SinkReport, VenueReport } from '../telemetry/report.ts'

/** What /status answers: everything that a person or a program wants to see of an instance at a moment. */
export interface Status {
  readonly name: string
  readonly version: string
  readonly state: string
  readonly reasons: readonly { readonly component: string; readonly reason: string; readonly text: string }[]
  readonly upSeconds: number
  readonly processes: readonly ProcessStatus[]
  readonly venues: readonly VenueReport[]
  readonly journal: JournalReport | undefined
  readonly sinks: readonly SinkReport[]
  readonly governor: { readonly level: number; readonly actions: readonly string[] }
  readonly connections:
    { readonly total: number; readonly registered: number; readonly unaccounted: number } | undefined
}

export interface ProcessStatus {
  readonly name: string
  readonly state: string
  readonly pid: number | undefined
  readonly upSeconds: number | undefined
  readonly restarts: number
  readonly lastEnd: string | undefined
  readonly residentBytes: number | undefined
  readonly cpuSeconds: number | undefined
  readonly descriptors: number | undefined
  readonly heapUsedBytes: number | undefined
  readonly lagP99Ms: number | undefined
}

export function statusOf(instance: Instance): Status {
  const { children, own, verdict, governor, connections } = instance
  const collectors = collectorsOf(children).map(({ report }) => report)
  const upSeconds = Math.round((instance.nowUs - instance.startUs) / 1e6)
  return {
    name: instance.name,
    version: instance.version,
    state: verdict.state,
    reasons: verdict.reasons,
    upSeconds,
    processes: [
      {
        name: 'supervisor',
        state: 'running',
        pid: instance.ownPid,
        upSeconds,
        restarts: 0,
        lastEnd: undefined,
        residentBytes: own.readings?.residentBytes,
        cpuSeconds: own.readings?.cpuSeconds,
        descriptors: own.readings?.descriptors,
        heapUsedBytes: own.report.heapUsedBytes,
        lagP99Ms: own.report.lagP99Ms,
      },
      ...children.map((child) => processStatus(child, instance.nowUs)),
    ],
    venues: collectors.flatMap(({ venues }) => venues),
    journal: journalOf(
      collectors.map(({ journal }) => journal),
      children.filter(({ role }) => role === 'collector').length,
    ),
    sinks: sinksOf(children),
    governor: {
      level: governor.level,
      actions: actionsInForce(governor),
    },
    connections,
  }
}

function processStatus(child: ChildSnapshot, nowUs: number): ProcessStatus {
  const { readings, lastEnd } = child
  const report = child.heardUs === undefined ? undefined : child.report
  return {
    name: child.name,
    state: child.state.name,
    pid: child.pid,
    upSeconds: child.startUs === undefined ? undefined : Math.round((nowUs - child.startUs) / 1e6),
    restarts: Object.values(child.restartsBy).reduce((sum, count) => sum + count, 0),
    lastEnd: lastEnd === undefined ? undefined : `${lastEnd.reason}: ${lastEnd.text}`,
    residentBytes: readings?.residentBytes,
    cpuSeconds: readings?.cpuSeconds,
    descriptors: readings?.descriptors,
    heapUsedBytes: report?.process.heapUsedBytes,
    lagP99Ms: report?.process.lagP99Ms,
  }
}

/** All journals as one. Those of several collectors are side by side in one folder. */
function journalOf(journals: readonly JournalReport[], collectors: number): JournalReport | undefined {
  const [first, ...others] = journals
  if (first === undefined || collectors === 1) return first
  return others.reduce((one, other) => both(one, other), { ...first, folder: dirname(first.folder) })
}

function both(one: JournalReport, other: JournalReport): JournalReport {
  const lostBy: Record<string, number> = { ...one.lostBy }
  for (const [sink, lost] of Object.entries(other.lostBy)) lostBy[sink] = (lostBy[sink] ?? 0) + lost
  const freeBytes = [one.freeBytes, other.freeBytes].filter((bytes) => bytes !== undefined)
  const heldMs = [one.heldMs, other.heldMs].filter((ms) => ms !== undefined)
  return {
    folder: one.folder,
    records: one.records + other.records,
    bytes: one.bytes + other.bytes,
    storedBytes: one.storedBytes + other.storedBytes,
    limitBytes: one.limitBytes + other.limitBytes,
    freeBytes: freeBytes.length === 0 ? undefined : Math.min(...freeBytes),
    heldMs: heldMs.length === 0 ? undefined : Math.max(...heldMs),
    lostBy,
    fsyncSeconds: [...one.fsyncSeconds, ...other.fsyncSeconds],
  }
}
