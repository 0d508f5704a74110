import type { SinkReport } from '../telemetry/report.ts'

/** A loss counts for so long. */
const WINDOW_US = 300_000_000

interface Loss {
  readonly atUs: number
  readonly records: number
}

/** How much each sink has lost lately, from totals that grow. */
export class LossWindow {
  readonly #totals = new Map<string, number>()
  readonly #losses = new Map<string, readonly Loss[]>()

  /** Records that each sink has lost within the last five minutes. What was lost before this began is not its affair. */
  lately(sinks: readonly SinkReport[], nowUs: number): ReadonlyMap<string, number> {
    for (const { sink, lost } of sinks) {
      const before = this.#totals.get(sink)
      this.#totals.set(sink, lost)
      if (before !== undefined && lost > before) this.#add(sink, { atUs: nowUs, records: lost - before })
    }
    const sums = new Map<string, number>()
    for (const [sink, losses] of this.#losses) {
      const kept = losses.filter(({ atUs }) => nowUs - atUs < WINDOW_US)
      this.#losses.set(sink, kept)
      sums.set(
        sink,
        kept.reduce((sum, { records }) => sum + records, 0),
      )
    }
    return sums
  }

  #add(sink: string, loss: Loss): void {
    this.#losses.set(sink, [...(this.#losses.get(sink) ?? []), loss])
  }
}
