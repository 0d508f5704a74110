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
  /** Its turn has come: a socket is on its way. */
  dialled(): void
  opened(): void
  frame(bytes: Uint8Array, receiveTimeUs: EpochMicros): void
  ended(end: SocketEnd): void
  /** Something may be due earlier or later than before. */
  moved(): void
}

/** A closed socket ends for certain within 3 s; after this the next one is opened nevertheless, and shows as one too many. */
const ENDING_LIMIT_US = 10_000_000

/**
 * The sockets of one session, one at a time: opens one when the last has ended and the venue's limit has room for it, sends within
 * the venue's limit, and knows when it last heard anything. Times are steady µs.
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
  /** A socket is wanted, and not opened yet. */
  #isDialling = false
  /** The socket that was closed last and has not ended, and how long the next one waits for that. */
  #ending: { readonly number: number; readonly untilUs: number } | undefined

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

  /** When `tick` has something to do; `Infinity` when nothing. Later, once another wire has taken the turn that this one waits for. */
  get dueUs(): number {
    if (this.#isDialling) return Math.max(this.#given.connects.dueUs, this.#endingUs)
    return this.#isReady ? this.#outbox.dueUs() : Infinity
  }

  /** Wants a socket: `tick` opens it when its forerunner has ended and it is its turn, and tells the listener. */
  dial(): void {
    this.#isDialling = true
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
    if (this.#isDialling && this.#endingUs <= nowUs && this.#given.connects.take(nowUs)) this.#open(nowUs)
    if (!this.#isReady) return
    for (let text = this.#outbox.take(nowUs); text !== undefined; text = this.#outbox.take(nowUs))
      this.send(text)
  }

  /** Closes the socket, if there is one, and wants none. */
  close(reason: string): void {
    const socket = this.#socket
    this.#isDialling = false
    if (this.#number === undefined) return
    const untilUs = this.#given.runtime.clock.steadyUs() + ENDING_LIMIT_US
    this.#ending = { number: this.#number, untilUs }
    this.#forget()
    socket?.close(1_000, reason)
  }

  get #isReady(): boolean {
    return this.#isOpen && this.#socket !== undefined
  }

  /** From when on no former socket is in the way. */
  get #endingUs(): number {
    return this.#ending?.untilUs ?? Number.NEGATIVE_INFINITY
  }

  #isEnding(number: number): boolean {
    return this.#ending?.number === number
  }

  #open(nowUs: number): void {
    this.#isDialling = false
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
      this.#listener.dialled()
    } else if (this.#isEnding(number)) socket.close(1_000, 'not wanted')
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
    if (this.#isEnding(number)) {
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
