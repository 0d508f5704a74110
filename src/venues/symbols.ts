/**
 * Symbols of one venue by their bytes: a frame's symbol becomes a small number (a slot) without making a string. Slots are given
 * in order of adding and never change, so they index arrays.
 */
export class Symbols {
  readonly #names: string[] = []
  readonly #bytes: Uint8Array[] = []
  #table = new Int32Array(256).fill(-1)
  readonly #open: boolean

  /** With `open`, symbols not seen before are added as they come: for captures, where no catalogue says what is in them. */
  constructor(symbols: Iterable<string> = [], options: { open: boolean } = { open: false }) {
    this.#open = options.open
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
    const found = this.#find(bytes, 0, bytes.length)
    return found === -1 ? this.#insert(symbol, bytes) : found
  }

  /** Slot of the symbol in `bytes` from `start` to `end`; -1 when it is none of ours. */
  resolve(bytes: Uint8Array, start: number, end: number): number {
    const found = this.#find(bytes, start, end)
    if (found !== -1 || !this.#open) return found
    const own = bytes.slice(start, end)
    return this.#insert(new TextDecoder().decode(own), own)
  }

  #find(bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#table.length - 1
    let at = hash(bytes, start, end) & mask
    for (;;) {
      const slot = this.#table[at] ?? -1
      if (slot === -1) return -1
      const own = this.#bytes[slot]
      if (own !== undefined && equal(own, bytes, start, end)) return slot
      at = (at + 1) & mask
    }
  }

  #insert(symbol: string, bytes: Uint8Array): number {
    const slot = this.#names.length
    this.#names.push(symbol)
    this.#bytes.push(bytes)
    if (this.#names.length * 4 > this.#table.length) this.#rehash(this.#table.length * 2)
    else this.#place(slot, bytes)
    return slot
  }

  #rehash(size: number): void {
    this.#table = new Int32Array(size).fill(-1)
    for (const [slot, bytes] of this.#bytes.entries()) this.#place(slot, bytes)
  }

  #place(slot: number, bytes: Uint8Array): void {
    const mask = this.#table.length - 1
    let at = hash(bytes, 0, bytes.length) & mask
    while (this.#table[at] !== -1) at = (at + 1) & mask
    this.#table[at] = slot
  }
}

/** FNV-1a over the bytes. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5
  for (let at = start; at < end; at++) value = Math.imul(value ^ (bytes[at] ?? 0), 0x01000193)
  return value >>> 0
}

function equal(own: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (own.length !== end - start) return false
  for (let at = 0; at < own.length; at++) if (own[at] !== bytes[start + at]) return false
  return true
}
