import { FailureError } from '../core/errors.ts'
import type { Cursor } from '../journal/cursor.ts'
import type { Tally } from '../journal/tally.ts'
import type { Clock } from '../runtime/runtime.ts'
import type { SinkReport } from '../telemetry/report.ts'
import type { Backlog, Behind } from './backlog.ts'
import type { Retry } from './retry.ts'

/** What the standing of a sink is told from. */
export interface StandingParts {
  readonly sink: string
  readonly cursor: Cursor
  readonly retry: Retry
  readonly backlog: Backlog
  readonly clock: Clock
  /** The sink takes whole segments: what is in one that is still written does not wait for it. */
  readonly sealedOnly: boolean
}

/** How far a sink has come since this process began, and how far it is behind. */
export class Standing {
  readonly #parts: StandingParts
  readonly #before: Readonly<Record<'delivered' | 'rejected' | 'lost', Tally>>
  #successUs: number | undefined
  #behind: Behind = { bytes: 0, firstUs: undefined }

  constructor(parts: StandingParts) {
    const { delivered, rejected, lost } = parts.cursor
    this.#parts = parts
    this.#before = { delivered: delivered.copy(), rejected: rejected.copy(), lost: lost.copy() }
  }

  /** The sink has taken something for good. */
  succeeded(): void {
    this.#successUs = this.#parts.clock.steadyUs()
  }

  /** Looks at the journal folder: about once a second is often enough. */
  report({ isPaused }: { readonly isPaused: boolean }): SinkReport {
    const { sink, cursor, retry, clock } = this.#parts
    this.#look()
    const { bytes, firstUs } = this.#behind
    const before = this.#before
    return {
      sink,
      trouble: retry.trouble,
      delivered: cursor.delivered.over(before.delivered).toJSON(),
      rejected: cursor.rejected.over(before.rejected).total,
      lost: cursor.lost.over(before.lost).total,
      successAgeMs: this.#successUs === undefined ? undefined : (clock.steadyUs() - this.#successUs) / 1_000,
      behindBytes: bytes,
      behindMs: firstUs === undefined ? 0 : Math.max(0, (clock.now() - firstUs) / 1_000),
      failures: retry.failures,
      isPaused,
    }
  }

  /** A folder that cannot be read at the moment changes nothing of what is known. */
  #look(): void {
    const { backlog, cursor, sealedOnly } = this.#parts
    try {
      this.#behind = backlog.beyond(cursor.place, { sealedOnly })
    } catch (failure) {
      if (!(failure instanceof FailureError)) throw failure
    }
  }
}
