/** How a whole instance is. `starting`, `healthy` and `degraded` are answered with 200, the others with 503. */
export const HEALTH_STATES = ['starting', 'healthy', 'degraded', 'unhealthy', 'stopping'] as const
export type HealthState = (typeof HEALTH_STATES)[number]

/** `recoverable` passes by itself or with what is outside; `permanent` needs a person. */
export const COMPONENT_STATES = ['starting', 'ok', 'recoverable', 'permanent', 'stopping', 'stopped'] as const
export type ComponentState = (typeof COMPONENT_STATES)[number]

/** Why a component is not ok. Closed: each is a label of a metric, and has its entry in the runbook. */
export const REASONS = [
  'fault',
  'not_running',
  'crash_loop',
  'stalling',
  'stalled',
  'no_data',
  'book_stale',
  'trade_stale',
  'books_unsynced',
  'incomplete',
  'unreachable',
  'maintenance',
  'disk_full',
  'sink_failing',
  'sink_behind',
  'data_lost',
  'shedding',
  'overload',
] as const
export type Reason = (typeof REASONS)[number]

/** One part: `collector`, `delivery`, `venue/okx-spot`, `books/okx-spot`, `journal`, `sink/nats`, `governor`; `config` where it cannot be used. */
export interface ComponentVerdict {
  readonly name: string
  readonly state: ComponentState
  /** Steady time since when it is in this state. */
  readonly sinceUs: number
  readonly reason: Reason | undefined
  /** The reason in words, with figures. */
  readonly text: string | undefined
  /** Since the last good thing of it, ms, where that is known. */
  readonly ageMs: number | undefined
}

/** The verdict of one moment. */
export interface Verdict {
  readonly state: HealthState
  /** Steady time since when it is in this state. */
  readonly sinceUs: number
  /** Why it is not healthy, the gravest first. */
  readonly reasons: readonly { readonly component: string; readonly reason: Reason; readonly text: string }[]
  readonly components: readonly ComponentVerdict[]
  /** A restart would not help: the supervisor is at work and the vital processes are heard from. */
  readonly isLive: boolean
  /** At least one venue is synced, and nobody has asked it to stop. */
  readonly isReady: boolean
  /** Changes of `state` since the start, and those that went back within 30 s. */
  readonly transitions: number
  readonly flaps: number
}
