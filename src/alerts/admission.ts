import { type Backlog, isCritical, sizeOf } from './backlog.ts'
import type { Notice } from './notice.ts'

/** Share of a queue that alerts other than critical ones may fill. */
const COMMON_SHARE = 0.75

export interface AdmissionOptions {
  /** Bytes that may wait for one robot. */
  readonly queueBytes: number
  /**
   * A webhook that says what one said this long ago is a retry, not a reminder, ms. Alertmanager tries again what it had no answer to
   * at once and at each `group_interval`; it reminds after `repeat_interval`, at least five minutes here. Between the two lies this.
   */
  readonly repeatMs: number
}

/** For which robots a webhook is queued. */
export interface Admission {
  readonly robots: readonly { readonly name: string; readonly only?: readonly number[] }[]
  /** Robots that have been told this, or will be: nothing is to be added. */
  readonly known: readonly string[]
  /** Robots whose queue has no room for it. */
  readonly full: readonly string[]
}

/**
 * Decides what of a webhook is queued for which robots. A retry of one that was taken is not taken again, and neither is an alert that
 * waits already; a reminder of one that was delivered is. Pure.
 */
export function admit(
  backlog: Backlog,
  given: {
    readonly notice: Notice
    readonly key: string
    readonly robots: readonly string[]
    readonly nowMs: number
  },
  options: AdmissionOptions,
): Admission {
  const { notice, key, nowMs } = given
  const roomBytes = options.queueBytes * (isCritical(notice) ? 1 : COMMON_SHARE)
  const robots: { readonly name: string; readonly only?: readonly number[] }[] = []
  const known: string[] = []
  const full: string[] = []
  for (const name of given.robots) {
    const takenAtMs = backlog.takenAtMs(name, key)
    const isRetry = takenAtMs !== undefined && Math.abs(nowMs - takenAtMs) < options.repeatMs
    const fresh = isRetry ? [] : freshOf(backlog, name, notice)
    const bytes = fresh.reduce((sum, at) => sum + sizeAt(notice, at), 0)
    if (fresh.length === 0) known.push(name)
    else if (backlog.bytes(name) + bytes > roomBytes) full.push(name)
    else robots.push(fresh.length === notice.alerts.length ? { name } : { name, only: fresh })
  }
  return { robots, known, full }
}

/** Positions of the alerts that do not wait for the robot yet. */
function freshOf(backlog: Backlog, robot: string, { alerts }: Notice): readonly number[] {
  return alerts.flatMap((alert, at) => (backlog.holds(robot, alert) ? [] : [at]))
}

function sizeAt({ alerts }: Notice, at: number): number {
  const alert = alerts[at]
  return alert === undefined ? 0 : sizeOf(alert)
}
