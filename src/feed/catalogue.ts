import { DecodeError, FailureError } from '../core/errors.ts'
import type { Instrument } from '../core/instrument.ts'
import type { HttpAnswer, Runtime, Timer } from '../runtime/runtime.ts'
import type { Emit } from '../telemetry/events.ts'
import type { Venue } from '../venues/venue.ts'
import { backoffMs } from '../runtime/backoff.ts'
import type { Rest } from './rest.ts'
import type { FeedTiming } from './timing.ts'

/** What the catalogue needs of its feed. */
export interface CatalogueSurroundings {
  readonly venue: Venue
  readonly rest: Rest
  readonly runtime: Runtime
  readonly emit: Emit
  readonly timing: FeedTiming
  /** The whole list, at the first load and at each one after. */
  readonly loaded: (instruments: readonly Instrument[]) => void
  /** A load failed; the next attempt comes in `retryMs`. */
  readonly failed: (failure: FailureError, retryMs: number) => void
}

/**
 * The instrument list of a venue: loaded until it succeeds, then again and again. Failures of later loads change nothing: the last
 * list stands. At most one timer and one request.
 */
export class InstrumentList {
  readonly #given: CatalogueSurroundings
  #attempt = 0
  #isLoaded = false
  #timer: Timer | undefined
  #cancel: (() => void) | undefined

  constructor(given: CatalogueSurroundings) {
    this.#given = given
  }

  start(): void {
    this.#load(0, [])
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#cancel?.()
    this.#cancel = undefined
  }

  /** Asks for part `part` of the list, and for the next one when it is there. */
  #load(part: number, before: readonly Instrument[]): void {
    const { venue, rest } = this.#given
    const request = venue.catalogue.requests()[part]
    if (request === undefined) {
      this.#complete(before)
      return
    }
    const priority = this.#isLoaded ? 'poll' : 'bootstrap'
    this.#cancel = rest.ask(request, priority, (outcome) => {
      this.#cancel = undefined
      const read = outcome instanceof FailureError ? outcome : this.#read(outcome)
      if (read instanceof FailureError) this.#failed(read)
      else this.#load(part + 1, [...before, ...read])
    })
  }

  #read(answer: HttpAnswer): readonly Instrument[] | FailureError {
    try {
      return this.#given.venue.catalogue.read(answer.body)
    } catch (cause) {
      if (!(cause instanceof DecodeError)) throw cause
      return new FailureError('bad_answer', `instrument list: ${cause.message}`, { retryable: true, cause })
    }
  }

  #complete(instruments: readonly Instrument[]): void {
    const { venue, emit, loaded, runtime, timing } = this.#given
    if (instruments.length === 0) {
      this.#failed(new FailureError('bad_answer', 'an empty instrument list', { retryable: true }))
      return
    }
    this.#attempt = 0
    this.#isLoaded = true
    emit({ type: 'instruments_loaded', venue: venue.id, count: instruments.length })
    this.#again(timing.catalogueMs * (0.9 + 0.2 * runtime.random.next()))
    loaded(instruments)
  }

  #failed(failure: FailureError): void {
    const { runtime, timing, failed } = this.#given
    const waitMs = backoffMs(++this.#attempt, timing.rest, runtime.random)
    const isBlocked = failure.code === 'geo_blocked' || failure.code === 'tls'
    const retryMs = (isBlocked ? timing.probeMs : (failure.retryAfterMs ?? 0)) + waitMs
    this.#again(retryMs)
    failed(failure, retryMs)
  }

  #again(delayMs: number): void {
    this.#timer = this.#given.runtime.timers.after(delayMs, () => {
      this.#timer = undefined
      this.#load(0, [])
    })
  }
}

/** Absent from so many lists in a row, an instrument has ended: a single list may be cut short. */
const ABSENCES = 2

/** What the latest list says about instruments that are collected. Remembers only how often each was absent. */
export class Absences {
  readonly #absent = new Map<string, number>()

  /** The instruments of `collected` as `listed` has them; those that have ended have the state `ended`. */
  update(collected: readonly Instrument[], listed: readonly Instrument[]): readonly Instrument[] {
    const bySymbol = new Map(listed.map((instrument) => [instrument.symbol, instrument]))
    return collected.map((instrument) => {
      const found = bySymbol.get(instrument.symbol)
      if (found !== undefined) {
        this.#absent.delete(instrument.symbol)
        return found
      }
      const count = (this.#absent.get(instrument.symbol) ?? 0) + 1
      this.#absent.set(instrument.symbol, count)
      return count >= ABSENCES ? { ...instrument, state: 'ended' } : instrument
    })
  }
}
