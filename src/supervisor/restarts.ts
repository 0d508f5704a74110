import { backoffMs } from '../runtime/backoff.ts'
import type { Random } from '../runtime/runtime.ts'

/** 1, 2, 4 .. 60 s, the jitter taking off what it likes but the first half second. */
const BACKOFF = { minMs: 500, firstMs: 1_000, maxMs: 60_000 }

/** Where a fast try is of no use. */
const LOOP_WAIT_MS = 60_000

/** A process that was well for so long begins again with the shortest wait. */
const HEALTHY_US = 600_000_000

/** Ends are counted over this. */
const COUNTED_US = 900_000_000

/** Ends kept at most: with the shortest wait between them no more fit into the time. */
const ENDS_LIMIT = 2_000

/** A process that was tried again in a loop and is well for so long has left it: longer than the wait between two tries. */
export const LOOP_LEFT_US = 120_000_000

/** What is remembered of the ends of one process. */
export interface RestartHistory {
  /** Ends since it was last well. */
  readonly attempts: number
  /** Steady times of its last ends. */
  readonly endsUs: readonly number[]
}

/** One that has never ended. */
export const NO_RESTARTS: RestartHistory = { attempts: 0, endsUs: [] }

/** An end that nobody asked for. */
export interface UnaskedEnd {
  readonly nowUs: number
  /** From its start until it was last heard from. */
  readonly healthyUs: number
  /** The next one will end in the same way, until somebody changes something. */
  readonly isHopeless: boolean
}

export interface RestartPlan {
  readonly history: RestartHistory
  readonly isLooping: boolean
  readonly waitMs: number
}

/** When to start a process again that has ended unasked, more than `crashLimit` ends in 15 minutes being a loop. Pure but for the draw. */
export function planRestart(
  { attempts, endsUs }: RestartHistory,
  { nowUs, healthyUs, isHopeless }: UnaskedEnd,
  crashLimit: number,
  random: Random,
): RestartPlan {
  const counted = [...endsUs.filter((endUs) => nowUs - endUs < COUNTED_US), nowUs].slice(-ENDS_LIMIT)
  const attempt = healthyUs >= HEALTHY_US ? 1 : attempts + 1
  const isLooping = isHopeless || counted.length > crashLimit
  return {
    history: { attempts: attempt, endsUs: counted },
    isLooping,
    waitMs: isLooping ? LOOP_WAIT_MS : backoffMs(attempt, BACKOFF, random),
  }
}
