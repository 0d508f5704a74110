import type { BridgeEvent } from '../alerts/events.ts'
import { BRIDGE_METRICS, BridgeCounts, type BridgeMetric, type MetricRow } from '../alerts/metrics.ts'
import { SEVERITIES } from '../alerts/notice.ts'
import { possibleResults } from '../alerts/judging.ts'
import type { Robot, RobotSecrets } from '../alerts/robots.ts'
import type { Hmac } from '../alerts/signing.ts'
import { timeWriter } from '../alerts/words.ts'
import type { ServerReply, ServerRequest } from '../core/http.ts'
import { jsonReply, notAllowed, notFound, textReply } from '../http/exchange.ts'
import { METRICS_TYPES } from '../http/negotiation.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { Heartbeat } from './alert-bridge-heartbeat.ts'
import { takeWebhook, UNKNOWN_ROUTE } from './alert-bridge-intake.ts'
import type { Post } from './alert-bridge-post.ts'
import { AlertQueue } from './alert-bridge-queue.ts'
import { Sender } from './alert-bridge-sender.ts'

export interface BridgeOptions {
  readonly folder: string
  readonly queueBytes: number
  readonly repeatMs: number
  readonly timeZone: string
  /** At least one. */
  readonly robots: readonly { readonly robot: Robot; readonly secrets: RobotSecrets }[]
  readonly heartbeatUrl: string | undefined
  readonly runtime: Pick<Runtime, 'clock' | 'timers' | 'random' | 'files'>
  readonly post: Post
  readonly hmac: Hmac
  readonly memoryBytes: () => number
  readonly emit: (event: BridgeEvent) => void
}

const ROUTE = /^\/dingtalk\/([^/]+)\/send$/
const WEBHOOK_RESULTS = ['queued', 'repeated', 'unqueued', 'unreadable'] as const
const HEARTBEAT_RESULTS = ['forwarded', 'failed', 'withheld', 'kept'] as const
const HEARTBEAT_PATH = '/heartbeat'
/** Paths with a body. */
export const POST_PATHS = ['/dingtalk/', HEARTBEAT_PATH] as const
/** Paths that are counted by name. */
export const BRIDGE_PATHS = [...POST_PATHS, '/metrics', '/health', '/ready', '/live'] as const

/** The bridge without its server: answers requests, keeps the queue, tells the robots. */
export class Bridge {
  readonly #options: BridgeOptions
  readonly #queue: AlertQueue
  readonly #senders: readonly Sender[]
  readonly #counts = new BridgeCounts()
  readonly #heartbeat: Heartbeat

  /** Throws `FailureError`: `locked` where another bridge has the folder, `disk` where the queue cannot be read. */
  constructor(options: BridgeOptions) {
    this.#options = options
    const { runtime, emit, post, hmac, robots, folder } = options
    const names = new Set(robots.map(({ robot }) => robot.name))
    const robotsOf = (route: string): readonly string[] => this.#robotsOf(route)
    this.#queue = AlertQueue.open({ folder, robots: names, robotsOf, runtime, emit })
    const timeText = timeWriter(options.timeZone)
    this.#senders = robots.map(
      ({ robot, secrets }) =>
        new Sender({
          robot,
          secrets,
          queue: this.#queue,
          runtime,
          post,
          hmac,
          timeText,
          counts: this.#counts,
          emit,
        }),
    )
    this.#counts.set(BRIDGE_METRICS.start, runtime.clock.now() / 1_000_000)
    this.#countFromZero()
    this.#heartbeat = new Heartbeat({
      url: options.heartbeatUrl,
      clock: runtime.clock,
      post,
      counts: this.#counts,
      emit,
      fault: () => this.#fault(),
    })
  }

  /** Tells what waits from before. */
  start(): void {
    if (this.#options.heartbeatUrl === undefined) this.#options.emit({ type: 'heartbeat_unset' })
    for (const sender of this.#senders) sender.wake()
  }

  /** Resolves once messages that are on their way have their answers. What waits is told after the next start. */
  async stop(): Promise<void> {
    await Promise.all(this.#senders.map((sender) => sender.stop()))
    this.#queue.close()
  }

  answer(request: ServerRequest): ServerReply | Promise<ServerReply> {
    const { path, method, body } = request
    const route = ROUTE.exec(path)?.[1]
    if (route !== undefined || path === HEARTBEAT_PATH) {
      if (method !== 'POST') return notAllowed('POST')
      const bytes = body ?? new Uint8Array()
      return route === undefined ? this.#heartbeat.take(bytes) : this.#take(route, bytes)
    }
    return method === 'GET' || method === 'HEAD' ? this.#show(path) : notAllowed('GET', 'HEAD')
  }

  #show(path: string): ServerReply {
    switch (path) {
      case '/metrics':
        return { status: 200, headers: { 'content-type': METRICS_TYPES.text }, body: this.#metrics() }
      case '/health':
        return this.#health()
      case '/ready':
        return this.#queue.failure === undefined ? textReply(200, 'ready') : textReply(503, 'not ready')
      case '/live':
        return textReply(200, 'live')
      default:
        return notFound()
    }
  }

  /** A series that first appears with 1 has not risen, as Prometheus sees it. */
  #countFromZero(): void {
    const counts = this.#counts
    for (const { robot } of this.#options.robots) {
      for (const [result, code] of possibleResults(robot.kind)) {
        counts.set(BRIDGE_METRICS.notifications, 0, robot.name, result, code)
      }
      counts.set(BRIDGE_METRICS.throttled, 0, robot.name)
      for (const severity of SEVERITIES) counts.set(BRIDGE_METRICS.dropped, 0, robot.name, severity)
      for (const route of robot.routes) {
        for (const result of WEBHOOK_RESULTS) counts.set(BRIDGE_METRICS.webhooks, 0, route, result)
      }
    }
    counts.set(BRIDGE_METRICS.webhooks, 0, UNKNOWN_ROUTE, 'unreadable')
    for (const result of HEARTBEAT_RESULTS) counts.set(BRIDGE_METRICS.heartbeats, 0, result)
  }

  #take(route: string, body: Uint8Array): ServerReply {
    const { runtime, queueBytes, repeatMs, emit } = this.#options
    return takeWebhook(route, body, {
      queue: this.#queue,
      clock: runtime.clock,
      robotsOf: (name) => this.#robotsOf(name),
      queueBytes,
      repeatMs,
      counts: this.#counts,
      emit,
      onQueued: (robots) => {
        for (const sender of this.#senders) if (robots.includes(sender.name)) sender.wake()
      },
    })
  }

  #robotsOf(route: string): readonly string[] {
    return this.#options.robots.flatMap(({ robot }) => (robot.routes.includes(route) ? [robot.name] : []))
  }

  #fault(): string | undefined {
    if (this.#queue.failure !== undefined) return 'nothing can be queued'
    const up = new Set(this.#senders.filter(({ isUp }) => isUp).map(({ name }) => name))
    const { robots } = this.#options
    const deaf = robots
      .flatMap(({ robot }) => robot.routes)
      .find((route) => !this.#robotsOf(route).some((name) => up.has(name)))
    return deaf === undefined ? undefined : `no robot of the route ${deaf} takes messages`
  }

  #health(): ServerReply {
    const { backlog, failure } = this.#queue
    const isWell = this.#senders.every(({ state }) => state.name === 'working')
    const state = failure === undefined ? (isWell ? 'healthy' : 'degraded') : 'unhealthy'
    const robots = this.#senders.map((sender) => ({
      name: sender.name,
      ...robotHealth(sender),
      waiting: backlog.count(sender.name),
    }))
    const status = failure === undefined ? 200 : 503
    const queue = failure === undefined ? 'writable' : `cannot be written: ${failure}`
    return jsonReply(status, JSON.stringify({ status: state, queue, robots }), 'application/health+json')
  }

  #metrics(): string {
    const { backlog, failure } = this.#queue
    const rowsOf = (read: (sender: Sender) => number | undefined): readonly MetricRow[] =>
      this.#senders.flatMap((sender) => {
        const value = read(sender)
        return value === undefined ? [] : [{ labels: [sender.name], value }]
      })
    return this.#counts.text(
      new Map<BridgeMetric, readonly MetricRow[]>([
        [BRIDGE_METRICS.queueDepth, rowsOf(({ name }) => backlog.count(name))],
        [BRIDGE_METRICS.queueBytes, rowsOf(({ name }) => backlog.bytes(name))],
        [BRIDGE_METRICS.oldest, rowsOf(({ name }) => oldestSeconds(backlog.waiting(name)))],
        [BRIDGE_METRICS.robotUp, rowsOf(({ isUp }) => (isUp ? 1 : 0))],
        [BRIDGE_METRICS.queueLimit, single(this.#options.queueBytes)],
        [BRIDGE_METRICS.queueWritable, single(failure === undefined ? 1 : 0)],
        [BRIDGE_METRICS.memory, single(this.#options.memoryBytes())],
      ]),
    )
  }
}

const single = (value: number): readonly MetricRow[] => [{ labels: [], value }]

function robotHealth({ state }: Sender): { readonly state: string; readonly reason?: string } {
  return state.name === 'broken' ? { state: state.name, reason: state.reason } : { state: state.name }
}

function oldestSeconds(waiting: readonly { readonly atMs: number }[]): number | undefined {
  const oldestMs = waiting.reduce((least, { atMs }) => Math.min(least, atMs), Infinity)
  return oldestMs === Infinity ? undefined : oldestMs / 1_000
}
