import { admit } from '../alerts/admission.ts'
import type { BridgeEvent } from '../alerts/events.ts'
import { BRIDGE_METRICS, type BridgeCounts } from '../alerts/metrics.ts'
import { type Notice, noticeKey, readNotice } from '../alerts/notice.ts'
import { FailureError } from '../core/errors.ts'
import type { ServerReply } from '../core/http.ts'
import { notFound, textReply } from '../http/exchange.ts'
import type { Clock } from '../runtime/runtime.ts'
import { textDigest } from '../runtime/sha256.ts'
import type { AlertQueue } from './alert-bridge-queue.ts'

/** Label of webhooks that come to a route that no robot has. */
export const UNKNOWN_ROUTE = 'unknown'

export interface IntakeOptions {
  readonly queue: AlertQueue
  readonly clock: Clock
  /** Robots of a route; none where there is no such route. */
  readonly robotsOf: (route: string) => readonly string[]
  readonly queueBytes: number
  readonly repeatMs: number
  readonly counts: BridgeCounts
  readonly emit: (event: BridgeEvent) => void
  /** Told for which robots something was queued. */
  readonly onQueued: (robots: readonly string[]) => void
}

/** Epoch ms of a time of RFC 3339. */
export function readTime(text: string): number | undefined {
  const timeMs = Date.parse(text)
  return Number.isNaN(timeMs) ? undefined : timeMs
}

/**
 * Takes one webhook. 200: every alert of it is on the disk, or was told or waits already. 503: not all could be queued, Alertmanager has
 * to try again. 400: it cannot be read, and trying again would not help.
 */
export function takeWebhook(route: string, body: Uint8Array, options: IntakeOptions): ServerReply {
  const { counts, emit } = options
  const robots = options.robotsOf(route)
  if (robots.length === 0) {
    counts.add(BRIDGE_METRICS.webhooks, UNKNOWN_ROUTE, 'unreadable')
    emit({ type: 'unreadable', route: UNKNOWN_ROUTE, text: 'no robot has the route that Alertmanager names' })
    return notFound()
  }
  const notice = readNotice(body, readTime)
  if ('fault' in notice) {
    counts.add(BRIDGE_METRICS.webhooks, route, 'unreadable')
    emit({ type: 'unreadable', route, text: notice.fault })
    return textReply(400, `400 ${notice.fault}`)
  }
  return queueNotice(route, notice, options)
}

function queueNotice(route: string, notice: Notice, options: IntakeOptions): ServerReply {
  const { queue, clock, counts, emit, queueBytes } = options
  const nowMs = Math.floor(clock.now() / 1_000)
  const key = textDigest(noticeKey(notice))
  const given = { notice, key, robots: options.robotsOf(route), nowMs }
  const { robots, known, full } = admit(queue.backlog, given, options)
  const refuse = (code: 'disk' | 'full', text: string): ServerReply => {
    remember(known, { route, key, nowMs }, queue)
    counts.add(BRIDGE_METRICS.webhooks, route, 'unqueued')
    emit({ type: 'unqueued', route, alerts: notice.alerts.length, code, text })
    return textReply(503, `503 cannot be queued: ${code}`, { 'retry-after': '5' })
  }
  if (robots.length > 0) {
    const { externalUrl, truncatedAlerts, alerts } = notice
    try {
      const firstId = queue.backlog.nextId
      queue.take({
        op: 'queued',
        atMs: nowMs,
        key,
        firstId,
        route,
        robots,
        externalUrl,
        truncatedAlerts,
        alerts,
      })
    } catch (cause) {
      if (cause instanceof FailureError && cause.code === 'disk') return refuse('disk', cause.message)
      throw cause
    }
    const names = robots.map(({ name }) => name)
    emit({ type: 'queued', route, alerts: alerts.length, robots: names })
    options.onQueued(names)
  }
  // The other robots have it; Alertmanager comes again for those that had no room.
  if (full.length > 0) return refuse('full', `${queueBytes} bytes wait for ${full.join(', ')}`)
  counts.add(BRIDGE_METRICS.webhooks, route, robots.length > 0 ? 'queued' : 'repeated')
  return textReply(200, robots.length > 0 ? '200 queued' : '200 known')
}

/**
 * What is answered with 503 comes again at every flush for as long as some robot has no room. Robots that have it take it for the retry
 * that it is as long as their memory of it is fresh.
 */
function remember(
  robots: readonly string[],
  { route, key, nowMs }: { readonly route: string; readonly key: string; readonly nowMs: number },
  queue: AlertQueue,
): void {
  if (robots.length === 0) return
  queue.note({
    op: 'queued',
    atMs: nowMs,
    key,
    firstId: queue.backlog.nextId,
    route,
    robots: robots.map((name) => ({ name })),
    externalUrl: '',
    truncatedAlerts: 0,
    alerts: [],
  })
}
