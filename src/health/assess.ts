import type { HealthFacts, HealthWindows } from './facts.ts'
import { type Finding, lasting } from './finding.ts'
import { governorFinding, isStalled, journalFinding, processFinding, sinkFinding } from './parts.ts'
import { isVenueSynced, type VenueFinding, venueFinding } from './venues.ts'
import { type HealthState, REASONS, type Verdict } from './verdict.ts'

/** What facts say at one moment, without regard to what was before. */
export interface Assessment {
  readonly state: HealthState
  /** It counts at once: a stall, a fault, the wish to stop. */
  readonly isUrgent: boolean
  readonly isLive: boolean
  /** At least one venue delivers as it should; true of an instance that has none to collect. */
  readonly isSynced: boolean
  readonly components: readonly Finding[]
  /** The gravest first. */
  readonly reasons: Verdict['reasons']
}

/**
 * Judges one moment. Want of data is not held against an instance within the grace, which ends with the first venue that is synced,
 * after `graceMs`, or with anything else that is grave.
 */
export function assess(facts: HealthFacts, windows: HealthWindows): Assessment {
  const startAgeMs = (facts.nowUs - facts.startUs) / 1_000
  const isYoung = startAgeMs < windows.graceMs
  const isSynced = isAnySynced(facts, windows)
  const others = otherFindings(facts, windows, isYoung)
  const isGrace = isYoung && !isSynced && others.every(({ gravity }) => gravity !== 'grave')
  const venues = facts.venues.map((venue) => venueFinding(venue, { windows, startAgeMs, isGrace }))
  const components = isGrace
    ? [...others, ...venueFindings(venues)]
    : withWant({ facts, windows, startAgeMs }, others, venues)
  return {
    state: stateOf(facts, isGrace, components),
    isUrgent: facts.isStopping || facts.fault !== undefined || isVitalStalled(facts, windows),
    isLive: !isVitalStalled(facts, windows),
    isSynced,
    components,
    reasons: reasonsOf(components),
  }
}

function stateOf(facts: HealthFacts, isGrace: boolean, components: readonly Finding[]): HealthState {
  if (facts.isStopping) return 'stopping'
  if (components.some(({ gravity }) => gravity === 'grave')) return 'unhealthy'
  if (isGrace) return 'starting'
  return components.some(({ gravity }) => gravity === 'degrading') ? 'degraded' : 'healthy'
}

const isVitalStalled = (facts: HealthFacts, windows: HealthWindows): boolean =>
  facts.processes.some((process) => process.isVital && isStalled(process, windows))

/** Of a process that does not run, what it last said of its books counts for nothing. */
function isAnySynced({ processes, venues }: HealthFacts, windows: HealthWindows): boolean {
  const vital = processes.filter(({ isVital }) => isVital)
  if (vital.length === 0 && venues.length === 0) return true
  const isHeard = vital.some((process) => process.isRunning && !isStalled(process, windows))
  return (vital.length === 0 || isHeard) && venues.some((venue) => isVenueSynced(venue, windows))
}

/** Everything but the venues. */
function otherFindings(facts: HealthFacts, windows: HealthWindows, isGrace: boolean): readonly Finding[] {
  const { fault, isStopping, journal } = facts
  const config: Finding | undefined =
    fault === undefined
      ? undefined
      : {
          name: 'config',
          state: 'permanent',
          reason: 'fault',
          text: fault,
          ageMs: undefined,
          gravity: 'grave',
        }
  return [
    ...(config === undefined ? [] : [config]),
    ...facts.processes.map((process) => processFinding(process, windows, { isStopping, isGrace })),
    ...(journal === undefined ? [] : [journalFinding(journal)]),
    ...facts.sinks.map((sink) => sinkFinding(sink, windows)),
    governorFinding(facts),
  ]
}

const venueFindings = (venues: readonly VenueFinding[]): readonly Finding[] =>
  venues.flatMap(({ own, books }) => (books === undefined ? [own] : [own, books]))

interface Moment {
  readonly facts: HealthFacts
  readonly windows: HealthWindows
  readonly startAgeMs: number
}

/** With want of data held against it: where no venue delivers that should, each that is down is grave. */
function withWant(
  moment: Moment,
  others: readonly Finding[],
  venues: readonly VenueFinding[],
): readonly Finding[] {
  if (venues.length === 0) return others.map((finding) => untold(finding, moment))
  const required = venues.filter(({ venue }) => venue.isRequired)
  const counted = required.length === 0 ? venues : required
  const isNone = counted.every(({ isDown }) => isDown) && !counted.every(({ venue }) => venue.isMaintenance)
  if (!isNone) return [...others, ...venueFindings(venues)]
  const marked = venues.map((venue): VenueFinding =>
    counted.includes(venue) ? { ...venue, own: { ...venue.own, gravity: 'grave' } } : venue,
  )
  return [...others, ...venueFindings(marked)]
}

/** A vital process that has not told of a single venue in all the time is as bad as all of them down. */
function untold(finding: Finding, { facts, windows, startAgeMs }: Moment): Finding {
  const isVital = facts.processes.some((process) => process.isVital && process.name === finding.name)
  if (!isVital || facts.isStopping || startAgeMs < windows.downMs) return finding
  if (finding.state !== 'ok') return { ...finding, gravity: 'grave' }
  return {
    ...finding,
    state: 'recoverable',
    reason: 'no_data',
    text: `Has told of no venue in the ${lasting(startAgeMs)} since the start`,
    gravity: 'grave',
  }
}

const weightOf = ({ gravity, reason }: Finding): number =>
  (gravity === 'grave' ? 0 : REASONS.length) + (reason === undefined ? 0 : REASONS.indexOf(reason))

const reasonsOf = (components: readonly Finding[]): Verdict['reasons'] =>
  components
    .filter(({ gravity }) => gravity !== 'none')
    .toSorted((a, b) => weightOf(a) - weightOf(b))
    .flatMap(({ name, reason, text }) =>
      reason === undefined ? [] : [{ component: name, reason, text: text ?? reason }],
    )
