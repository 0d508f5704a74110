import type { FailureCode } from '../core/errors.ts'
import type { GapCause } from '../core/gap.ts'
import { codeOf, ORDINARY, type Retreat } from './retreat.ts'

/**
 * One session as a state machine. `step` is pure: it is told what happened and answers with the next state and what to do about
 * it; `session.ts` does it. `attempt` counts failures in a row and goes back to 0 only after a stable stretch of verified data.
 */
export type ConnectionState =
  | { readonly name: 'idle' }
  /** Waits for its turn to open a socket, without a deadline, then for the handshake. */
  | { readonly name: 'connecting'; readonly attempt: number }
  /** `pending` subscriptions are not acknowledged; `asked` is how often they were asked for. */
  | {
      readonly name: 'subscribing'
      readonly attempt: number
      readonly pending: number
      readonly asked: 1 | 2
    }
  /** `isClosing`: the venue has said that it will end this socket, and a successor was asked for. */
  | { readonly name: 'live'; readonly attempt: number; readonly isClosing: boolean }
  | { readonly name: 'waiting'; readonly attempt: number; readonly retreat: Retreat }
  /** Still read, but a successor is taking over: its end is the end of the session. */
  | { readonly name: 'draining' }
  | { readonly name: 'stopped' }

export type ConnectionEvent =
  | { readonly type: 'start' }
  /** The socket has waited for its turn, and is on its way. */
  | { readonly type: 'dialled' }
  | { readonly type: 'opened'; readonly pending: number }
  /** `pending` are left; 0 makes the session live. */
  | { readonly type: 'acknowledged'; readonly pending: number }
  | { readonly type: 'stable' }
  /** The venue's notice that it will end the socket. */
  | { readonly type: 'closing' }
  /** The socket is no good, though it is open: refused, silent, malformed. */
  | { readonly type: 'failed'; readonly reason: string; readonly cause: GapCause }
  | { readonly type: 'closed'; readonly reason: string; readonly retreat: Retreat }
  /** What was armed is due. */
  | { readonly type: 'timeout' }
  | { readonly type: 'drain' }
  | { readonly type: 'stop' }

export type Effect =
  | { readonly type: 'open' }
  | { readonly type: 'subscribe' }
  | { readonly type: 'ask_again' }
  /** Asks the feed for a session that takes over. */
  | { readonly type: 'succeed' }
  | { readonly type: 'close'; readonly reason: string; readonly cause: GapCause }
  /** The socket ended by itself. */
  | { readonly type: 'release'; readonly reason: string }
  | { readonly type: 'arm'; readonly timer: 'handshake' | 'acknowledge' }
  | { readonly type: 'arm'; readonly timer: 'retry'; readonly attempt: number; readonly retreat: Retreat }
  | { readonly type: 'disarm' }

export interface Step {
  readonly state: ConnectionState
  readonly effects: readonly Effect[]
}

/** The reason of a close after which some keys are still not acknowledged. */
export const UNACKNOWLEDGED = 'not acknowledged'

const to = (state: ConnectionState, ...effects: readonly Effect[]): Step => ({ state, effects })

/** The next state and its effects. Events that mean nothing to a state leave it as it is. */
export function step(state: ConnectionState, event: ConnectionEvent): Step {
  if (event.type === 'stop') return stop(state)
  switch (state.name) {
    case 'idle':
      return whenIdle(state, event, 'start', 0)
    case 'connecting':
      return whenConnecting(state, event)
    case 'subscribing':
      return whenSubscribing(state, event)
    case 'live':
      return whenLive(state, event)
    case 'waiting':
      return whenIdle(state, event, 'timeout', state.attempt)
    case 'draining':
      return whenDraining(state, event)
    case 'stopped':
      return to(state)
  }
}

/** True while the session has a socket, or is about to. */
export const hasSocket = (state: ConnectionState): boolean =>
  state.name === 'connecting' ||
  state.name === 'subscribing' ||
  state.name === 'live' ||
  state.name === 'draining'

/** True while data may arrive. */
export const isReading = (state: ConnectionState): boolean => hasSocket(state) && state.name !== 'connecting'

/** Attempts in vain after which the venue counts as out of reach. */
const UNREACHABLE_ATTEMPTS = 3

/** Why the venue is out of reach; `undefined` while that cannot be said. */
export function outOfReach(state: ConnectionState): FailureCode | undefined {
  if (state.name !== 'waiting') return undefined
  const isTelling = state.retreat.kind !== 'ordinary' || state.attempt >= UNREACHABLE_ATTEMPTS
  return isTelling ? codeOf(state.retreat) : undefined
}

/** Without a socket: `go` opens one. */
function whenIdle(
  state: ConnectionState,
  event: ConnectionEvent,
  go: 'start' | 'timeout',
  attempt: number,
): Step {
  if (event.type === 'drain') return stop(state)
  return event.type === go ? to({ name: 'connecting', attempt }, { type: 'open' }) : to(state)
}

function stop(state: ConnectionState): Step {
  const effects: Effect[] = hasSocket(state) ? [closing('stopped', 'disconnected')] : []
  return to({ name: 'stopped' }, ...effects, { type: 'disarm' })
}

function whenConnecting(
  state: ConnectionState & { readonly name: 'connecting' },
  event: ConnectionEvent,
): Step {
  const { attempt } = state
  if (event.type === 'drain') return stop(state)
  if (event.type === 'timeout') return abandon(attempt, 'handshake timeout', 'disconnected')
  if (event.type === 'dialled') return to(state, { type: 'arm', timer: 'handshake' })
  if (event.type !== 'opened') return whenLost(state, event, attempt)
  if (event.pending === 0) return to(live(attempt), { type: 'subscribe' }, { type: 'disarm' })
  return to(
    { name: 'subscribing', attempt, pending: event.pending, asked: 1 },
    { type: 'subscribe' },
    { type: 'arm', timer: 'acknowledge' },
  )
}

function whenSubscribing(
  state: ConnectionState & { readonly name: 'subscribing' },
  event: ConnectionEvent,
): Step {
  if (event.type === 'acknowledged') {
    if (event.pending === 0) return to(live(state.attempt), { type: 'disarm' })
    return to({ ...state, pending: event.pending })
  }
  if (event.type === 'timeout') {
    if (state.asked === 2) return abandon(state.attempt, UNACKNOWLEDGED, 'disconnected')
    return to({ ...state, asked: 2 }, { type: 'ask_again' }, { type: 'arm', timer: 'acknowledge' })
  }
  if (event.type === 'closing') return to(state, { type: 'succeed' })
  if (event.type === 'drain') return to({ name: 'draining' }, { type: 'disarm' })
  return whenLost(state, event, state.attempt)
}

function whenLive(state: ConnectionState & { readonly name: 'live' }, event: ConnectionEvent): Step {
  if (event.type === 'stable') return to({ ...state, attempt: 0 })
  if (event.type === 'drain') return to({ name: 'draining' }, { type: 'disarm' })
  if (event.type !== 'closing') return whenLost(state, event, state.attempt)
  return state.isClosing ? to(state) : to({ ...state, isClosing: true }, { type: 'succeed' })
}

function whenDraining(state: ConnectionState, event: ConnectionEvent): Step {
  if (event.type === 'closed') return to({ name: 'stopped' }, { type: 'release', reason: event.reason })
  if (event.type === 'failed') return to({ name: 'stopped' }, closing(event.reason, event.cause))
  return to(state)
}

/** What every state with a socket does about losing it. */
function whenLost(state: ConnectionState, event: ConnectionEvent, attempt: number): Step {
  if (event.type === 'failed') return abandon(attempt, event.reason, event.cause)
  if (event.type !== 'closed') return to(state)
  return to(
    { name: 'waiting', attempt: attempt + 1, retreat: event.retreat },
    { type: 'release', reason: event.reason },
    { type: 'arm', timer: 'retry', attempt: attempt + 1, retreat: event.retreat },
  )
}

function abandon(attempt: number, reason: string, cause: GapCause): Step {
  return to({ name: 'waiting', attempt: attempt + 1, retreat: ORDINARY }, closing(reason, cause), {
    type: 'arm',
    timer: 'retry',
    attempt: attempt + 1,
    retreat: ORDINARY,
  })
}

const live = (attempt: number): ConnectionState => ({ name: 'live', attempt, isClosing: false })

const closing = (reason: string, cause: GapCause): Effect => ({ type: 'close', reason, cause })
