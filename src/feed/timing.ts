import type { BackoffPolicy } from '../runtime/backoff.ts'

/** Every deadline and period of a feed. Milliseconds. */
export interface FeedTiming {
  /** Name, TCP, TLS and upgrade together. */
  readonly handshakeMs: number
  /** Answers to subscribe requests, counted from the last one sent; missing ones are asked for once more. */
  readonly acknowledgeMs: number
  /** First data of a subscription that surely has some: a book that is sent as a snapshot, a busy stream, a whole socket. */
  readonly firstDataMs: number
  /** First data of a book of which nothing is known yet: it may simply not move. */
  readonly firstQuietMs: number
  /** A session that has brought verified data for so long has recovered: its next failure counts as the first. */
  readonly stableMs: number
  readonly backoff: BackoffPolicy
  /** Between attempts where trying again is not expected to help: blocked by place, a bad certificate. */
  readonly probeMs: number
  /** Between attempts to make a book live by subscribing anew, from the second on. */
  readonly recovery: BackoffPolicy
  /** Between REST attempts. */
  readonly rest: BackoffPolicy
  /** A whole REST answer. */
  readonly requestMs: number
  /** Between loads of the instrument list. */
  readonly catalogueMs: number
  /** All sockets have ended so long after `stop`. */
  readonly stopMs: number
  /** How often silence, keep-alive, rotation and missing books are looked at. */
  readonly sweepMs: number
}

/** The defaults; a book that is five seconds old is of no use to anyone. A socket that is closed is cut off after 3 s, hence `stopMs`. */
export const FEED_TIMING: FeedTiming = {
  handshakeMs: 5_000,
  acknowledgeMs: 10_000,
  firstDataMs: 30_000,
  firstQuietMs: 300_000,
  stableMs: 60_000,
  backoff: { firstMs: 500, maxMs: 30_000 },
  probeMs: 900_000,
  recovery: { firstMs: 1_000, maxMs: 300_000 },
  rest: { firstMs: 500, maxMs: 60_000 },
  requestMs: 10_000,
  catalogueMs: 3_600_000,
  stopMs: 5_000,
  sweepMs: 1_000,
}

/** A frame over this ends the socket: the largest real one, a full Deribit book, has 300 kB. */
export const MESSAGE_LIMIT_BYTES = 8 * 1024 * 1024
/** A REST answer over this is refused: the largest real one, an options catalogue, has some MB. */
export const BODY_LIMIT_BYTES = 32 * 1024 * 1024
