import type { FailureError } from '../core/errors.ts'
import type { Socket, SocketEnd, SocketHandlers, SocketOptions, Timer } from './runtime.ts'
import type { Timeline } from './sim-timeline.ts'

/** A server as the simulated network sees it: what the emulator's venue models are. */
export interface Endpoint {
  connect(path: string, peer: EndpointPeer): EndpointConnection | EndpointRefusal
  request(path: string, reply: (answer: EndpointReply) => void): void
}

/** The client's end of a socket, in the hands of the endpoint. */
export interface EndpointPeer {
  send(text: string): void
  ping(payload: string): void
  close(code: number, reason: string): void
  cut(): void
}

/** The endpoint's end of a socket. */
export interface EndpointConnection {
  receive(text: string): void
  pong(payload: string): void
  pinged(): void
  ended(): void
}

export interface EndpointRefusal {
  readonly refused: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface EndpointReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The way to one host. */
export interface Route {
  readonly timeline: Timeline
  readonly endpoint: Endpoint | undefined
  latencyMs(): number
  /** What becomes of a connection attempt that arrives here and now; `hang`: nothing ever. */
  failure(): FailureError | 'hang' | undefined
  retryAfterMs(header: string | undefined): number | undefined
}

export interface SimSocketParts {
  readonly route: Route
  readonly options: SocketOptions
  readonly handlers: SocketHandlers
  /** Called once, before `onEnd`. */
  readonly ended: () => void
}

/** A peer that does not answer a close is cut off after this time, as the system's sockets do. */
const CLOSE_MS = 3_000
/** A server notices by itself, so much later, that a half-open connection is dead. */
const SERVER_DEADLINE_MS = 60_000

/** One simulated WebSocket: both ends and the way between them, each direction first in, first out. */
export class SimSocket implements Socket {
  readonly #route: Route
  readonly #options: SocketOptions
  readonly #handlers: SocketHandlers
  readonly #ended: () => void
  #state: 'connecting' | 'open' | 'closing' | 'ended' = 'connecting'
  #connection: EndpointConnection | undefined
  /** The server has closed or cut: it says nothing more. */
  #isServerDone = false
  #isHalfOpen = false
  /** Of the handshake, then of the close. */
  #deadline: Timer | undefined
  #upUs = 0
  #downUs = 0
  #unsentBytes = 0

  constructor(parts: SimSocketParts) {
    this.#route = parts.route
    this.#options = parts.options
    this.#handlers = parts.handlers
    this.#ended = parts.ended
  }

  get unsentBytes(): number {
    return this.#unsentBytes
  }

  /** Starts the handshake for `path`. */
  open(path: string): void {
    const { handshakeMs } = this.#options
    this.#deadline = this.#route.timeline.after(handshakeMs, () => {
      this.#end({ code: 1006, reason: `no handshake within ${handshakeMs} ms`, failure: 'timeout' })
      this.#dropConnection()
    })
    this.#up(() => this.#arrive(path))
  }

  send(text: string): void {
    if (!this.#maySend()) return
    const bytes = Buffer.byteLength(text)
    this.#unsentBytes += bytes
    this.#up(() => {
      this.#unsentBytes -= bytes
      this.#connection?.receive(text)
    })
  }

  ping(): void {
    if (!this.#maySend()) return
    this.#up(() => {
      this.#connection?.pinged()
      this.#down(() => this.#handlers.onPong?.())
    })
  }

  close(code: number, reason: string): void {
    if (this.#state === 'ended' || this.#state === 'closing') return
    const wasOpen = this.#state === 'open'
    this.#state = 'closing'
    this.#deadline?.cancel()
    if (!wasOpen) {
      this.cut('closed before it was open')
      return
    }
    this.#up(() => {
      if (this.#isServerDone) return
      this.#leave()
      this.#down(() => this.#end({ code, reason }))
    })
    this.#deadline = this.#route.timeline.after(CLOSE_MS, () => {
      this.#end({ code: 1006, reason: 'close not answered' })
      this.#dropConnection()
    })
  }

  /** The connection breaks; both ends learn of it. */
  cut(reason: string): void {
    this.#dropConnection()
    this.#route.timeline.after(0, () => this.#end({ code: 1006, reason }))
  }

  /** Nothing passes any more. */
  halfOpen(): void {
    this.#isHalfOpen = true
  }

  /** The handshake is at the server. */
  #arrive(path: string): void {
    const failure = this.#route.failure()
    const { endpoint } = this.#route
    if (failure === 'hang' || this.#state !== 'connecting') return
    if (failure !== undefined || endpoint === undefined) {
      const { message = '', code = 'dns' } = failure ?? {}
      this.#down(() => this.#end({ code: 1006, reason: message, failure: code }))
      return
    }
    // What the endpoint says while it accepts arrives after the acceptance.
    let said: (() => void)[] | undefined = []
    const later = (what: () => void): void => {
      if (said === undefined) what()
      else said.push(what)
    }
    const answer = endpoint.connect(path, this.#peer(later))
    if ('refused' in answer) this.#refuse(answer)
    else {
      this.#connection = answer
      this.#down(() => this.#open())
    }
    const early = said
    said = undefined
    for (const what of early) what()
  }

  #refuse({ refused, headers }: EndpointRefusal): void {
    const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
    const retryMs = this.#route.retryAfterMs(new Map(lower).get('retry-after'))
    const retry = retryMs === undefined ? {} : { retryAfterMs: retryMs }
    this.#down(() => {
      this.#end({ code: 1006, reason: `HTTP ${refused}`, status: refused, failure: 'refused', ...retry })
    })
  }

  #peer(later: (what: () => void) => void): EndpointPeer {
    return {
      send: (text) => later(() => this.#say(() => this.#receive(text))),
      ping: (payload) => later(() => this.#say(() => this.#pinged(payload))),
      close: (code, reason) =>
        later(() => {
          this.#say(() => this.#end({ code, reason }))
          this.#isServerDone = true
          this.#dropConnection()
        }),
      cut: () =>
        later(() => {
          this.#say(() => this.#end({ code: 1006, reason: 'connection reset' }))
          this.#isServerDone = true
          this.#leaveLater(0)
        }),
    }
  }

  #open(): void {
    if (this.#state !== 'connecting') return
    this.#state = 'open'
    this.#deadline?.cancel()
    this.#handlers.onOpen()
  }

  #receive(text: string): void {
    if (this.#state !== 'open' && this.#state !== 'closing') return
    const bytes = new TextEncoder().encode(text)
    if (bytes.length > this.#options.messageLimitBytes) {
      this.#end({ code: 1009, reason: `a message over ${this.#options.messageLimitBytes} bytes` })
      this.#dropConnection()
      return
    }
    this.#handlers.onFrame(bytes, this.#route.timeline.now())
    // The bytes are only good during the call: whoever keeps them finds out here.
    bytes.fill(0)
  }

  #pinged(payload: string): void {
    if (this.#state !== 'open') return
    this.#up(() => this.#connection?.pong(payload))
    this.#handlers.onPing()
  }

  #maySend(): boolean {
    if (this.#state === 'connecting') throw new Error('the socket is not open yet')
    return this.#state === 'open'
  }

  #end(end: SocketEnd): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#deadline?.cancel()
    this.#ended()
    this.#handlers.onEnd(end)
  }

  /** Tells the server, as soon as it can know, that the connection is no more. */
  #dropConnection(): void {
    this.#leaveLater(this.#isHalfOpen ? SERVER_DEADLINE_MS : this.#route.latencyMs())
  }

  #leaveLater(delayMs: number): void {
    this.#route.timeline.after(delayMs, () => this.#leave())
  }

  #leave(): void {
    const connection = this.#connection
    this.#connection = undefined
    this.#isServerDone = true
    connection?.ended()
  }

  #up(deliver: () => void): void {
    this.#upUs = this.#send(this.#upUs, deliver)
  }

  /** What the endpoint says, unless it has ended. */
  #say(deliver: () => void): void {
    if (!this.#isServerDone) this.#down(deliver)
  }

  #down(deliver: () => void): void {
    this.#downUs = this.#send(this.#downUs, () => {
      if (this.#state !== 'ended') deliver()
    })
  }

  #send(lastUs: number, deliver: () => void): number {
    const { timeline } = this.#route
    const nowUs = timeline.steadyUs()
    const atUs = Math.max(lastUs, nowUs + this.#route.latencyMs() * 1_000)
    timeline.after((atUs - nowUs) / 1_000, () => {
      if (!this.#isHalfOpen) deliver()
    })
    return atUs
  }
}
