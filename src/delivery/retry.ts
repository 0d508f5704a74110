import { type FailureCode, FailureError } from '../core/errors.ts'
import { type BackoffPolicy, backoffMs } from '../runtime/backoff.ts'
import type { Random, Timers } from '../runtime/runtime.ts'
import type { Emit } from '../telemetry/events.ts'
import { Waiter } from './waiter.ts'

/** After a failure that may pass. */
const PASSING: BackoffPolicy = { minMs: 50, firstMs: 200, maxMs: 10_000 }
/** After one that needs a person: somebody may be at work on it. */
const LASTING: BackoffPolicy = { minMs: 10_000, firstMs: 20_000, maxMs: 60_000 }

/** How often something failed in a row, and why it did last. */
export interface Trouble {
  readonly attempts: number
  readonly code: FailureCode | 'bug'
  readonly text: string
}

/** Does something for a sink again and again until it succeeds, with waits in between. */
export class Retry {
  readonly #sink: string
  readonly #waiter: Waiter
  readonly #random: Random
  readonly #emit: Emit
  #trouble: Trouble | undefined
  #failures = 0
  #isStopped = false

  constructor(sink: string, outside: { readonly timers: Timers; readonly random: Random }, emit: Emit) {
    this.#sink = sink
    this.#waiter = new Waiter(outside.timers)
    this.#random = outside.random
    this.#emit = emit
  }

  /** What is wrong at present. */
  get trouble(): Trouble | undefined {
    return this.#trouble
  }

  /** Tries that failed since the start. */
  get failures(): number {
    return this.#failures
  }

  /** Nothing is tried again. */
  stop(): void {
    this.#isStopped = true
    this.#waiter.wake()
  }

  /** Answers what `work` answers, or `undefined` when it was stopped before it succeeded. */
  async until<Result>(work: () => Promise<Result>): Promise<{ readonly result: Result } | undefined> {
    for (let attempt = 1; !this.#isStopped; attempt++) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one try after the other is what a retry is
        const result = await work()
        this.#recovered()
        return { result }
      } catch (failure) {
        if (this.#isStopped) return undefined
        const waitMs = this.#failed(failure, attempt)
        // oxlint-disable-next-line no-await-in-loop -- see above
        await this.#waiter.wait(waitMs)
      }
    }
    return undefined
  }

  #failed(failure: unknown, attempt: number): number {
    const isTyped = failure instanceof FailureError
    const policy = isTyped && failure.retryable ? PASSING : LASTING
    const told = isTyped ? failure.retryAfterMs : undefined
    const waitMs = Math.max(told ?? 0, backoffMs(attempt, policy, this.#random))
    const text = textOf(failure)
    const code = isTyped ? failure.code : 'bug'
    this.#trouble = { attempts: attempt, code, text }
    this.#failures++
    this.#emit({ type: 'sink_failed', sink: this.#sink, code, text, attempt, waitMs })
    return waitMs
  }

  #recovered(): void {
    if (this.#trouble === undefined) return
    this.#emit({ type: 'sink_recovered', sink: this.#sink, attempts: this.#trouble.attempts })
    this.#trouble = undefined
  }
}

/** A bug in one sink is told with its trace and stops that sink only. */
function textOf(failure: unknown): string {
  if (failure instanceof FailureError) return failure.message
  return failure instanceof Error ? (failure.stack ?? failure.message) : String(failure)
}
