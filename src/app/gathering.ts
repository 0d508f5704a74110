import type { Config } from '../config/schema.ts'
import { VENUE_IDS } from '../core/ids.ts'
import type { GovernorState, Signals } from '../governor/governing.ts'
import type { HealthFacts, HealthWindows, ProcessFacts, SinkFacts, VenueFacts } from '../health/facts.ts'
import type { ChildSnapshot, ConnectionCounts } from '../supervisor/instance.ts'
import type { CollectorReport, SinkReport, VenueReport } from '../telemetry/report.ts'

/** What one look at the processes has found. */
export interface Gathered {
  readonly nowUs: number
  readonly startUs: number
  readonly isStopping: boolean
  readonly children: readonly ChildSnapshot[]
  /** Names of the processes that end again and again. */
  readonly looping: ReadonlySet<string>
  readonly connections: ConnectionCounts | undefined
  /** By sink: records that it has lost within the last five minutes. */
  readonly lostLately: ReadonlyMap<string, number>
  /** Resident memory that a collector should stay below. */
  readonly memoryLimitBytes: number
}

/** A collector begins for so long: modules, instrument lists, a snapshot for every book. */
const BEGINNING_US = 20_000_000

/** The windows of health, from the configuration. */
export function windowsOf({ health, supervisor }: Config): HealthWindows {
  return {
    graceMs: health.graceSeconds * 1_000,
    bookMs: health.bookSeconds * 1_000,
    tradeMs: health.tradeSeconds * 1_000,
    downMs: health.downSeconds * 1_000,
    staleShare: health.stalePercent / 100,
    sinkMs: health.sinkSeconds * 1_000,
    stallingMs: supervisor.stallingSeconds * 1_000,
    unhealthyMs: supervisor.unhealthySeconds * 1_000,
  }
}

/** What the verdict is made of. A report ages with its process: what was fresh when it was told is older by the time since. */
export function healthFacts(
  gathered: Gathered,
  governor: Pick<GovernorState, 'level' | 'sinceUs'>,
  config: Config,
): HealthFacts {
  const { nowUs, startUs, isStopping, children, lostLately } = gathered
  const held = collectorsOf(children).find(({ report }) => report.journal.heldMs !== undefined)
  return {
    nowUs,
    startUs,
    isStopping,
    fault: faultOf(children),
    processes: children.map((child) => processFacts(child, gathered)),
    venues: venueFacts(children, nowUs, config),
    journal: { heldMs: held === undefined ? undefined : held.report.journal.heldMs },
    sinks: sinksOf(children).map((sink) => sinkFacts(sink, lostLately)),
    governor: { level: governor.level, sinceUs: governor.sinceUs },
  }
}

/** What the governor decides by: of several collectors the worst. */
export function signalsOf({ nowUs, children, connections, memoryLimitBytes }: Gathered): Signals {
  const collectors = collectorsOf(children).filter(({ child }) => child.startUs !== undefined)
  // A process that begins is busy with that: its lag says nothing about the load.
  const settled = collectors.filter(({ child }) => nowUs - (child.startUs ?? nowUs) > BEGINNING_US)
  const worst = (
    of: (collector: CollectorOf) => number | undefined,
    among: readonly CollectorOf[] = collectors,
  ): number | undefined => {
    const known = among.map(of).filter((value) => value !== undefined)
    return known.length === 0 ? undefined : Math.max(...known)
  }
  // A sink that is paused cannot get on, and is not to keep up the pressure for which it is.
  const waiting = sinksOf(children).filter(({ isPaused }) => !isPaused)
  const behindBytes = Math.max(0, ...waiting.map((sink) => sink.behindBytes))
  const limitBytes = collectors[0]?.report.journal.limitBytes
  return {
    heapShare: worst(({ report }) => report.process.heapUsedBytes / report.process.heapLimitBytes),
    memoryShare: worst(({ child }) => share(child.readings?.residentBytes, memoryLimitBytes)),
    lagP99Ms: worst(({ report }) => report.process.lagP99Ms, settled),
    backlogShare: share(behindBytes, limitBytes),
    descriptorShare: worst(({ child }) =>
      share(child.readings?.descriptors, child.readings?.descriptorLimit),
    ),
    unaccounted: connections?.unaccounted,
  }
}

interface CollectorOf {
  readonly child: ChildSnapshot
  readonly report: CollectorReport
}

/** The collectors that have told of themselves. What the process before it told is not what one is that has just begun. */
export const collectorsOf = (children: readonly ChildSnapshot[]): readonly CollectorOf[] =>
  children.flatMap((child) => {
    const { report, heardUs } = child
    return heardUs !== undefined && report?.role === 'collector' ? [{ child, report }] : []
  })

/** The sinks that the delivery has told of. */
export const sinksOf = (children: readonly ChildSnapshot[]): readonly SinkReport[] =>
  children.flatMap(({ report, heardUs }) =>
    heardUs !== undefined && report?.role === 'delivery' ? report.sinks : [],
  )

const share = (value: number | undefined, limit: number | undefined): number | undefined =>
  value === undefined || limit === undefined || limit <= 0 ? undefined : value / limit

/** A configuration that a process cannot work with does not get better by starting it again. */
function faultOf(children: readonly ChildSnapshot[]): string | undefined {
  const failed = children.find(
    ({ startUs, lastEnd }) => startUs === undefined && lastEnd?.reason === 'config',
  )
  return failed === undefined ? undefined : `${failed.name}: ${failed.lastEnd?.text}`
}

function processFacts(child: ChildSnapshot, gathered: Gathered): ProcessFacts {
  const { name, role, startUs, lastEnd } = child
  return {
    name,
    isVital: role === 'collector',
    isRunning: startUs !== undefined,
    silentMs: silentMs(child, gathered),
    isLooping: gathered.looping.has(name),
    ending: startUs === undefined && lastEnd !== undefined ? `${lastEnd.reason}: ${lastEnd.text}` : undefined,
  }
}

/**
 * How long it has been silent. Whoever watches it knows better than the clock: what a supervisor that was itself stopped has not heard
 * yet is no silence.
 */
function silentMs({ startUs, heardUs, state }: ChildSnapshot, { nowUs }: Gathered): number | undefined {
  if (startUs === undefined) return undefined
  return state.name === 'running' ? 0 : (nowUs - Math.max(startUs, heardUs ?? startUs)) / 1_000
}

/** One entry for every venue of the configuration, also while no process tells of it. */
function venueFacts(
  children: readonly ChildSnapshot[],
  nowUs: number,
  { venues, health }: Config,
): readonly VenueFacts[] {
  const told = new Map<string, { readonly report: VenueReport; readonly sinceMs: number }>()
  for (const { child, report } of collectorsOf(children)) {
    const sinceMs = (nowUs - (child.heardUs ?? nowUs)) / 1_000
    for (const venue of report.venues) told.set(venue.venue, { report: venue, sinceMs })
  }
  return VENUE_IDS.filter((venue) => venues[venue].enabled).map((venue) => {
    const found = told.get(venue)
    const ages = Object.entries(found?.report.ageMs ?? {})
    return {
      venue,
      isRequired: health.required.includes(venue),
      channels: venues[venue].channels,
      ageMs: Object.fromEntries(ages.map(([channel, ageMs]) => [channel, ageMs + (found?.sinceMs ?? 0)])),
      isMaintenance: found?.report.isMaintenance ?? false,
      trouble: found?.report.trouble,
      books: found?.report.books ?? { expected: 0, live: 0, stale: 0 },
    }
  })
}

function sinkFacts(sink: SinkReport, lostLately: ReadonlyMap<string, number>): SinkFacts {
  return {
    sink: sink.sink,
    trouble: sink.trouble,
    behindMs: sink.behindMs,
    lostLately: lostLately.get(sink.sink) ?? 0,
    isPaused: sink.isPaused,
  }
}
