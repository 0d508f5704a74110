import type { EpochMicros } from '../core/units.ts'
import type { Runtime, Socket, SocketEnd, SocketHandlers } from '../runtime/runtime.ts'
import type { Venue } from '../venues/venue.ts'
import type { Connects } from './connects.ts'
import { Outbox } from './outbox.ts'
import type { SocketRegistry } from './registry.ts'
import { type FeedTiming, MESSAGE_LIMIT_BYTES } from './timing.ts'

/** What a wire needs of its feed. */
export interface WireSurroundings {
  readonly venue: Venue
  /** Base URL of the streams. */
  readonly streamHost: string
  readonly runtime: Runtime
  readonly registry: SocketRegistry
  readonly connects: Connects
  readonly timing: FeedTiming
}

/** Who hears of a wire. Nothing is heard of a socket after it was closed from this side. */
export interface WireListener {
  opened(): void
  frame(bytes: Uint8Array, receiveTimeUs: EpochMicros): void
  ended(end: SocketEnd): void
  /** Something may be due earlier or later than before. */
  moved(): void
}

/** A closed socket ends for certain within 3 s; after this the next one is opened nevertheless, and shows as one too many. */
const ENDING_LIMIT_US = 10_000_000

/**
 * The sockets of one session, one at a time: dials at its turn and when the last socket has ended, sends within the venue's limit,
 * and knows when it last heard anything. Times are steady µs.
 */
export class Wire {
  /** When anything came, protocol pings and pongs included. */
  aliveUs = 0
  /** When a frame came. */
  heardUs = 0
  #readTimeUs = Number.NaN
  readonly #path: string
  readonly #given: WireSurroundings
  readonly #listener: WireListener
  readonly #outbox: Outbox
  #number: number | undefined
  #lastNumber = 0
  #socket: Socket | undefined
  #isOpen = false
  #dialUs = Infinity
  /** The socket that was closed last and has not ended. */
  #ending: number | undefined
  #endingUs = 0

  constructor(path: string, given: WireSurroundings, listener: WireListener) {
    this.#path = path
    this.#given = given
    this.#listener = listener
    this.#outbox = new Outbox(given.venue.limits.requests)
  }

  /** The number of the socket; `undefined` while there is none. */
  get number(): number | undefined {
    return this.#number
  }

  /** The number of the socket there is, or was last; 0 before the first. */
  get lastNumber(): number {
    return this.#lastNumber
  }

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.#outbox.size
  }

  /** When `tick` has something to do; `Infinity` when nothing. */
  get dueUs(): number {
    const dialUs =
      this.#ending === undefined ? this.#dialUs : Math.max(this.#dialUs, this.#endingUs + ENDING_LIMIT_US)
    return Math.min(dialUs, this.#isReady ? this.#outbox.dueUs() : Infinity)
  }

  /** Takes a turn to open a socket. Answers when that will be. */
  dial(nowUs: number): number {
    this.#dialUs = this.#given.connects.turnUs(nowUs)
    return this.#dialUs
  }

  /** Queues a request. Answers false when too many wait. */
  push(text: string): boolean {
    return this.#outbox.push(text)
  }

  /** Sends at once: for what cannot wait. */
  send(text: string): void {
    if (this.#isOpen) this.#socket?.send(text)
  }

  /** Sends a protocol ping. */
  ping(): void {
    if (this.#isOpen) this.#socket?.ping()
  }

  /** Does what is due. */
  tick(nowUs: number): void {
    if (this.#dialUs <= nowUs && this.dueUs <= nowUs) this.#open(nowUs)
    if (!this.#isReady) return
    for (let text = this.#outbox.take(nowUs); text !== undefined; text = this.#outbox.take(nowUs))
      this.send(text)
  }

  /** Closes the socket, if there is one, and gives up a turn that was taken. */
  close(reason: string): void {
    const socket = this.#socket
    this.#dialUs = Infinity
    if (this.#number === undefined) return
    this.#ending = this.#number
    this.#endingUs = this.#given.runtime.clock.steadyUs()
    this.#forget()
    socket?.close(1_000, reason)
  }

  get #isReady(): boolean {
    return this.#isOpen && this.#socket !== undefined
  }

  #open(nowUs: number): void {
    this.#dialUs = Infinity
    this.#ending = undefined
    this.aliveUs = nowUs
    this.heardUs = nowUs
    const { venue, registry, streamHost, timing } = this.#given
    const { number, socket } = registry.open({
      venue: venue.id,
      owner: this.#path,
      url: streamHost + this.#path,
      options: { handshakeMs: timing.handshakeMs, messageLimitBytes: MESSAGE_LIMIT_BYTES },
      handlers: (given) => this.#handlers(given),
    })
    // A socket may end, or be given up, before this line.
    if (this.#number === number) {
      this.#socket = socket
      this.#listener.moved()
    } else if (this.#ending === number) socket.close(1_000, 'not wanted')
  }

  #handlers(number: number): SocketHandlers {
    this.#number = number
    this.#lastNumber = number
    return {
      onOpen: () => {
        if (this.#number !== number) return
        this.#isOpen = true
        this.#alive(this.#given.runtime.clock.steadyUs())
        this.#listener.opened()
      },
      onFrame: (bytes, receiveTimeUs) => {
        if (this.#number !== number) return
        // Frames of one read came at one time, and the clock is read once for them.
        if (receiveTimeUs !== this.#readTimeUs) {
          this.#readTimeUs = receiveTimeUs
          this.#alive(this.#given.runtime.clock.steadyUs())
        }
        this.#listener.frame(bytes, receiveTimeUs)
      },
      onPing: () => {
        if (this.#number === number) this.aliveUs = this.#given.runtime.clock.steadyUs()
      },
      onPong: () => {
        if (this.#number === number) this.aliveUs = this.#given.runtime.clock.steadyUs()
      },
      onEnd: (end) => this.#ended(number, end),
    }
  }

  #ended(number: number, end: SocketEnd): void {
    if (this.#ending === number) {
      this.#ending = undefined
      this.#listener.moved()
      return
    }
    if (this.#number !== number) return
    this.#forget()
    this.#listener.ended(end)
  }

  #alive(nowUs: number): void {
    this.aliveUs = nowUs
    this.heardUs = nowUs
  }

  #forget(): void {
    this.#number = undefined
    this.#socket = undefined
    this.#isOpen = false
    this.#outbox.clear()
  }
}
