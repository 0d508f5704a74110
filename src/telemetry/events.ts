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

export type Emit = (event: SystemEvent) => void
