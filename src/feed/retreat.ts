import type { FailureCode } from '../core/errors.ts'
import type { Random, SocketEnd } from '../runtime/runtime.ts'
import { backoffMs } from '../runtime/backoff.ts'
import type { FeedTiming } from './timing.ts'

/** What the end of a socket says about the next one. */
export type Retreat =
  /** Nothing special: back off. */
  | { readonly kind: 'ordinary' }
  /** The venue is cross, or wants no more sockets from here for a while. */
  | {
      readonly kind: 'limited'
      readonly code: 'rate_limited' | 'banned'
      readonly atLeastMs: number | undefined
    }
  /** Trying again soon is not expected to help. */
  | { readonly kind: 'blocked'; readonly code: 'geo_blocked' | 'tls' }

/** Ended for a reason of our own, or the network's. */
export const ORDINARY: Retreat = { kind: 'ordinary' }

/** 1008 is how Binance answers too many requests: the connection limits are near. */
const POLICY_MS = 30_000
const LIMITED_FIRST_MS = 60_000
const BANNED_FIRST_MS = 120_000
const LIMITED_MAX_MS = 600_000
/** The longest ban that a venue documents (Binance: three days); a longer `Retry-After` is not believed. */
const BAN_MAX_MS = 3 * 86_400_000

/** Reads the end of a socket. */
export function retreatAfter(end: SocketEnd): Retreat {
  const { status, retryAfterMs } = end
  if (status === 429) return { kind: 'limited', code: 'rate_limited', atLeastMs: retryAfterMs }
  if (status === 418) return { kind: 'limited', code: 'banned', atLeastMs: retryAfterMs ?? BANNED_FIRST_MS }
  if (status === 403 || status === 451) return { kind: 'blocked', code: 'geo_blocked' }
  if (end.code === 1008) return { kind: 'limited', code: 'rate_limited', atLeastMs: POLICY_MS }
  if (end.failure === 'tls') return { kind: 'blocked', code: 'tls' }
  return ORDINARY
}

/** Waits before attempt `attempt` (from 1). Never shorter than a venue has asked for. */
export function retreatMs(retreat: Retreat, attempt: number, timing: FeedTiming, random: Random): number {
  const jitterMs = backoffMs(attempt, timing.backoff, random)
  switch (retreat.kind) {
    case 'ordinary':
      return jitterMs
    case 'limited':
      return limitedMs(retreat.atLeastMs, attempt) + jitterMs
    case 'blocked':
      return timing.probeMs + jitterMs
  }
}

/** What a venue asked for, or a minute that doubles up to ten. */
export function limitedMs(atLeastMs: number | undefined, attempt: number): number {
  if (atLeastMs !== undefined) return Math.min(Math.max(0, atLeastMs), BAN_MAX_MS)
  return Math.min(LIMITED_FIRST_MS * 2 ** Math.min(attempt - 1, 10), LIMITED_MAX_MS)
}

/** The code by which a retreat is told. */
export const codeOf = (retreat: Retreat): FailureCode =>
  retreat.kind === 'ordinary' ? 'unreachable' : retreat.code
