import { FailureError } from '../core/errors.ts'
import type { HttpAnswer, Runtime } from '../runtime/runtime.ts'
import type { Emit } from '../telemetry/events.ts'
import type { RestRequest, Venue } from '../venues/venue.ts'
import { type Priority, RequestBudget } from './budget.ts'
import { limitedMs } from './retreat.ts'
import { BODY_LIMIT_BYTES } from './timing.ts'

/** Hears the outcome of one request, once. */
export type Heard = (outcome: HttpAnswer | FailureError) => void

/** What REST requests of a venue share. */
export interface RestSurroundings {
  readonly venue: Venue
  /** Base URL. */
  readonly restHost: string
  readonly runtime: Runtime
  readonly emit: Emit
  /** For a whole answer. */
  readonly requestMs: number
  /** The venue has banned this address for so long. */
  readonly banned: (forMs: number) => void
}

/**
 * REST requests of one venue, within its weight budget. While the venue wants silence (429, 418) nothing is asked at all. What is
 * no plain success comes out as a `FailureError`, whatever the HTTP status said.
 */
export class Rest {
  readonly #given: RestSurroundings
  readonly #budget: RequestBudget
  #limitedInARow = 0
  #isStopped = false

  constructor(given: RestSurroundings) {
    this.#given = given
    const { venue, runtime } = given
    const window = venue.usedWeight === undefined ? 'sliding' : 'clock'
    this.#budget = new RequestBudget({ rate: venue.limits.weight, window }, runtime)
  }

  /** Milliseconds for which the venue wants to be left alone. */
  get heldMs(): number {
    return this.#budget.heldMs
  }

  /** Asks when there is room for it. Answers a function that takes it back: nothing is heard after that. */
  ask(request: RestRequest, priority: Priority, heard: Heard): () => void {
    let isWanted = true
    const hear: Heard = (outcome) => {
      if (!isWanted || this.#isStopped) return
      isWanted = false
      heard(outcome)
    }
    const asked = this.#budget.ask({
      weight: request.weight,
      priority,
      run: (settled) => void this.#get(request, hear, settled),
    })
    if (asked.outcome === 'full') {
      hear(new FailureError('rate_limited', 'too many requests wait', { retryable: true }))
    }
    return () => {
      isWanted = false
      if (asked.outcome === 'waiting') asked.cancel()
    }
  }

  /** Forgets what waits; what is on its way is not heard any more. */
  stop(): void {
    this.#isStopped = true
    this.#budget.stop()
  }

  async #get(request: RestRequest, hear: Heard, settled: (usedWeight?: number) => void): Promise<void> {
    const { venue, restHost, runtime, requestMs } = this.#given
    try {
      const url = restHost + request.path
      const answer = await runtime.http.get({ url, deadlineMs: requestMs, bodyLimitBytes: BODY_LIMIT_BYTES })
      settled(venue.usedWeight?.(answer.headers))
      const failure = venue.refusal(answer) ?? unlikely(answer.status)
      if (failure === undefined) {
        this.#limitedInARow = 0
        hear(answer)
      } else this.#refused(failure, hear)
    } catch (error) {
      if (!(error instanceof FailureError)) throw error
      settled()
      hear(error)
    }
  }

  #refused(failure: FailureError, hear: Heard): void {
    const { venue, emit, banned } = this.#given
    if (failure.code === 'rate_limited' || failure.code === 'banned') {
      // Requests that were on their way together are refused together: that is one refusal.
      if (this.#budget.heldMs === 0) this.#limitedInARow++
      const forMs = limitedMs(failure.retryAfterMs, this.#limitedInARow)
      this.#budget.hold(forMs)
      if (failure.code === 'banned') banned(forMs)
    }
    if (!this.#isStopped)
      emit({ type: 'rest_refused', venue: venue.id, code: failure.code, text: failure.message })
    hear(failure)
  }
}

/** A venue that takes an error status for a success has not been asked the right question. */
function unlikely(status: number): FailureError | undefined {
  if (status >= 200 && status < 300) return undefined
  return new FailureError('bad_answer', `HTTP ${status}`, { retryable: status >= 500 })
}
