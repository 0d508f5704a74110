import { FailureError } from '../core/errors.ts'
import { Alarm } from '../runtime/alarm.ts'
import type { HttpAnswer, Runtime } from '../runtime/runtime.ts'
import type { Emit } from '../telemetry/events.ts'
import type { SnapshotRequests, Venue } from '../venues/venue.ts'
import { type BackoffPolicy, backoffMs } from '../runtime/backoff.ts'
import { PRIORITIES, type Priority } from './budget.ts'
import type { FrameTaker } from './frames.ts'
import type { Rest } from './rest.ts'

/** Requests of one venue that are on their way at once. */
export const IN_FLIGHT_LIMIT = 4
/** A snapshot that is older than the deltas that wait for it is asked for again this quickly, so often; then with back-off. */
const STALE_QUICK = 3
const STALE_MS = 250
/** The longest wait after a stale one: the venue answers, and its next answer may do. */
const STALE_MAX_MS = 10_000

/** What snapshots need of their feed. */
export interface SnapshotSurroundings {
  readonly venue: Venue
  readonly snapshot: SnapshotRequests
  readonly rest: Rest
  readonly runtime: Runtime
  readonly taker: Pick<FrameTaker, 'snapshot'>
  readonly emit: Emit
  /** Levels a side. */
  readonly depth: number
  readonly policy: BackoffPolicy
  readonly symbolOf: (slot: number) => string
  /** False while no deltas arrive: a snapshot could join nothing, and waits. */
  readonly isReady: (slot: number) => boolean
}

interface Wanted {
  readonly slot: number
  priority: Priority
  /** Failures and, beyond the quick ones, stale answers in a row. */
  attempt: number
  stale: number
  dueUs: number
  /** Takes the request back, while it waits or is on its way. */
  cancel: (() => void) | undefined
  /** Wanted anew while its answer was being applied. */
  isAgain: boolean
}

/**
 * Snapshots by REST: one request at a time for each book, until the book is live or not wanted any more. A timer is armed only
 * while a retry is due.
 */
export class Snapshots {
  readonly #given: SnapshotSurroundings
  /** In order of asking. */
  readonly #wanted = new Map<number, Wanted>()
  #inFlight = 0
  readonly #alarm: Alarm

  constructor(given: SnapshotSurroundings) {
    this.#given = given
    this.#alarm = new Alarm(given.runtime, () => this.pump())
  }

  /** Books that wait for a snapshot, those on their way included. */
  get size(): number {
    return this.#wanted.size
  }

  /** Requests on their way, or waiting for the budget. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** The book at `slot` needs a snapshot. Single flight. */
  want(slot: number, priority: Priority): void {
    const wanted = this.#wanted.get(slot)
    if (wanted !== undefined) {
      wanted.isAgain = true
      if (PRIORITIES.indexOf(priority) < PRIORITIES.indexOf(wanted.priority)) wanted.priority = priority
      this.pump()
      return
    }
    const fresh = { slot, priority, attempt: 0, stale: 0, dueUs: 0, cancel: undefined, isAgain: false }
    this.#wanted.set(slot, fresh)
    this.pump()
  }

  /** The book is live, or not wanted any more: a request on its way is taken back. */
  done(slot: number): void {
    const wanted = this.#wanted.get(slot)
    if (wanted === undefined) return
    this.#wanted.delete(slot)
    if (wanted.cancel === undefined) return
    wanted.cancel()
    this.#inFlight--
    this.pump()
  }

  /** Sends what is due, the urgent ones first. To be called when books have become ready. */
  pump(): void {
    const nowUs = this.#given.runtime.clock.steadyUs()
    for (const priority of PRIORITIES) {
      for (const wanted of this.#wanted.values()) {
        if (this.#inFlight >= IN_FLIGHT_LIMIT) return
        if (wanted.priority !== priority || wanted.cancel !== undefined || wanted.dueUs > nowUs) continue
        if (this.#given.isReady(wanted.slot)) this.#ask(wanted)
      }
    }
    this.#arm(nowUs)
  }

  stop(): void {
    for (const wanted of this.#wanted.values()) wanted.cancel?.()
    this.#wanted.clear()
    this.#inFlight = 0
    this.#alarm.set(Infinity)
  }

  #ask(wanted: Wanted): void {
    const { rest, snapshot, depth, symbolOf } = this.#given
    this.#inFlight++
    wanted.isAgain = false
    wanted.cancel = () => undefined
    let isHeard = false
    const cancel = rest.ask(snapshot.request(symbolOf(wanted.slot), depth), wanted.priority, (outcome) => {
      isHeard = true
      this.#inFlight--
      wanted.cancel = undefined
      if (outcome instanceof FailureError) this.#failed(wanted, outcome)
      else this.#answered(wanted, outcome)
      this.pump()
    })
    if (!isHeard) wanted.cancel = cancel
  }

  #answered(wanted: Wanted, answer: HttpAnswer): void {
    const { taker, snapshot, depth } = this.#given
    wanted.isAgain = false
    const outcome = taker.snapshot(wanted.slot, {
      body: answer.body,
      window: snapshot.window(depth),
      receiveTimeUs: answer.receiveTimeUs,
    })
    if (this.#wanted.get(wanted.slot) !== wanted) return
    switch (outcome) {
      case 'joined':
      case 'ignored':
        if (wanted.isAgain) this.#later(wanted, 0)
        else this.#wanted.delete(wanted.slot)
        break
      case 'stale':
        this.#stale(wanted)
        break
      case 'refused':
        this.#failed(wanted, new FailureError('bad_answer', 'the snapshot was refused', { retryable: true }))
        break
    }
  }

  #stale(wanted: Wanted): void {
    if (++wanted.stale <= STALE_QUICK)
      this.#later(wanted, STALE_MS * (0.5 + this.#given.runtime.random.next()))
    else this.#later(wanted, Math.min(STALE_MAX_MS, this.#backoffMs(++wanted.attempt)))
  }

  #failed(wanted: Wanted, failure: FailureError): void {
    const { venue, emit, symbolOf } = this.#given
    wanted.attempt++
    emit({
      type: 'snapshot_failed',
      venue: venue.id,
      symbol: symbolOf(wanted.slot),
      attempt: wanted.attempt,
      text: failure.message,
    })
    const atLeastMs = failure.retryAfterMs ?? (failure.retryable ? 0 : this.#given.policy.maxMs)
    this.#later(wanted, Math.max(atLeastMs, this.#backoffMs(wanted.attempt)))
  }

  #later(wanted: Wanted, delayMs: number): void {
    wanted.dueUs = this.#given.runtime.clock.steadyUs() + delayMs * 1_000
  }

  #backoffMs(attempt: number): number {
    return backoffMs(attempt, this.#given.policy, this.#given.runtime.random)
  }

  /** Wakes up for the next retry. What is not ready wakes by `pump`, what is over the limit by the end of another. */
  #arm(nowUs: number): void {
    let dueUs = Infinity
    for (const wanted of this.#wanted.values()) {
      if (wanted.cancel === undefined && wanted.dueUs > nowUs) dueUs = Math.min(dueUs, wanted.dueUs)
    }
    this.#alarm.set(dueUs)
  }
}
