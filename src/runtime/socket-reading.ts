import { connect, isIP, type NetConnectOpts, type Socket, type TcpNetConnectOpts } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { FrameTap } from './frame-tap.ts'
import type { Clock, SocketHandlers } from './runtime.ts'

/** A TLS record has no more; what was read is taken before the next read, hence one for all sockets of the process. */
const READ_BYTES = 16 * 1024
/** Of an answer of HTTP, before its body or, once it is upgraded, the first frame. */
const ANSWER_END = '\r\n\r\n'
const read = Buffer.allocUnsafeSlow(READ_BYTES)

/**
 * How the connection of a WebSocket is read: into memory that is there, and past ws where a frame tap takes what came. A buffer for each
 * read, and an event of ws for each frame, cost more than all that is done with a frame.
 */
export class SocketReading {
  readonly #isSecure: boolean
  readonly #clock: Clock
  readonly #tap: FrameTap
  #connection: Socket | undefined
  #readTimeUs
  #isTapped = false
  /** So much of `ANSWER_END` has come. */
  #answerEnds = 0

  constructor(
    isSecure: boolean,
    clock: Clock,
    given: { readonly limitBytes: number; readonly onFrame: SocketHandlers['onFrame'] },
  ) {
    this.#isSecure = isSecure
    this.#clock = clock
    this.#readTimeUs = clock.now()
    this.#tap = new FrameTap(given.limitBytes, {
      onText: (bytes) => given.onFrame(bytes, this.#readTimeUs),
      onRest: (bytes) => this.#push(bytes),
    })
  }

  /** What ws is to call to connect. */
  readonly connect = (options: NetConnectOpts | number | string): Socket => {
    if (typeof options !== 'object' || !('port' in options))
      throw new TypeError('ws is to connect by options')
    const onread = { buffer: read, callback: (count: number) => this.#take(count) }
    this.#connection = this.#isSecure ? secure({ ...options, onread }) : connect({ ...options, onread })
    return this.#connection
  }

  /** The handshake is done: what comes are frames. Where ws has a part of the first already, the rest of it is for ws, and so is all else. */
  begin(): void {
    this.#isTapped = this.#connection?.readableLength === 0
  }

  /** What comes is for ws alone from here on. */
  end(): void {
    this.#tap.off()
  }

  #take(count: number): boolean {
    const bytes = read.subarray(0, count)
    const start = this.#isTapped ? 0 : this.#pushAnswer(bytes)
    // The answer, once it is whole, begins the tap before the call returns.
    if (this.#isTapped && start < count) {
      this.#readTimeUs = this.#clock.now()
      this.#tap.take(bytes.subarray(start))
    } else if (start < count) this.#push(bytes.subarray(start))
    // A connection of which ws wants no more for now is paused by ws itself.
    return true
  }

  /** Hands on what belongs to the answer to the handshake, up to the empty line that ends it; answers the place behind. */
  #pushAnswer(bytes: Buffer): number {
    let end = 0
    while (end < bytes.length && this.#answerEnds < ANSWER_END.length) {
      const isNext = bytes[end] === ANSWER_END.charCodeAt(this.#answerEnds)
      if (isNext) this.#answerEnds++
      else this.#answerEnds = bytes[end] === ANSWER_END.charCodeAt(0) ? 1 : 0
      end++
    }
    if (end > 0) this.#push(bytes.subarray(0, end))
    return end
  }

  #push(bytes: Buffer): void {
    this.#connection?.push(Buffer.from(bytes))
  }
}

/** As ws would connect, whose path is that of the request, and no socket's. */
function secure(options: TcpNetConnectOpts): Socket {
  const { host = '' } = options
  return connectSecurely({ ...options, path: undefined, servername: isIP(host) === 0 ? host : '' })
}
