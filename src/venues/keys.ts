/** Keys of one kind of object, at most 31: what a decoder looks for, told apart by bytes. */
export class Keys<Name extends string> {
  readonly names: readonly Name[]
  readonly #bytes: readonly Uint8Array[]
  readonly #table = new Int8Array(256).fill(-1)

  constructor(...names: Name[]) {
    if (names.length > 31) throw new RangeError('at most 31 keys: duplicates are found by the bits of an int')
    this.names = names
    this.#bytes = names.map((name) => new TextEncoder().encode(name))
    for (const [index, bytes] of this.#bytes.entries()) {
      let at = hash(bytes, 0, bytes.length)
      while (this.#table[at] !== -1) at = (at + 1) & 255
      this.#table[at] = index
    }
  }

  /** Index of the key that stands in `bytes` from `start` to `end`; -1 when it is none of these. */
  find(bytes: Uint8Array, start: number, end: number): number {
    let at = hash(bytes, start, end)
    for (;;) {
      const index = this.#table[at] ?? -1
      if (index === -1 || this.#is(index, bytes, start, end)) return index
      at = (at + 1) & 255
    }
  }

  /** Index of a name, for switches: `const E = KEYS.index('E')`. */
  index(name: Name): number {
    return this.names.indexOf(name)
  }

  /** The bits that `Cursor.closed` shows when all of `names` were there. */
  bits(...names: Name[]): number {
    return names.reduce((bits, name) => bits | (1 << this.index(name)), 0)
  }

  #is(index: number, bytes: Uint8Array, start: number, end: number): boolean {
    const own = this.#bytes[index]
    if (own === undefined || own.length !== end - start) return false
    for (let at = 0; at < own.length; at++) if (own[at] !== bytes[start + at]) return false
    return true
  }
}

/** Length and both ends tell the short keys of the venues apart. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  return ((end - start) * 37 + (bytes[start] ?? 0) * 5 + (bytes[end - 1] ?? 0) * 3) & 255
}
