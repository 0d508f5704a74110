/** A loss counts for so long. */
const WINDOW_US = 300_000_000

interface Loss {
  readonly atUs: number
  readonly records: number
}

/** How much was lost lately, from totals by name that grow. */
export class LossWindow {
  readonly #totals = new Map<string, number>()
  readonly #losses = new Map<string, readonly Loss[]>()

  /** Records that each has lost within the last five minutes. What was lost before this began is not its affair. */
  lately(totals: ReadonlyMap<string, number>, nowUs: number): ReadonlyMap<string, number> {
    for (const [name, total] of totals) {
      const before = this.#totals.get(name)
      this.#totals.set(name, total)
      // A total that has fallen is that of a process that began anew.
      const records = before === undefined ? 0 : total < before ? total : total - before
      if (records > 0) this.#losses.set(name, [...(this.#losses.get(name) ?? []), { atUs: nowUs, records }])
    }
    const sums = new Map<string, number>()
    for (const [name, losses] of this.#losses) {
      const kept = losses.filter(({ atUs }) => nowUs - atUs < WINDOW_US)
      this.#losses.set(name, kept)
      sums.set(
        name,
        kept.reduce((sum, { records }) => sum + records, 0),
      )
    }
    return sums
  }
}
