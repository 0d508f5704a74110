import type { VenueId } from '../core/ids.ts'
import type { Clock, Socket, SocketHandlers, SocketOptions, Sockets } from '../runtime/runtime.ts'

/** A socket to open: whose it is, where it goes, and who hears it. The handlers are made for the number that it gets. */
export interface SocketRequest {
  readonly venue: VenueId
  /** What it is for: shown to people. */
  readonly owner: string
  readonly url: string
  readonly options: SocketOptions
  readonly handlers: (number: number) => SocketHandlers
}

/** One socket as the registry knows it. */
export interface SocketEntry {
  readonly number: number
  readonly venue: VenueId
  readonly owner: string
  readonly state: 'opening' | 'open' | 'closing'
  /** Steady time at which it was asked for. */
  readonly sinceUs: number
}

/** A socket and its number, which is never used twice. */
export interface RegisteredSocket {
  readonly number: number
  readonly socket: Socket
}

export interface SocketCounts {
  readonly opening: number
  readonly open: number
  readonly closing: number
  /** All of them: what the process must be seen to have. */
  readonly actual: number
  /** What the owners have planned to have. */
  readonly desired: number
  /** The most there ever were at once. */
  readonly peak: number
}

type Entry = { -readonly [Field in keyof SocketEntry]: SocketEntry[Field] }

/** Every WebSocket of the process. There is no other way to open one, and an entry goes only when its socket has ended. */
export class SocketRegistry {
  readonly #sockets: Sockets
  readonly #clock: Clock
  readonly #entries = new Map<number, Entry>()
  readonly #desired = new Map<VenueId, number>()
  readonly #peaks = new Map<VenueId, number>()
  #last = 0
  #peak = 0

  constructor(sockets: Sockets, clock: Clock) {
    this.#sockets = sockets
    this.#clock = clock
  }

  /** Opens a socket and keeps account of it until its `onEnd`. */
  open(request: SocketRequest): RegisteredSocket {
    const number = ++this.#last
    const { venue, owner } = request
    this.#entries.set(number, { number, venue, owner, state: 'opening', sinceUs: this.#clock.steadyUs() })
    this.#peak = Math.max(this.#peak, this.#entries.size)
    this.#peaks.set(venue, Math.max(this.#peaks.get(venue) ?? 0, this.#actual(venue)))
    const heard = request.handlers(number)
    const socket = this.#sockets.open(request.url, request.options, {
      onOpen: () => {
        this.#becomes(number, 'open')
        heard.onOpen()
      },
      onFrame: (bytes, receiveTimeUs) => heard.onFrame(bytes, receiveTimeUs),
      onPing: () => heard.onPing(),
      onPong: () => heard.onPong?.(),
      onEnd: (end) => {
        this.#entries.delete(number)
        heard.onEnd(end)
      },
    })
    return {
      number,
      socket: {
        send: (text) => socket.send(text),
        ping: () => socket.ping(),
        close: (code, reason) => {
          this.#becomes(number, 'closing')
          socket.close(code, reason)
        },
        get unsentBytes() {
          return socket.unsentBytes
        },
      },
    }
  }

  /** Says how many sockets a venue is meant to have. */
  desire(venue: VenueId, count: number): void {
    this.#desired.set(venue, count)
  }

  /** Counts of one venue, or of all. */
  counts(venue?: VenueId): SocketCounts {
    const counts = { opening: 0, open: 0, closing: 0 }
    for (const entry of this.#entries.values()) {
      if (venue === undefined || entry.venue === venue) counts[entry.state]++
    }
    const actual = counts.opening + counts.open + counts.closing
    return { ...counts, actual, desired: this.#desiredOf(venue), peak: this.#peakOf(venue) }
  }

  /** The sockets there are, oldest first. */
  list(): readonly SocketEntry[] {
    return [...this.#entries.values()]
  }

  #actual(venue: VenueId): number {
    let count = 0
    for (const entry of this.#entries.values()) if (entry.venue === venue) count++
    return count
  }

  #desiredOf(venue: VenueId | undefined): number {
    if (venue !== undefined) return this.#desired.get(venue) ?? 0
    let sum = 0
    for (const count of this.#desired.values()) sum += count
    return sum
  }

  #peakOf(venue: VenueId | undefined): number {
    return venue === undefined ? this.#peak : (this.#peaks.get(venue) ?? 0)
  }

  #becomes(number: number, state: SocketEntry['state']): void {
    const entry = this.#entries.get(number)
    if (entry !== undefined && entry.state !== 'closing') entry.state = state
  }
}
