import type { GapCause } from '../core/gap.ts'
import type { Random } from '../runtime/runtime.ts'
import { type BackoffPolicy, backoffMs } from '../runtime/backoff.ts'

/** What subscribing anew needs. Streams are indexes, times steady µs. */
export interface ResubscribeSurroundings {
  readonly random: Random
  readonly policy: BackoffPolicy
  /** Time that a venue has to make the stream speak. */
  readonly deadlineMs: number
  /** Sends it. Answers false when no session can: then the next subscription of its session counts. */
  resubscribe(stream: number, cause: GapCause | undefined): boolean
  /** Gives up the socket that carries the stream. */
  reconnect(stream: number): void
}

/** So many attempts in vain cost the socket. */
const FAILURES_LIMIT = 3
/** One stream may cost its socket so often as this doubles: 5, 10, … minutes apart. The other streams are not to suffer for it. */
const RECONNECT_FIRST_US = 300_000_000
const RECONNECT_DOUBLINGS = 4

interface Attempt {
  cause: GapCause | undefined
  failures: number
  /** When the next one may go; `Infinity` while one is on its way. */
  dueUs: number
  /** When the one on its way has failed. */
  deadlineUs: number
  reconnects: number
  reconnectAtUs: number
}

/** Makes single streams speak again: unsubscribe, subscribe, one at a time for each stream, until it is told that it worked. */
export class Resubscribes {
  readonly #given: ResubscribeSurroundings
  readonly #attempts = new Map<number, Attempt>()

  constructor(given: ResubscribeSurroundings) {
    this.#given = given
  }

  /** Streams that do not speak yet. */
  get size(): number {
    return this.#attempts.size
  }

  has(stream: number): boolean {
    return this.#attempts.has(stream)
  }

  /** The stream must be made to speak. Asking again while it is being done changes nothing. */
  want(stream: number, nowUs: number, cause?: GapCause): void {
    if (this.#attempts.has(stream)) return
    const attempt: Attempt = {
      cause,
      failures: 0,
      dueUs: nowUs,
      deadlineUs: Infinity,
      reconnects: 0,
      reconnectAtUs: nowUs,
    }
    this.#attempts.set(stream, attempt)
    this.#send(stream, attempt, nowUs)
  }

  /** Its session has subscribed to everything: that is the attempt. */
  fresh(stream: number, nowUs: number): void {
    const attempt = this.#attempts.get(stream)
    if (attempt === undefined) return
    attempt.dueUs = Infinity
    attempt.deadlineUs = nowUs + this.#given.deadlineMs * 1_000
  }

  /** The stream speaks, or is not wanted any more. */
  done(stream: number): void {
    this.#attempts.delete(stream)
  }

  /** Sends what is due, and counts what has failed. */
  sweep(nowUs: number): void {
    for (const [stream, attempt] of this.#attempts) {
      if (nowUs >= attempt.deadlineUs) this.#failed(stream, attempt, nowUs)
      else if (nowUs >= attempt.dueUs) this.#send(stream, attempt, nowUs)
    }
  }

  stop(): void {
    this.#attempts.clear()
  }

  #send(stream: number, attempt: Attempt, nowUs: number): void {
    if (!this.#given.resubscribe(stream, attempt.cause)) return
    attempt.cause = undefined
    attempt.dueUs = Infinity
    attempt.deadlineUs = nowUs + this.#given.deadlineMs * 1_000
  }

  #failed(stream: number, attempt: Attempt, nowUs: number): void {
    attempt.failures++
    attempt.deadlineUs = Infinity
    attempt.dueUs = nowUs + backoffMs(attempt.failures, this.#given.policy, this.#given.random) * 1_000
    if (attempt.failures % FAILURES_LIMIT !== 0 || nowUs < attempt.reconnectAtUs) return
    attempt.reconnectAtUs =
      nowUs + RECONNECT_FIRST_US * 2 ** Math.min(attempt.reconnects, RECONNECT_DOUBLINGS)
    attempt.reconnects++
    this.#given.reconnect(stream)
  }
}
