/** 0 normal, 1 pressure, 2 shed, 3 survive, 4 controlled restart. */
export const LEVELS = [0, 1, 2, 3, 4] as const
export type Level = (typeof LEVELS)[number]

/**
 * What the governor may ask its owners for. Each is in force at and above its level, done once and undone once; the owners count
 * what they leave out.
 *
 * - `slow_tops` (1): tops of tier 3 are published more rarely
 * - `large_batches` (1): the journal is written less often, in larger batches
 * - `less_depth` (2): tops of tiers 2 and 3 have fewer levels
 * - `pause_last_tier` (2): tier 3 is not collected
 * - `end_orphans` (2): sockets that nobody answers for are ended
 * - `replace_worst` (2): the one connection that is worst off is replaced, once
 * - `collect_garbage` (2): once, and with doubling waits when it frees little
 * - `first_tier_only` (3): tier 2 is not collected either
 * - `pause_storage` (3): sinks that store read on later; the journal keeps what they miss
 * - `pause_renewals` (3): no snapshots beside live books
 */
export const ACTION_LEVELS = {
  slow_tops: 1,
  large_batches: 1,
  less_depth: 2,
  pause_last_tier: 2,
  end_orphans: 2,
  replace_worst: 2,
  collect_garbage: 2,
  first_tier_only: 3,
  pause_storage: 3,
  pause_renewals: 3,
} as const satisfies Record<string, Level>
export type Action = keyof typeof ACTION_LEVELS

export const isAction = (word: unknown): word is Action =>
  typeof word === 'string' && Object.hasOwn(ACTION_LEVELS, word)

/** Every action, by level, then as they are listed. */
export const ACTIONS: readonly Action[] = Object.keys(ACTION_LEVELS)
  .filter(isAction)
  .toSorted((one, other) => ACTION_LEVELS[one] - ACTION_LEVELS[other])

/** Those that are in force. */
export const actionsInForce = ({ actions }: Pick<GovernorState, 'actions'>): readonly Action[] =>
  ACTIONS.filter((action) => actions[action])

/** What is measured; absent where it is not known. Shares are of the limit, 0 to 1 and beyond. */
export interface Signals {
  readonly heapShare: number | undefined
  readonly memoryShare: number | undefined
  readonly lagP99Ms: number | undefined
  /** Of the room that the journal may take, what sinks have not read. */
  readonly backlogShare: number | undefined
  readonly descriptorShare: number | undefined
  /** TCP connections of the process that no owner knows of. */
  readonly unaccounted: number | undefined
}
export type Signal = keyof Signals

/** How the governor stands. */
export interface GovernorState {
  readonly level: Level
  /** Steady time. */
  readonly sinceUs: number
  /** Each signal by its own limits, 1 where level 3 is entered. */
  readonly pressures: Readonly<Partial<Record<Signal, number>>>
  readonly actions: Readonly<Record<Action, boolean>>
  /** How often each action was asked for. */
  readonly askedBy: Readonly<Record<Action, number>>
  readonly ups: number
  readonly downs: number
}

/** A resource over time. */
export interface Trend {
  readonly resource: 'memory' | 'heap_after_gc' | 'descriptors'
  /** In units of the resource; `undefined` before there is enough to judge. */
  readonly slopePerMinute: number | undefined
  readonly isRapidlyIncreasing: boolean
  /** Until the limit is reached at this slope, s; `undefined` where it is not. */
  readonly exhaustionSeconds: number | undefined
}
