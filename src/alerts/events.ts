import type { FailureCode } from '../core/errors.ts'
import { ADVICE, type BrokenReason } from './judging.ts'

/** What the bridge tells whoever runs it. */
export type BridgeEvent =
  | {
      readonly type: 'queued'
      readonly route: string
      readonly alerts: number
      readonly robots: readonly string[]
    }
  | {
      readonly type: 'unqueued'
      readonly route: string
      readonly alerts: number
      readonly code: FailureCode
      readonly text: string
    }
  | { readonly type: 'unreadable'; readonly route: string; readonly text: string }
  | { readonly type: 'sent'; readonly robot: string; readonly alerts: number }
  | { readonly type: 'throttled'; readonly robot: string; readonly code: string; readonly waitMs: number }
  | {
      readonly type: 'failed'
      readonly robot: string
      readonly code: string
      readonly attempts: number
      readonly waitMs: number
      readonly text: string
    }
  | {
      readonly type: 'broken'
      readonly robot: string
      readonly code: string
      readonly reason: BrokenReason
      readonly waiting: number
      readonly text: string
    }
  | { readonly type: 'rejected'; readonly robot: string; readonly code: string; readonly text: string }
  /** Given up for a robot that refuses it in every form; never a critical one. */
  | { readonly type: 'dropped'; readonly robot: string; readonly alerts: number }
  | { readonly type: 'recovered'; readonly robot: string; readonly waiting: number }
  | { readonly type: 'queue_failed'; readonly text: string }
  | { readonly type: 'queue_recovered' }
  | {
      readonly type: 'queue_restored'
      readonly waiting: number
      readonly damagedLines: number
      readonly keptAs: string | undefined
    }
  | { readonly type: 'orphaned'; readonly alerts: number }
  | { readonly type: 'heartbeat_failed'; readonly text: string }
  | { readonly type: 'heartbeat_recovered' }
  /** There is nowhere to hand heartbeats on to. */
  | { readonly type: 'heartbeat_unset' }

/** The event in one line, with its level. Never holds a secret: texts of others are cleaned before they get here. */
// oxlint-disable-next-line complexity -- one case a member, nothing decided
export function bridgeEventText(event: BridgeEvent): string {
  switch (event.type) {
    case 'queued':
      return `info: ${event.route}: ${event.alerts} alerts queued for ${event.robots.join(', ')}`
    case 'unqueued':
      return `error: ${event.route}: ${event.alerts} alerts cannot be queued, Alertmanager has to keep them: ${event.code}: ${event.text}`
    case 'unreadable':
      return `warn: ${event.route}: a webhook that cannot be read: ${event.text}`
    case 'sent':
      return `info: ${event.robot}: told ${event.alerts} alerts`
    case 'throttled':
      return `warn: ${event.robot}: throttled (${event.code}), waits ${seconds(event.waitMs)}`
    case 'failed':
      return `warn: ${event.robot}: try ${event.attempts} failed (${event.code}), the next in ${seconds(event.waitMs)}${said(event.text)}`
    case 'broken':
      return `error: ${event.robot}: TAKES NO ALERTS (${event.code}), ${event.waiting} wait: ${ADVICE[event.reason]}${said(event.text)}`
    case 'rejected':
      return `error: ${event.robot}: refused a message (${event.code})${said(event.text)}`
    case 'dropped':
      return `error: ${event.robot}: refuses ${event.alerts} alerts in every form, they are given up`
    case 'recovered':
      return `info: ${event.robot}: takes alerts again, ${event.waiting} wait`
    case 'queue_failed':
      return `error: NOTHING CAN BE QUEUED: ${event.text}`
    case 'queue_recovered':
      return 'info: the queue can be written again'
    case 'queue_restored':
      return `${event.damagedLines > 0 ? 'error' : 'info'}: ${event.waiting} alerts wait from before${damage(event)}`
    case 'orphaned':
      return `error: ${event.alerts} alerts waited for robots that are not configured any more, and their routes have none: they are gone`
    case 'heartbeat_failed':
      return `error: the heartbeat cannot be handed on: ${event.text}`
    case 'heartbeat_recovered':
      return 'info: the heartbeat is handed on again'
    case 'heartbeat_unset':
      return 'warn: no heartbeat_url: if this path breaks, nobody is told'
  }
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
const said = (text: string): string => (text === '' ? '' : `; it says: ${text}`)
const damage = (event: { readonly damagedLines: number; readonly keptAs: string | undefined }): string =>
  event.damagedLines === 0
    ? ''
    : `; ${event.damagedLines} lines are damaged, the file is kept as ${event.keptAs ?? '?'}`
