import type { Config } from '../config/schema.ts'
import { VENUE_IDS } from '../core/ids.ts'
import type { GovernorState, Signals } from '../governor/governing.ts'
import type { HealthFacts, HealthWindows, ProcessFacts, SinkFacts, VenueFacts } from '../health/facts.ts'
import { unaccountedOf } from '../supervisor/connections.ts'
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
  /** By `sink/NAME` and `journal/PROCESS`: records that were lost there within the last five minutes. */
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
  const held = collectorsOf(children).flatMap(({ report }) => report.journal.heldMs ?? [])
  const vital = vitalNames(gathered, windowsOf(config))
  return {
    nowUs,
    startUs,
    isStopping,
    fault: faultOf(children, vital),
    processes: children.map((child) => processFacts(child, gathered, vital)),
    venues: venueFacts(children, nowUs, config),
    journal: {
      heldMs: held.length === 0 ? undefined : Math.max(...held),
      lostLately: unreadLost(lostLately),
    },
    sinks: sinksOf(children).map((sink) => sinkFacts(sink, lostLately)),
    governor: { level: governor.level, sinceUs: governor.sinceUs },
  }
}

/** What the governor of the collector `name` decides by. */
export function signalsOf(gathered: Gathered, name: string): Signals {
  const { nowUs, children, memoryLimitBytes } = gathered
  const running = collectorsOf(children).filter(({ child }) => child.startUs !== undefined)
  const { child, report } = running.find((collector) => collector.child.name === name) ?? {}
  const { readings, startUs = nowUs } = child ?? {}
  const process = report?.process
  // A process that begins is busy with that: its lag says nothing about the load.
  const isSettled = nowUs - startUs > BEGINNING_US
  return {
    heapShare: share(process?.heapUsedBytes, process?.heapLimitBytes),
    memoryShare: share(readings?.residentBytes, memoryLimitBytes),
    lagP99Ms: isSettled ? process?.lagP99Ms : undefined,
    backlogShare: backlogShare(gathered),
    descriptorShare: share(readings?.descriptors, readings?.descriptorLimit),
    unaccounted: unaccountedBy(name, gathered),
  }
}

/** Records that went from journals before a sink had read them. */
function unreadLost(lostLately: ReadonlyMap<string, number>): number {
  let records = 0
  for (const [name, lost] of lostLately) if (name.startsWith('journal/')) records += lost
  return records
}

/** Of what all journals may hold, what the sink that is furthest behind has not read. */
function backlogShare({ children }: Gathered): number | undefined {
  const limitBytes = collectorsOf(children).reduce((sum, { report }) => sum + report.journal.limitBytes, 0)
  return share(Math.max(0, ...sinksOf(children).map((sink) => sink.behindBytes)), limitBytes)
}

/** Connections that nobody answers for: of the whole instance where there is one collector, else of this one alone. */
function unaccountedBy(name: string, { nowUs, children, connections }: Gathered): number | undefined {
  const collectors = children.filter(({ role }) => role === 'collector')
  if (collectors.length === 1) return connections?.unaccounted
  const own = collectors.find((child) => child.name === name)
  return own === undefined ? undefined : unaccountedOf(own, nowUs)
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
function faultOf(children: readonly ChildSnapshot[], vital: ReadonlySet<string>): string | undefined {
  const failed = children.find(
    ({ name, role, startUs, lastEnd }) =>
      startUs === undefined && lastEnd?.reason === 'config' && (role !== 'collector' || vital.has(name)),
  )
  return failed === undefined ? undefined : `${failed.name}: ${failed.lastEnd?.text}`
}

/** Collectors beside which no other is at work: the only one that there is, the last one, or all of them when none is left. */
function vitalNames(gathered: Gathered, { unhealthyMs }: HealthWindows): ReadonlySet<string> {
  const collectors = gathered.children.filter(({ role }) => role === 'collector')
  const isAtWork = (child: ChildSnapshot): boolean =>
    child.heardUs !== undefined &&
    !gathered.looping.has(child.name) &&
    (silentMs(child, gathered) ?? Infinity) < unhealthyMs
  const atWork = collectors.filter(isAtWork)
  const hasOther = ({ name }: ChildSnapshot): boolean => atWork.some((other) => other.name !== name)
  return new Set(collectors.filter((child) => !hasOther(child)).map(({ name }) => name))
}

function processFacts(child: ChildSnapshot, gathered: Gathered, vital: ReadonlySet<string>): ProcessFacts {
  const { name, startUs, lastEnd } = child
  return {
    name,
    isVital: vital.has(name),
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
    for (const venue of report.venues) {
      // The books of a process that is gone are gone with it.
      const books = child.startUs === undefined ? { ...venue.books, live: 0, stale: 0 } : venue.books
      told.set(venue.venue, { report: { ...venue, books }, sinceMs })
    }
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
    lostLately: lostLately.get(`sink/${sink.sink}`) ?? 0,
    isPaused: sink.isPaused,
  }
}
