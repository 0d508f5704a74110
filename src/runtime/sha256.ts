import { createHash } from 'node:crypto'

/** A SHA-256 that grows with what is added to it. */
export class Sha256 {
  readonly #hash = createHash('sha256')

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes)
  }

  /** Ends it: lower-case hexadecimal. */
  text(): string {
    return this.#hash.digest('hex')
  }
}
