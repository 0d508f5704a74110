import type { Channel, VenueId } from '../core/ids.ts'

/**
 * What the verdict is made of, gathered at one moment. Ages are as of that moment: of a process that has fallen silent they go on
 * growing.
 */
export interface HealthFacts {
  /** Steady time. */
  readonly nowUs: number
  readonly startUs: number
  readonly isStopping: boolean
  /** What keeps the instance from working at all, until somebody changes something: a configuration that cannot be used. */
  readonly fault: string | undefined
  readonly processes: readonly ProcessFacts[]
  readonly venues: readonly VenueFacts[]
  readonly journal: JournalFacts | undefined
  readonly sinks: readonly SinkFacts[]
  readonly governor: { readonly level: number; readonly sinceUs: number }
}

/** A process that the supervisor has started. */
export interface ProcessFacts {
  /** `collector`, `collector/okx-spot`, `delivery`. */
  readonly name: string
  /** Whether market data depends on it: as long as other collectors are at work, it does not on one of several. */
  readonly isVital: boolean
  readonly isRunning: boolean
  /** Since it was heard from, or was started; `undefined` while it is not running. */
  readonly silentMs: number | undefined
  /** It ends again and again. */
  readonly isLooping: boolean
  /** Why it ended last, where it is not running. */
  readonly ending: string | undefined
}

export interface VenueFacts {
  readonly venue: VenueId
  /** Counts when it is asked whether any venue delivers. */
  readonly isRequired: boolean
  readonly channels: readonly Channel[]
  /** Since the last good record of a channel; absent before the first. */
  readonly ageMs: Readonly<Partial<Record<Channel, number>>>
  readonly isMaintenance: boolean
  readonly trouble: string | undefined
  readonly books: { readonly expected: number; readonly live: number; readonly stale: number }
}

export interface JournalFacts {
  /** For so long the disk has taken nothing. */
  readonly heldMs: number | undefined
  /** Records that went within the last five minutes before a sink had read them. */
  readonly lostLately: number
}

export interface SinkFacts {
  readonly sink: string
  readonly trouble: { readonly code: string; readonly text: string } | undefined
  readonly behindMs: number
  /** Records that it has lost within the last five minutes. */
  readonly lostLately: number
  readonly isPaused: boolean
}

/** From configuration: see docs/CONFIG.md, `health` and `supervisor`. */
export interface HealthWindows {
  readonly graceMs: number
  readonly bookMs: number
  readonly tradeMs: number
  readonly downMs: number
  /** Share of books, 0 to 1. */
  readonly staleShare: number
  readonly sinkMs: number
  readonly stallingMs: number
  readonly unhealthyMs: number
}
