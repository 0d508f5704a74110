import type { DecodeCode, FailureCode } from '../core/errors.ts'
import type { GapCause } from '../core/gap.ts'
import type { Channel, VenueId } from '../core/ids.ts'

/**
 * Everything that this system says about itself, besides counting frames. Metrics, logs, health and the screen all start here:
 * new behaviour is a new member, and the compiler finds every reader that has to know it.
 */
export type SystemEvent =
  | {
      readonly type: 'session_changed'
      readonly venue: VenueId
      readonly session: number
      readonly state: string
      readonly reason?: string
    }
  | {
      readonly type: 'venue_unreachable'
      readonly venue: VenueId
      readonly code: FailureCode
      readonly text: string
    }
  | {
      readonly type: 'venue_maintenance'
      readonly venue: VenueId
      readonly active: boolean
      readonly reason: string
    }
  | {
      readonly type: 'frame_refused'
      readonly venue: VenueId
      readonly code: DecodeCode
      readonly text: string
    }
  | {
      readonly type: 'subscription_refused'
      readonly venue: VenueId
      readonly key: string
      readonly code: string
      readonly text: string
    }
  | {
      readonly type: 'stream_silent'
      readonly venue: VenueId
      readonly channel: Channel
      readonly symbol: string
    }
  | { readonly type: 'book_live'; readonly venue: VenueId; readonly symbol: string; readonly epoch: number }
  | {
      readonly type: 'gap_opened'
      readonly venue: VenueId
      readonly symbol: string
      readonly channel: Channel
      readonly cause: GapCause
    }
  | {
      readonly type: 'gap_closed'
      readonly venue: VenueId
      readonly symbol: string
      readonly channel: Channel
      readonly cause: GapCause
    }
  | {
      readonly type: 'snapshot_failed'
      readonly venue: VenueId
      readonly symbol: string
      readonly attempt: number
      readonly text: string
    }
  | {
      readonly type: 'rest_refused'
      readonly venue: VenueId
      readonly code: FailureCode
      readonly text: string
    }
  | { readonly type: 'instruments_loaded'; readonly venue: VenueId; readonly count: number }
  | {
      readonly type: 'instrument_unknown'
      readonly venue: VenueId
      readonly symbol: string
      readonly hint: string | undefined
    }
  | {
      readonly type: 'rotation'
      readonly venue: VenueId
      readonly session: number
      readonly step: 'begun' | 'done' | 'failed'
    }
  | {
      readonly type: 'segment_sealed'
      readonly path: string
      readonly records: number
      readonly bytes: number
    }
  /** A segment that an earlier process was writing: cut behind its last whole batch, and sealed. */
  | {
      readonly type: 'segment_recovered'
      readonly path: string
      readonly records: number
      readonly cutBytes: number
      readonly damagedBytes: number
    }
  /** A segment was removed to keep to the limits. `unread` names the sinks that had not read it. */
  | {
      readonly type: 'segment_removed'
      readonly path: string
      readonly records: number
      readonly unread: readonly string[]
    }
  /** The journal cannot write: nothing is recorded until it can. */
  | { readonly type: 'journal_held'; readonly text: string }
  | { readonly type: 'journal_resumed'; readonly heldMs: number }
  /** A capture cannot be written: frames are lost for it until it can. The journal is not concerned. */
  | { readonly type: 'capture_failed'; readonly folder: string; readonly text: string }
  | { readonly type: 'capture_resumed'; readonly folder: string; readonly lost: number }
  /** A sink did not take a batch. It is given again. */
  | {
      readonly type: 'sink_failed'
      readonly sink: string
      readonly code: FailureCode | 'bug'
      readonly text: string
      readonly attempt: number
      readonly waitMs: number
    }
  | { readonly type: 'sink_recovered'; readonly sink: string; readonly attempts: number }
  /** Records that the sink will never take went to its quarantine; code and text are those of the first. */
  | {
      readonly type: 'sink_rejected'
      readonly sink: string
      readonly records: number
      readonly code: FailureCode
      readonly text: string
    }
  /** Records went from the journal before the sink had read them. */
  | { readonly type: 'sink_lost'; readonly sink: string; readonly records: number }
  /** Something is left out on purpose from here on, or is not any more. */
  | { readonly type: 'governor_action'; readonly action: string; readonly active: boolean }
  /** The supervisor and the processes that it watches. */
  | { readonly type: 'process_started'; readonly name: string; readonly pid: number }
  /** `reason` is one of `END_REASONS`; without `retryMs` it is not started again. */
  | {
      readonly type: 'process_ended'
      readonly name: string
      readonly reason: string
      readonly code: number | undefined
      readonly text: string
      readonly retryMs: number | undefined
    }
  | { readonly type: 'process_stalling'; readonly name: string; readonly silentMs: number }
  /** `evidence` names what was kept of it. */
  | {
      readonly type: 'process_stalled'
      readonly name: string
      readonly silentMs: number
      readonly evidence: string | undefined
    }
  | { readonly type: 'process_killed'; readonly name: string; readonly silentMs: number }
  /** One that was stalling is heard from again. */
  | { readonly type: 'process_resumed'; readonly name: string }

export type Emit = (event: SystemEvent) => void
