import type { BridgeEvent } from '../alerts/events.ts'
import { BRIDGE_METRICS, type BridgeCounts } from '../alerts/metrics.ts'
import { readNotice } from '../alerts/notice.ts'
import type { ServerReply } from '../core/http.ts'
import { textReply } from '../http/exchange.ts'
import type { Clock } from '../runtime/runtime.ts'
import { readTime } from './alert-bridge-intake.ts'
import type { Post } from './alert-bridge-post.ts'

export interface HeartbeatOptions {
  /** Where it is handed on; `undefined`: nowhere. */
  readonly url: string | undefined
  readonly clock: Clock
  readonly post: Post
  readonly counts: BridgeCounts
  readonly emit: (event: BridgeEvent) => void
  /** Why alerts of some route could not be told at this moment; `undefined`: all could. */
  readonly fault: () => string | undefined
}

/**
 * Hands the Watchdog of Alertmanager on to whoever calls somebody when it stays away. Not from the queue: a heartbeat that is late is
 * none. While the alerts of any route could not be told it is withheld, so that it says of the whole way, to the robots, that it works.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  #isFailing = false

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  /** 200: handed on, or nowhere to go. 503: not handed on, Alertmanager may try again. 400: cannot be read. */
  async take(body: Uint8Array): Promise<ServerReply> {
    const { url, clock, counts, fault } = this.#options
    const notice = readNotice(body, readTime)
    if ('fault' in notice) return textReply(400, `400 ${notice.fault}`)
    if (notice.status === 'resolved') return textReply(200, '200 not a heartbeat')
    counts.set(BRIDGE_METRICS.watchdog, clock.now() / 1_000_000)
    if (url === undefined) {
      counts.add(BRIDGE_METRICS.heartbeats, 'kept')
      return textReply(200, '200 kept')
    }
    const text = fault()
    if (text !== undefined) return this.#failed('withheld', `withheld: ${text}`)
    const outcome = await this.#options.post(url, JSON.stringify({ alerts: notice.alerts.length }))
    if (outcome.name === 'failure') return this.#failed('failed', outcome.code)
    if (outcome.status >= 300) return this.#failed('failed', `answered ${outcome.status}`)
    counts.add(BRIDGE_METRICS.heartbeats, 'forwarded')
    if (this.#isFailing) this.#options.emit({ type: 'heartbeat_recovered' })
    this.#isFailing = false
    return textReply(200, '200 forwarded')
  }

  #failed(result: 'failed' | 'withheld', text: string): ServerReply {
    this.#options.counts.add(BRIDGE_METRICS.heartbeats, result)
    if (!this.#isFailing) this.#options.emit({ type: 'heartbeat_failed', text })
    this.#isFailing = true
    return textReply(503, `503 ${result}`)
  }
}
