/** Bits of a book's state. */
const LIVE = 1
const EVER = 2

/** Which books of a feed are live, by slot, which ever were, and since when one is not. */
export class BookStates {
  readonly #bits: Uint8Array
  readonly #lostUs: Float64Array

  constructor(slots: number) {
    this.#bits = new Uint8Array(slots)
    this.#lostUs = new Float64Array(slots)
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

  /** When the book was lost, or last lost anew; 0 before that. */
  lostUs(slot: number): number {
    return this.#lostUs[slot] ?? 0
  }

  lost(slot: number, nowUs: number): void {
    this.#lostUs[slot] = nowUs
    this.#bits[slot] = (this.#bits[slot] ?? 0) & EVER
  }
}
