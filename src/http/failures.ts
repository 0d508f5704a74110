/** Wrong guesses that one address has in a window. */
export const FAILURE_LIMIT = 10
const WINDOW_US = 60_000_000
/** Addresses that are remembered. Beyond, the one whose window began first is forgotten. */
const ADDRESS_LIMIT = 10_000

/** Counts wrong credentials by address, each over the minute from its first. */
export class Failures {
  readonly #steadyUs: () => number
  /** In the order in which the windows began. */
  readonly #windows = new Map<string, { readonly startUs: number; count: number }>()

  constructor(steadyUs: () => number) {
    this.#steadyUs = steadyUs
  }

  /** For so long nothing of this address is looked at, whole seconds; `undefined`: it may try. */
  waitSeconds(address: string): number | undefined {
    const window = this.#windows.get(address)
    if (window === undefined || window.count < FAILURE_LIMIT) return undefined
    const leftUs = window.startUs + WINDOW_US - this.#steadyUs()
    return leftUs > 0 ? Math.ceil(leftUs / 1_000_000) : undefined
  }

  add(address: string): void {
    const nowUs = this.#steadyUs()
    const window = this.#windows.get(address)
    if (window !== undefined && nowUs < window.startUs + WINDOW_US) {
      window.count++
      return
    }
    this.#windows.delete(address)
    this.#windows.set(address, { startUs: nowUs, count: 1 })
    const [first] = this.#windows.keys()
    if (this.#windows.size > ADDRESS_LIMIT && first !== undefined) this.#windows.delete(first)
  }
}
