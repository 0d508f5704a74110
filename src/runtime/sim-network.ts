import { FailureError } from '../core/errors.ts'
import { retryAfterMs } from './retry-after.ts'
import type {
  Http,
  HttpAnswer,
  HttpRequest,
  Random,
  Socket,
  SocketHandlers,
  SocketOptions,
  Sockets,
} from './runtime.ts'
import { type Endpoint, type EndpointReply, SimSocket, type Route } from './sim-socket.ts'
import type { Timeline } from './sim-timeline.ts'

/** One way through the network, in ms: uniform between the two. */
export interface Latency {
  readonly minMs: number
  readonly maxMs: number
}

/** What becomes of sockets and requests opened from here on: `refuse` has nobody listening, `hang` never answers. */
export type Block = 'refuse' | 'hang'

const LATENCY: Latency = { minMs: 1, maxMs: 20 }

interface Host {
  readonly endpoint: Endpoint
  latency: Latency
  block: Block | undefined
  readonly sockets: Set<SimSocket>
  readonly requests: Set<Pending>
}

/** A request on its way. */
interface Pending {
  fail(error: FailureError): void
  /** Lost without a word: only its deadline ends it. */
  lose(): void
}

/**
 * A network of registered endpoints, by host (`name` or `name:port` as it stands in the URL). An unknown host does not resolve.
 * Messages of one socket arrive in order; everything else may overtake.
 */
export class SimNetwork implements Sockets, Http {
  readonly #timeline: Timeline
  readonly #random: Random
  readonly #hosts = new Map<string, Host>()

  constructor(timeline: Timeline, random: Random) {
    this.#timeline = timeline
    this.#random = random
  }

  /** Puts `endpoint` at `host`, for WebSockets and HTTP alike. */
  register(host: string, endpoint: Endpoint, latency: Latency = LATENCY): void {
    const sockets = new Set<SimSocket>()
    this.#hosts.set(host, { endpoint, latency, block: undefined, sockets, requests: new Set() })
  }

  /** From here on, messages to and from `host` take so long. */
  setLatency(host: string, latency: Latency): void {
    this.#expect(host).latency = latency
  }

  /** Blocks what will be opened to `host`; what is open stays. */
  block(host: string, block: Block): void {
    this.#expect(host).block = block
  }

  /** Ends the block. */
  unblock(host: string): void {
    this.#expect(host).block = undefined
  }

  /** Cuts every open socket and request to `host`; both ends learn of it. Answers how many sockets. */
  disconnect(host: string): number {
    const { sockets, requests } = this.#expect(host)
    const cut = [...sockets]
    for (const socket of cut) socket.cut('connection reset')
    for (const request of requests)
      request.fail(new FailureError('unreachable', 'connection reset', { retryable: true }))
    return cut.length
  }

  /** From here on nothing passes through the open sockets and requests to `host`, and neither end is told. Answers how many sockets. */
  halfOpen(host: string): number {
    const { sockets, requests } = this.#expect(host)
    for (const socket of sockets) socket.halfOpen()
    for (const request of requests) request.lose()
    return sockets.size
  }

  /** Client sockets to `host` that have not ended. */
  openSockets(host: string): number {
    return this.#expect(host).sockets.size
  }

  open(url: string, options: SocketOptions, handlers: SocketHandlers): Socket {
    const { host, path } = targetOf(url)
    const there = this.#hosts.get(host)
    const route = this.#routeTo(there)
    const socket = new SimSocket({ route, options, handlers, ended: () => there?.sockets.delete(socket) })
    there?.sockets.add(socket)
    socket.open(path)
    return socket
  }

  get(request: HttpRequest): Promise<HttpAnswer> {
    const { host, path } = targetOf(request.url)
    const there = this.#hosts.get(host)
    return new Promise((resolve, reject) => {
      let isOver = false
      const finish = (settle: () => void): void => {
        if (isOver) return
        isOver = true
        deadline.cancel()
        there?.requests.delete(pending)
        settle()
      }
      let isLost = false
      const pending: Pending = {
        fail: (error) => finish(() => reject(error)),
        lose: () => {
          isLost = true
        },
      }
      const deadline = this.#timeline.after(request.deadlineMs, () =>
        pending.fail(
          new FailureError('timeout', `no answer within ${request.deadlineMs} ms`, { retryable: true }),
        ),
      )
      there?.requests.add(pending)
      const deliver = (reply: EndpointReply): void => {
        if (isLost) return
        const answer = this.#answer(reply)
        const failure = tooLarge(answer, request)
        if (failure === undefined) finish(() => resolve(answer))
        else pending.fail(failure)
      }
      this.#ask(there, path, { deliver, fail: (error) => pending.fail(error) })
    })
  }

  #ask(
    there: Host | undefined,
    path: string,
    hear: { deliver(reply: EndpointReply): void; fail(error: FailureError): void },
  ): void {
    const route = this.#routeTo(there)
    this.#timeline.after(route.latencyMs(), () => {
      const failure = route.failure()
      if (failure === 'hang') return
      if (failure !== undefined) hear.fail(failure)
      else {
        there?.endpoint.request(path, (reply) => {
          this.#timeline.after(route.latencyMs(), () => hear.deliver(reply))
        })
      }
    })
  }

  #answer(reply: EndpointReply): HttpAnswer {
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(reply.headers)) headers[name.toLowerCase()] = value
    const body = new TextEncoder().encode(reply.body)
    return { status: reply.status, headers, body, receiveTimeUs: this.#timeline.now() }
  }

  #routeTo(there: Host | undefined): Route {
    return {
      timeline: this.#timeline,
      endpoint: there?.endpoint,
      latencyMs: () => {
        const { minMs, maxMs } = there?.latency ?? LATENCY
        return minMs + this.#random.next() * (maxMs - minMs)
      },
      failure: () => {
        if (there === undefined) return new FailureError('dns', 'host not found', { retryable: true })
        if (there.block === 'refuse')
          return new FailureError('unreachable', 'connection refused', { retryable: true })
        return there.block
      },
      retryAfterMs: (header) => retryAfterMs(header, this.#timeline.now() / 1_000),
    }
  }

  #expect(host: string): Host {
    const there = this.#hosts.get(host)
    if (there === undefined) throw new RangeError(`no endpoint at ${host}`)
    return there
  }
}

function tooLarge(answer: HttpAnswer, { bodyLimitBytes }: HttpRequest): FailureError | undefined {
  if (answer.body.length <= bodyLimitBytes) return undefined
  return new FailureError('too_large', `a body over ${bodyLimitBytes} bytes`, { retryable: false })
}

function targetOf(url: string): { readonly host: string; readonly path: string } {
  const { host, pathname, search } = new URL(url)
  return { host, path: pathname + search }
}
