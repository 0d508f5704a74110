import { kernel } from '../core/kernel.ts'

/**
 * Symbols of one venue by their bytes: a frame's symbol becomes a small number (a slot) without making a string. Slots are given
 * in order of adding and never change, so they index arrays. The kernel finds them (wasm/symbols.ts).
 */
export class Symbols {
  readonly #kernel = kernel()
  /** By which the kernel knows the table. */
  readonly place = this.#kernel.newSymbols(this)
  readonly #names: string[] = []
  /** Whether symbols not seen before are added as they come. */
  readonly isOpen: boolean

  /** With `open`, symbols not seen before are added as they come: for captures, where no catalogue says what is in them. */
  constructor(symbols: Iterable<string> = [], options: { open: boolean } = { open: false }) {
    this.isOpen = options.open
    for (const symbol of symbols) this.add(symbol)
  }

  get size(): number {
    return this.#names.length
  }

  /** The symbol of a slot that this table gave. Throws `RangeError` for any other. */
  nameOf(slot: number): string {
    const name = this.#names[slot]
    if (name === undefined) throw new RangeError(`no symbol has slot ${slot}`)
    return name
  }

  /** Slot of `symbol`, added when it is not there. */
  add(symbol: string): number {
    const bytes = new TextEncoder().encode(symbol)
    const found = this.#kernel.findSymbol(this.place, bytes, 0, bytes.length)
    return found === -1 ? this.#insert(symbol, bytes) : found
  }

  /** Slot of the symbol in `bytes` from `start` to `end`; -1 when it is none of ours. */
  resolve(bytes: Uint8Array, start: number, end: number): number {
    const found = this.#kernel.findSymbol(this.place, bytes, start, end)
    if (found !== -1 || !this.isOpen) return found
    const own = bytes.slice(start, end)
    return this.#insert(new TextDecoder().decode(own), own)
  }

  #insert(symbol: string, bytes: Uint8Array): number {
    this.#kernel.addSymbol(this.place, bytes)
    return this.#names.push(symbol) - 1
  }
}
