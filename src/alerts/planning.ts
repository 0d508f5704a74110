import type { Entry } from './backlog.ts'
import { SEVERITIES, severityOf } from './notice.ts'

/** Alerts that may wait and still be told webhook by webhook. */
export const SINGLE_LIMIT = 5

/** What the next message may tell. A `digest` tells as many of its entries as fit, from the first; the others go on waiting. */
export interface Batch {
  readonly form: 'single' | 'digest'
  /** At least one. */
  readonly entries: readonly [Entry, ...Entry[]]
}

/**
 * The next message out of what waits: critical first, then in order. An alert keeps its severity, so of one alert what was first stays
 * first. Pure.
 */
export function nextBatch(waiting: readonly Entry[]): Batch | undefined {
  const [first, ...others] = waiting.toSorted(
    (one, other) => rankOf(one) - rankOf(other) || one.id - other.id,
  )
  if (first === undefined) return undefined
  if (waiting.length > SINGLE_LIMIT) return { form: 'digest', entries: [first, ...others] }
  const together = others.filter(({ noticeId }) => noticeId === first.noticeId)
  return { form: 'single', entries: [first, ...together] }
}

const rankOf = ({ alert }: Entry): number => SEVERITIES.indexOf(severityOf(alert))
