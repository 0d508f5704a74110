import type { GapCause } from '../core/gap.ts'
import type { VenueId } from '../core/ids.ts'
import type { SystemEvent } from './events.ts'

/** Resyncs kept until they are told: more in one second are a storm, whose times mean little. */
const RESYNCS_LIMIT = 1_000

/** Why a socket was given up, as `collector_ws_reconnects_total` names it. Closed: the venue's own words are not a label. */
export const SOCKET_ENDINGS = [
  'silent',
  'malformed',
  'unacknowledged',
  'refused',
  'overloaded',
  'closed',
  'broken',
  'handshake',
] as const
export type SocketEnding = (typeof SOCKET_ENDINGS)[number]

/** Which kind of end a reason is: the words of sessions, or `[HTTP status ]close code words` of the socket. Pure. */
export function endingOf(reason: string | undefined): SocketEnding {
  if (reason === undefined) return 'broken'
  if (/^(no data|no sign of life|a stream stays silent)/.test(reason)) return 'silent'
  if (reason.startsWith('malformed')) return 'malformed'
  if (reason.startsWith('not acknowledged')) return 'unacknowledged'
  if (reason.startsWith('too many requests')) return 'overloaded'
  if (reason.startsWith('HTTP ')) return 'refused'
  if (/handshake/.test(reason)) return 'handshake'
  return /^1006\b/.test(reason) ? 'broken' : 'closed'
}

/** What has happened at one venue, counted from the events. */
export class VenueTally {
  /** With zeros: a count that begins with its first event hides that event from who looks for growth. */
  readonly reconnectsBy = new Map<SocketEnding, number>(SOCKET_ENDINGS.map((ending) => [ending, 0]))
  readonly refusedBy = new Map<string, number>()
  readonly gapsBy = new Map<GapCause, number>()
  silences = 0
  snapshotFailures = 0
  /** Seconds that lost books took until they were live again, since they were last taken. */
  #resyncSeconds: number[] = []
  readonly #lostUs = new Map<string, number>()

  takeResyncs(): readonly number[] {
    const seconds = this.#resyncSeconds
    this.#resyncSeconds = []
    return seconds
  }

  lost(symbol: string, nowUs: number): void {
    this.#lostUs.set(symbol, nowUs)
  }

  live(symbol: string, nowUs: number): void {
    const sinceUs = this.#lostUs.get(symbol)
    if (sinceUs === undefined) return
    this.#lostUs.delete(symbol)
    if (this.#resyncSeconds.length < RESYNCS_LIMIT) this.#resyncSeconds.push((nowUs - sinceUs) / 1e6)
  }
}

const add = <Key>(counts: Map<Key, number>, key: Key): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** Counts what happens, by venue and by the closed words of each event. */
export class Tallies {
  /** Records that went from the journal before a sink had read them. */
  readonly unreadBy = new Map<string, number>()
  readonly #venues = new Map<VenueId, VenueTally>()
  readonly #steadyUs: () => number

  constructor(steadyUs: () => number) {
    this.#steadyUs = steadyUs
  }

  of(venue: VenueId): VenueTally {
    const tally = this.#venues.get(venue) ?? new VenueTally()
    this.#venues.set(venue, tally)
    return tally
  }

  /** Takes one event. Most say nothing that is counted here. */
  count(event: SystemEvent): void {
    if (event.type === 'segment_removed') {
      for (const sink of event.unread) {
        this.unreadBy.set(sink, (this.unreadBy.get(sink) ?? 0) + event.records)
      }
    } else if ('venue' in event) this.#countAt(event, this.of(event.venue))
  }

  #countAt(event: Extract<SystemEvent, { readonly venue: VenueId }>, tally: VenueTally): void {
    if (event.type === 'stream_silent') tally.silences++
    if (event.type === 'snapshot_failed') tally.snapshotFailures++
    if (event.type === 'frame_refused') add(tally.refusedBy, event.code)
    if (event.type === 'session_changed' && event.state === 'waiting') {
      add(tally.reconnectsBy, endingOf(event.reason))
    }
    // A gap in a book is known from its begin, most gaps in trades only when they are over.
    if (event.type === 'gap_opened' && event.channel === 'book') {
      add(tally.gapsBy, event.cause)
      tally.lost(event.symbol, this.#steadyUs())
    }
    if (event.type === 'gap_closed' && event.channel === 'book') tally.live(event.symbol, this.#steadyUs())
    if (event.type === 'gap_closed' && event.channel === 'trade') add(tally.gapsBy, event.cause)
  }
}
