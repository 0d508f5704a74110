import type { Random } from './runtime.ts'

/** Bounds of the wait between retries, in ms. `minMs` (default 0) is waited in any case. */
export interface BackoffPolicy {
  readonly firstMs: number
  readonly maxMs: number
  readonly minMs?: number
}

/** Doublings beyond this change nothing in any policy, and keep the arithmetic finite. */
const DOUBLINGS_LIMIT = 40

/**
 * Milliseconds to wait before retry `attempt` (from 1), full jitter: anything from `minMs` up to `firstMs * 2^(attempt-1)`, never
 * over `maxMs`. Clients that were cut off together come back spread out.
 */
export function backoffMs(attempt: number, policy: BackoffPolicy, random: Random): number {
  const doublings = Math.min(Math.max(attempt, 1) - 1, DOUBLINGS_LIMIT)
  const ceilingMs = Math.min(policy.maxMs, policy.firstMs * 2 ** doublings)
  const floorMs = Math.min(policy.minMs ?? 0, ceilingMs)
  return floorMs + random.next() * (ceilingMs - floorMs)
}
