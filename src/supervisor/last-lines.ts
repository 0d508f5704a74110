/** Lines kept of a process. */
const LINES_LIMIT = 200

/** The last lines that a process and those before it have written. */
export class LastLines {
  readonly #lines: string[] = []
  #ownCount = 0

  /** From here on another process is speaking. */
  begin(): void {
    this.#ownCount = 0
  }

  push(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > LINES_LIMIT) this.#lines.shift()
    this.#ownCount = Math.min(this.#ownCount + 1, LINES_LIMIT)
  }

  /** The oldest first. */
  all(): readonly string[] {
    return [...this.#lines]
  }

  /** Those of the process that speaks at present. */
  own(): readonly string[] {
    return this.#lines.slice(this.#lines.length - this.#ownCount)
  }
}
