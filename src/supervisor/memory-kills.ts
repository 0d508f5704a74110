/** Between two readings that are remembered. */
const PERIOD_US = 5_000_000

/** Tells whether the system has killed a process of the container for want of memory within the last moments. */
export class MemoryKills {
  readonly #read: () => number | undefined
  /** The last two readings: what has risen since the older one is between one and two periods old. */
  #older: number | undefined
  #newer: number | undefined
  #readUs: number | undefined

  /** `read` answers how often it has done so in all; `undefined` where that is not known. */
  constructor(read: () => number | undefined) {
    this.#read = read
  }

  /** To be called all the time. */
  look(nowUs: number): void {
    if (this.#readUs !== undefined && nowUs - this.#readUs < PERIOD_US) return
    const isFirst = this.#readUs === undefined
    this.#readUs = nowUs
    const kills = this.#read()
    this.#older = isFirst ? kills : this.#newer
    this.#newer = kills
  }

  hasRisen(): boolean {
    const kills = this.#read()
    return kills !== undefined && this.#older !== undefined && kills > this.#older
  }
}
