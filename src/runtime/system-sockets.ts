import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { errorCodeOf, failureCodeOf, reasonOf } from './failure-of.ts'
import type { OpenSockets } from './open-sockets.ts'
import { retryAfterMs } from './retry-after.ts'
import type { Clock, Socket, SocketEnd, SocketHandlers, SocketOptions, Sockets } from './runtime.ts'
import { SocketReading } from './socket-reading.ts'

/** A peer that does not answer a close is cut off after this time. */
const CLOSE_MS = 3_000
/** Fragments of one message: venues send one. */
const FRAGMENTS_LIMIT = 64
/** Reads that one message may be spread over: 8 MiB in the smallest usual TLS records (1.4 kB) are 6,000. */
const CHUNKS_LIMIT = 16_384
/** What a close frame has room for. */
const REASON_LIMIT_BYTES = 123

/** The same for every socket; nothing of this is open to choice. */
const FIXED = {
  perMessageDeflate: false,
  followRedirects: false,
  autoPong: true,
  closeTimeout: CLOSE_MS,
  maxFragments: FRAGMENTS_LIMIT,
  maxBufferedChunks: CHUNKS_LIMIT,
}

const SECURE = /^wss:/i

/** Close codes that ws sends for what it does not accept, by its error codes; the other `WS_ERR_` mean 1002. */
const CODES: ReadonlyMap<string, number> = new Map([
  ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009],
  ['WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH', 1009],
  ['WS_ERR_TOO_MANY_BUFFERED_PARTS', 1008],
  ['WS_ERR_INVALID_UTF8', 1007],
])

/** Real WebSockets: the only place that makes them. */
export class SystemSockets implements Sockets {
  readonly #clock: Clock
  readonly #door: Pick<OpenSockets, 'own'>

  constructor(clock: Clock, door: Pick<OpenSockets, 'own'>) {
    this.#clock = clock
    this.#door = door
  }

  /** Throws `SyntaxError` for what is no `ws:` or `wss:` URL. */
  open(url: string, options: SocketOptions, handlers: SocketHandlers): Socket {
    const maxPayload = options.messageLimitBytes
    const reading = new SocketReading(SECURE.test(url), this.#clock, {
      limitBytes: maxPayload,
      onFrame: (bytes, receiveTimeUs) => handlers.onFrame(bytes, receiveTimeUs),
    })
    const createConnection = reading.connect
    // ws connects before its constructor returns.
    const raw = this.#door.own(() => new WebSocket(url, { ...FIXED, maxPayload, createConnection }))
    const socket = new SystemSocket(raw, handlers, reading)
    socket.listen(this.#clock, options)
    return socket
  }
}

class SystemSocket implements Socket {
  readonly #raw: WebSocket
  readonly #handlers: SocketHandlers
  readonly #reading: SocketReading
  #deadline: NodeJS.Timeout | undefined
  /** What is known of the end before it comes. */
  #cause: Partial<SocketEnd> = {}
  #isOpen = false
  #isClosing = false

  constructor(raw: WebSocket, handlers: SocketHandlers, reading: SocketReading) {
    this.#raw = raw
    this.#handlers = handlers
    this.#reading = reading
  }

  get unsentBytes(): number {
    return this.#raw.bufferedAmount
  }

  send(text: string): void {
    this.#raw.send(text)
  }

  ping(): void {
    this.#raw.ping()
  }

  close(code: number, reason: string): void {
    if (this.#isClosing) return
    this.#isClosing = true
    if (!this.#isOpen) this.#note({ reason: 'closed before it was open' })
    this.#cutAfter(CLOSE_MS)
    this.#raw.close(code, Buffer.from(reason).subarray(0, REASON_LIMIT_BYTES))
  }

  /** Hangs all listeners; they stay for life, so that no error is ever without one. */
  listen(clock: Clock, { handshakeMs }: SocketOptions): void {
    const raw = this.#raw
    const handlers = this.#handlers
    // The handshakeTimeout of ws counts idle time only: a server that trickles its answer would hold the socket for ever.
    this.#cutAfter(handshakeMs, { reason: `no handshake within ${handshakeMs} ms`, failure: 'timeout' })
    raw.on('upgrade', (response) => this.#watch(response))
    raw.on('open', () => this.#opened())
    raw.on('message', (data) => {
      if (!(data instanceof Uint8Array)) throw new TypeError('ws is to give messages as one buffer')
      handlers.onFrame(data, clock.now())
    })
    raw.on('ping', () => handlers.onPing())
    raw.on('pong', () => handlers.onPong?.())
    raw.on('unexpected-response', (_, response) => this.#refused(response, clock))
    raw.on('error', (error) => this.#failed(error))
    raw.on('close', (code, reason) => this.#closed(code, reason.toString()))
  }

  #opened(): void {
    this.#reading.begin()
    this.#isOpen = true
    clearTimeout(this.#deadline)
    this.#handlers.onOpen()
  }

  /** What ws does not tell: why the connection broke, and a peer that has ended but does not take what is still to be sent. */
  #watch({ socket }: IncomingMessage): void {
    socket.on('error', (error) => this.#note({ reason: reasonOf(error) }))
    socket.on('end', () => this.#cutAfter(CLOSE_MS))
  }

  /** The body is never read: `terminate` destroys the request together with its connection. */
  #refused(response: IncomingMessage, clock: Clock): void {
    const { statusCode: status = 0, headers } = response
    const retryMs = retryAfterMs(headers['retry-after'], clock.now() / 1_000)
    const retry = retryMs === undefined ? {} : { retryAfterMs: retryMs }
    this.#note({ reason: `HTTP ${status}`, status, failure: 'refused', ...retry })
    this.#raw.terminate()
  }

  #failed(error: Error): void {
    this.#reading.end()
    const code = errorCodeOf(error)
    const isProtocol = code?.startsWith('WS_ERR_') === true
    if (isProtocol) this.#note({ code: CODES.get(code ?? '') ?? 1002, reason: error.message })
    else this.#note({ reason: reasonOf(error), ...(this.#isOpen ? {} : { failure: failureCodeOf(error) }) })
  }

  /** The first thing known is the cause; what follows are its consequences. */
  #note(cause: Partial<SocketEnd>): void {
    if (Object.keys(this.#cause).length === 0) this.#cause = cause
  }

  #closed(code: number, reason: string): void {
    clearTimeout(this.#deadline)
    // A close frame of the peer says more than what we noted, unless it only answers our refusal of a message.
    const isTold = code !== 1006 && this.#cause.code === undefined
    this.#handlers.onEnd(isTold ? { code, reason } : { code, reason, ...this.#cause })
  }

  #cutAfter(delayMs: number, cause: Partial<SocketEnd> = { reason: 'close not answered' }): void {
    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(() => {
      this.#note(cause)
      this.#raw.terminate()
    }, delayMs)
  }
}
