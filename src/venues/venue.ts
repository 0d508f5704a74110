import type { LinkRule } from '../book/sync.ts'
import type { Columns } from '../core/columns.ts'
import type { FailureError } from '../core/errors.ts'
import type { Exchange, Subscription, VenueId } from '../core/ids.ts'
import type { Instrument } from '../core/instrument.ts'
import type { EpochMicros } from '../core/units.ts'
import type { Symbols } from './symbols.ts'

/**
 * A venue is a description, not a process: it plans, writes requests, reads frames, and knows limits. It holds no socket, clock
 * or state; the same arguments always give the same answer. Everything that happens is the feed's business.
 */
export interface Venue {
  readonly id: VenueId
  readonly exchange: Exchange
  /** Base URLs in production, without a trailing slash. Any of them can be overridden by config. */
  readonly hosts: Hosts
  readonly limits: Limits
  readonly heartbeat: Heartbeat
  /** What may be asked for besides the defaults: the first of each list is the default. */
  readonly options: VenueOptions
  /** Names of the trade streams, by `Columns.stream`. */
  readonly tradeStreams: readonly string[]
  readonly link: LinkRule
  /** Levels a side that a book of this venue can hold for certain (`Book.replace`); `Infinity`: the full depth. */
  readonly window: number
  /** The wire's channel of a book event of `symbol`, by its `Columns.stream`, where the venue's frames name one. */
  bookChannel?(symbol: string, stream: number): string
  /** How snapshots are asked for; absent where `link.snapshot` is `stream`. */
  readonly snapshot?: SnapshotRequests

  /** Which sockets to open for these subscriptions, within the limits, and what each carries. */
  plan(subscriptions: readonly Subscription[], choice: StreamChoice): readonly SocketPlan[]
  /** Frames to send right after opening, before subscribing. */
  greet(): readonly string[]
  /** Requests that subscribe to (or leave) these keys, each with the id that its answer will carry; `ids` gives the next. */
  subscribe(keys: readonly string[], ids: () => number): readonly Request[]
  unsubscribe(keys: readonly string[], ids: () => number): readonly Request[]

  /**
   * Reads a frame of the shape in which the venue writes most of its data, by its bytes, as `decode` would; what it answers is good until
   * the next call. `undefined` for any other frame, sound or not, which is for `decode`. For speed alone: a venue may do without.
   */
  scan?(frame: Uint8Array, symbols: Symbols): Columns | undefined
  /**
   * Reads one frame into `out` (cleared first). Data of symbols that are not in `symbols` is counted as unknown. Throws
   * `DecodeError` for anything that this venue is not known to say; `out` is then not to be used.
   */
  decode(frame: Uint8Array, symbols: Symbols, out: Columns): void

  /** Where the instrument lists are, and how an answer is read. Throws `DecodeError`. */
  readonly catalogue: Catalogue
  /** What a REST answer means that is not a plain success; `undefined` for a success. Covers errors in 200 bodies. */
  refusal(answer: RestAnswer): FailureError | undefined
  /** Request weight used so far in the running window, where the venue tells in a header. */
  usedWeight?(headers: Readonly<Record<string, string>>): number | undefined
}

export interface Hosts {
  readonly stream: string
  readonly rest: string
}

export interface Limits {
  readonly subscriptionsPerSocket: number
  /** Names in one subscribe request. */
  readonly subscriptionsPerRequest: number
  /** Requests that a socket may send: `count` in `perMs`. */
  readonly requests: Rate
  /** Sockets that an address may open: `count` in `perMs`. */
  readonly connects: Rate
  /** Planned end of a socket's life; `Infinity`: the venue names none. */
  readonly lifetimeMs: number
  /** REST weight that an address may spend: `count` in `perMs`. */
  readonly weight: Rate
}

export interface Rate {
  readonly count: number
  readonly perMs: number
}

/** How a socket shows that it lives. */
export interface Heartbeat {
  /** No frame and no ping at all for this long: the socket is dead. */
  readonly silenceMs: number
  /** A text that keeps the socket alive, sent after `everyMs` without any frame; the answer is a `heartbeat` control. */
  readonly ping?: { readonly text: string; readonly everyMs: number }
  /** What answers a `test_request`. */
  readonly answer?: string
}

export interface VenueOptions {
  readonly book: readonly string[]
  readonly trade: readonly string[]
}

/** Which of a venue's stream variants carries each channel: `{ book: 'depth@100ms', trade: 'trade' }`. */
export interface StreamChoice {
  readonly book: string
  readonly trade: string
}

/** One socket to open. `path` is appended to the stream host. */
export interface SocketPlan {
  readonly path: string
  readonly subscriptions: readonly PlannedSubscription[]
}

/** A subscription with the key by which the venue knows it: `btcusdt@depth@100ms`, `books:BTC-USDT`, `book.BTC-PERPETUAL.100ms`. */
export interface PlannedSubscription extends Subscription {
  readonly key: string
}

export interface Request {
  readonly id: string
  readonly text: string
  readonly keys: readonly string[]
}

/** One REST request. `path` is appended to the REST host. */
export interface RestRequest {
  readonly path: string
  readonly weight: number
}

export interface RestAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** When it came: needed to read a ban that is told as a time. */
  readonly receiveTimeUs?: EpochMicros
}

export interface SnapshotRequests {
  /** Asks for the book of `symbol`, `depth` levels a side (rounded up to what the venue offers). */
  request(symbol: string, depth: number): RestRequest
  /** Levels a side that `request` with this depth will really ask for. */
  window(depth: number): number
  /** Reads the answer as one snapshot event of `slot` into `out` (cleared first). Throws `DecodeError`. */
  read(body: Uint8Array, slot: number, out: Columns): void
  /** The symbol that a recorded request URL asked for; `undefined` when it is no snapshot request. */
  symbolOf(url: string): string | undefined
}

export interface Catalogue {
  requests(): readonly RestRequest[]
  read(body: Uint8Array): readonly Instrument[]
}
