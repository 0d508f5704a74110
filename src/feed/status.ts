import type { FailureCode } from '../core/errors.ts'
import type { VenueId } from '../core/ids.ts'
import type { SocketCounts } from './registry.ts'
import type { Unknown } from './resolve.ts'
import type { Session } from './session.ts'

/** What a feed says of itself at one moment. */
export interface FeedStatus {
  readonly venue: VenueId
  /** `loading`: the instrument list is not there yet. */
  readonly state: 'idle' | 'loading' | 'running' | 'stopping' | 'stopped'
  /** Why the venue is out of reach; `undefined` while it is not. */
  readonly unreachable: Unreachable | undefined
  readonly isMaintenance: boolean
  /** Instruments that are collected, those that are paused included. */
  readonly instruments: number
  /** Instruments that are not collected for a while, so that others can be. */
  readonly paused: number
  readonly unknown: readonly Unknown[]
  readonly sessions: readonly SessionStatus[]
  readonly sockets: SocketCounts
  readonly counts: StreamCounts
  /** The venue wants no REST requests for so long, ms. */
  readonly restHeldMs: number
}

export interface Unreachable {
  readonly code: FailureCode
  readonly text: string
}

export interface SessionStatus {
  /** Of the socket there is, or was last; 0 before the first. */
  readonly number: number
  readonly path: string
  readonly state: string
  /** Failures in a row. */
  readonly attempt: number
  readonly streams: number
  /** Why the last socket ended. */
  readonly reason: string | undefined
  readonly retryInMs: number | undefined
  /** Since the last data of this socket; `undefined` before the first. */
  readonly dataAgeMs: number | undefined
}

/** One session at `nowUs` (steady). */
export function sessionStatus(session: Session, nowUs: number): SessionStatus {
  const { state, dataUs } = session
  return {
    number: session.lastNumber,
    path: session.path,
    state: state.name,
    attempt: 'attempt' in state ? state.attempt : 0,
    streams: session.streams.size,
    reason: session.reason,
    retryInMs: session.retryInMs,
    dataAgeMs: Number.isNaN(dataUs) ? undefined : (nowUs - dataUs) / 1_000,
  }
}

/** Streams of a feed, counted. */
export interface StreamCounts {
  readonly streams: number
  /** With data since they were subscribed to. */
  readonly heard: number
  readonly silent: number
  readonly booksSilent: number
  readonly refused: number
  readonly books: number
  readonly booksLive: number
  readonly snapshotsWanted: number
}

/** The counts of a feed that carries nothing. */
export const NO_STREAMS: StreamCounts = {
  streams: 0,
  heard: 0,
  silent: 0,
  booksSilent: 0,
  refused: 0,
  books: 0,
  booksLive: 0,
  snapshotsWanted: 0,
}
