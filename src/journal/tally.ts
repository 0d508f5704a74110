import { RECORD_TYPES, type RecordType } from '../core/record.ts'

/** How many records of each type, as it is written to files: types without any are left out. */
export type TallyJson = Readonly<Partial<Record<RecordType, number>>>

/** How many records of each type. */
export class Tally {
  /** By index into `RECORD_TYPES`. */
  readonly counts = new Float64Array(RECORD_TYPES.length)

  /** Throws `TypeError` for what no tally is written as. */
  static from(json: unknown): Tally {
    const tally = new Tally()
    if (typeof json !== 'object' || json === null) throw new TypeError('a tally that is no object')
    for (const [type, count] of Object.entries(json)) {
      const at = RECORD_TYPES.findIndex((name) => name === type)
      if (at === -1 || !Number.isSafeInteger(count) || count < 0) {
        throw new TypeError(`a tally of ${count} ${type}`)
      }
      tally.counts[at] = count
    }
    return tally
  }

  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, 0)
  }

  of(type: RecordType): number {
    return this.counts[RECORD_TYPES.indexOf(type)] ?? 0
  }

  /** `records` more of type `code`, an index into `RECORD_TYPES`. */
  count(code: number, records = 1): void {
    this.counts[code] = (this.counts[code] ?? 0) + records
  }

  add(other: Tally): void {
    for (const [at, count] of other.counts.entries()) this.counts[at] = (this.counts[at] ?? 0) + count
  }

  set(other: Tally): void {
    this.counts.set(other.counts)
  }

  clear(): void {
    this.counts.fill(0)
  }

  copy(): Tally {
    const copy = new Tally()
    copy.set(this)
    return copy
  }

  /** By how much this is over `other`, type by type, and never below 0. */
  over(other: Tally): Tally {
    const over = new Tally()
    for (const [at, count] of this.counts.entries())
      over.counts[at] = Math.max(0, count - (other.counts[at] ?? 0))
    return over
  }

  equals(other: Tally): boolean {
    return this.counts.every((count, at) => count === other.counts[at])
  }

  toJSON(): TallyJson {
    return Object.fromEntries(
      RECORD_TYPES.map((type, at) => [type, this.counts[at] ?? 0] as const).filter(([, count]) => count > 0),
    )
  }
}
