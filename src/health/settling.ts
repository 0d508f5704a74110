import type { HealthState } from './verdict.ts'

/** Worse in so many evaluations in a row is worse. */
const WORSE_EVALUATIONS = 2
/** So long without anything as bad as the state makes it better, by one step. */
export const CLEAN_MS = { degraded: 30_000, unhealthy: 15_000 } as const
/** A change that goes back within this time is a flap. */
const FLAP_MS = 30_000
/** More changes than this within `PIN_MS`, and the worse state stays for `PIN_MS`. */
export const CHANGE_LIMIT = 6
export const PIN_MS = 600_000

const RANKS: Readonly<Record<HealthState, number>> = {
  starting: 0,
  healthy: 0,
  degraded: 1,
  unhealthy: 2,
  stopping: 3,
}

/** Whether `state` is worse than `than`. */
export const isWorse = (state: HealthState, than: HealthState): boolean => RANKS[state] > RANKS[than]

/** A state that does not follow every whim of the facts, and what it remembers of them. Times are steady, µs. */
export interface Settled {
  readonly state: HealthState
  readonly sinceUs: number
  /** What it was before the last change. */
  readonly former: HealthState | undefined
  /** The last evaluations that were worse than `state`, without a break. */
  readonly worse: readonly HealthState[]
  /** Since when every evaluation was better than `state`. */
  readonly cleanUs: number | undefined
  /** Changes of the last `PIN_MS`. */
  readonly changesUs: readonly number[]
  /** Until then it does not get better. */
  readonly pinnedUs: number
  readonly transitions: number
  readonly flaps: number
}

/** The state of an instance that has just been started. */
export const unsettled = (sinceUs: number): Settled => ({
  state: 'starting',
  sinceUs,
  former: undefined,
  worse: [],
  cleanUs: undefined,
  changesUs: [],
  pinnedUs: sinceUs,
  transitions: 0,
  flaps: 0,
})

/** What one evaluation says. */
export interface Evaluation {
  readonly state: HealthState
  /** It counts at once where it is worse. */
  readonly isUrgent: boolean
  readonly nowUs: number
}

/** Takes one evaluation in, one a second: worse soon, better late, and not to and fro. Stopping is for good. */
export function settle(before: Settled, evaluation: Evaluation): Settled {
  if (before.state === 'stopping') return before
  const { state, nowUs } = evaluation
  const observed: Settled = {
    ...before,
    worse: isWorse(state, before.state) ? [...before.worse, state].slice(-WORSE_EVALUATIONS) : [],
    cleanUs: isWorse(before.state, state) ? (before.cleanUs ?? nowUs) : undefined,
  }
  const wanted = wantedState(observed, evaluation)
  return wanted === before.state ? observed : changed(observed, wanted, evaluation)
}

function wantedState(observed: Settled, { state, isUrgent, nowUs }: Evaluation): HealthState {
  const current = observed.state
  if (isWorse(state, current)) {
    if (isUrgent) return state
    return observed.worse.length < WORSE_EVALUATIONS ? current : mildest(observed.worse, state)
  }
  if (current === 'starting') return state
  if (observed.cleanUs === undefined || nowUs < observed.pinnedUs) return current
  const cleanMs = (nowUs - observed.cleanUs) / 1_000
  if (current === 'unhealthy') return cleanMs >= CLEAN_MS.unhealthy ? 'degraded' : current
  return cleanMs >= CLEAN_MS.degraded ? 'healthy' : current
}

const mildest = (states: readonly HealthState[], first: HealthState): HealthState =>
  states.reduce((mild, state) => (isWorse(mild, state) ? state : mild), first)

function changed(observed: Settled, wanted: HealthState, { state, nowUs }: Evaluation): Settled {
  const recent = observed.changesUs.filter((atUs) => nowUs - atUs < PIN_MS * 1_000)
  const isRestless = recent.length >= CHANGE_LIMIT
  const pinnedUs = isRestless ? nowUs + PIN_MS * 1_000 : observed.pinnedUs
  if (isRestless && isWorse(observed.state, wanted)) return { ...observed, changesUs: recent, pinnedUs }
  const isFlap = observed.former === wanted && nowUs - observed.sinceUs <= FLAP_MS * 1_000
  return {
    state: wanted,
    sinceUs: nowUs,
    former: observed.state,
    worse: isWorse(state, wanted) ? [state] : [],
    cleanUs: undefined,
    changesUs: [...recent, nowUs],
    pinnedUs,
    transitions: observed.transitions + 1,
    flaps: observed.flaps + (isFlap ? 1 : 0),
  }
}
