/** Bits of a book's state. */
const LIVE = 1
const EVER = 2

/** Which books of a feed are live, by slot, and which ever were. */
export class BookStates {
  readonly #bits: Uint8Array

  constructor(slots: number) {
    this.#bits = new Uint8Array(slots)
  }

  isLive(slot: number): boolean {
    return ((this.#bits[slot] ?? 0) & LIVE) !== 0
  }

  wasEverLive(slot: number): boolean {
    return ((this.#bits[slot] ?? 0) & EVER) !== 0
  }

  live(slot: number): void {
    this.#bits[slot] = LIVE | EVER
  }

  lost(slot: number): void {
    this.#bits[slot] = (this.#bits[slot] ?? 0) & EVER
  }
}
