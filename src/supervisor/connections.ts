import type { ProcessReadings } from '../runtime/processes.ts'
import type { ChildSnapshot, ConnectionCounts, Instance } from './instance.ts'

/** What an older report knows of sockets says nothing about those of this moment. */
const REPORT_AGE_US = 3_000_000

/** One process: what the system sees of it and what it says of itself. */
interface Owner {
  readonly readings: ProcessReadings | undefined
  /** Connections that it knows of, as it said last. */
  readonly registered: number | undefined
  readonly isFresh: boolean
}

/** Counts the connections of all processes; `undefined` where the system tells of none. */
export function connectionCounts(
  children: readonly ChildSnapshot[],
  own: Instance['own'],
  nowUs: number,
): ConnectionCounts | undefined {
  const owners = [
    ...children.map((child) => childOwner(child, nowUs)),
    { readings: own.readings, registered: own.report.sockets, isFresh: true },
  ].filter(({ readings }) => readings?.tcp !== undefined)
  if (owners.length === 0) return undefined
  return {
    total: sum(owners.map(connectionsOf)),
    byState: sumByState(owners),
    registered: sum(owners.map(({ registered = 0 }) => registered)),
    unaccounted: sum(owners.map((owner) => unaccounted(owner) ?? 0)),
  }
}

/** Connections of one process that nobody answers for; `undefined` where that is not known at this moment. */
export function unaccountedOf(child: ChildSnapshot, nowUs: number): number | undefined {
  return unaccounted(childOwner(child, nowUs))
}

function childOwner({ readings, report, heardUs }: ChildSnapshot, nowUs: number): Owner {
  // A process that has not been heard yet has at most the report of the one before it.
  const isKnown = heardUs !== undefined && report !== undefined
  return {
    readings,
    registered: isKnown ? report.process.sockets : undefined,
    isFresh: isKnown && nowUs - heardUs < REPORT_AGE_US,
  }
}

function unaccounted(owner: Owner): number | undefined {
  const { readings, registered, isFresh } = owner
  if (readings?.tcp === undefined || registered === undefined || !isFresh) return undefined
  return Math.max(0, connectionsOf(owner) - registered)
}

function connectionsOf({ readings }: Owner): number {
  return sum(statesOf(readings).map(([, count]) => count))
}

function sumByState(owners: readonly Owner[]): Readonly<Record<string, number>> {
  const byState: Record<string, number> = {}
  for (const [state, count] of owners.flatMap(({ readings }) => statesOf(readings))) {
    byState[state] = (byState[state] ?? 0) + count
  }
  return byState
}

/** Its connections; a socket that listens is none. */
function statesOf(readings: ProcessReadings | undefined): readonly (readonly [string, number])[] {
  return Object.entries(readings?.tcp ?? {}).filter(([state]) => state !== 'listen')
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)
