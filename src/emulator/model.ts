import type { VenueId } from '../core/ids.ts'

/**
 * One venue as its clients see it, without a transport: `server.ts` puts real WebSocket and HTTP servers around it, the simulated
 * runtime calls it directly. It lives on the clock, timers and random of the runtime that it is given, so a seed is a day.
 */
export interface VenueModel {
  readonly venue: VenueId
  /** A client opens a WebSocket at `path` (with query). Refused handshakes answer like HTTP. */
  connect(path: string, peer: Peer): Connection | Refusal
  /** A client asks by HTTP GET; `reply` is called once, at once or later. */
  request(path: string, reply: (answer: Reply) => void): void
  /** The true book of a symbol as it stands now. */
  truth(symbol: string): TruthBook | undefined
  readonly symbols: readonly string[]
  /** Stops all timers. */
  stop(): void
}

/** The client's end of a socket, as the model uses it. */
export interface Peer {
  send(text: string): void
  /** A protocol ping; the transport answers `pong` to the connection. */
  ping(payload: string): void
  close(code: number, reason: string): void
  /** Cuts the connection without a close frame. */
  cut(): void
  /** Stops reading and answering on the transport, pings too, while the connection stays open: a half-open socket. */
  freeze?(): void
}

/** The model's end of a socket. */
export interface Connection {
  receive(text: string): void
  /** The client answered a protocol ping, or sent a pong of its own. */
  pong(payload: string): void
  /** The client sent a protocol ping; the transport has answered it. */
  pinged(): void
  ended(): void
}

export interface Refusal {
  readonly refused: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What a venue truly has: the judge of every book that a collector shows. Levels best first, as exact text. */
export interface TruthBook {
  readonly sequence: number
  readonly bids: readonly (readonly [price: string, size: string])[]
  readonly asks: readonly (readonly [price: string, size: string])[]
  /** Id of the last trade of the symbol. */
  readonly lastTradeId: number
}

/** The faults that a model can be told to play, each against one venue, for all symbols and channels or for one. */
export const FAULTS = [
  'drop',
  'duplicate',
  'reorder',
  'half_open',
  'mute',
  'refuse',
  'hang',
  'http_429',
  'http_418',
  'http_451',
  'http_503',
  'stale_snapshot',
  'sequence_reset',
  'close',
  'maintenance',
  'slow',
  'oversized',
  'malformed',
] as const
export type FaultName = (typeof FAULTS)[number]

/** A fault that is switched on. */
export interface Fault {
  readonly name: FaultName
  /** Only this symbol, only this channel; absent: all. */
  readonly symbol?: string
  readonly channel?: 'book' | 'trade'
  /** How often it strikes, 0 to 1, for faults that strike frames; default 1. */
  readonly share?: number
  /** How many times it strikes before it switches itself off; default: until cleared. */
  readonly times?: number
  /** Close code for `close`, delay in ms for `slow`. */
  readonly value?: number
}

/** The switches of a model's faults. */
export interface FaultSwitches {
  /** Switches a fault on, beside those that are on. */
  set(fault: Fault): void
  /** Switches off the faults of this name; without one, all. */
  clear(name?: FaultName): void
  /** The faults that are on. */
  readonly on: readonly Fault[]
  /** How often each fault has struck. */
  readonly struck: ReadonlyMap<FaultName, number>
}

/** Load of an emulated venue at a moment. */
export interface EmulatorStatus {
  readonly connections: number
  readonly subscriptions: number
  /** Frames and REST answers sent since the start. */
  readonly frames: number
  readonly replies: number
}

/** A venue model with its back door: faults, truth as it passes, load. */
export interface EmulatedVenue extends VenueModel {
  readonly faults: FaultSwitches
  readonly status: EmulatorStatus
  /** Tells the true book of `symbol` after every book event; answers how to stop that. */
  watch(symbol: string, hear: (truth: TruthBook) => void): () => void
}
