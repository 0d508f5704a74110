/** A line is cut behind so many characters: what writes more is not meant to be read. */
const LINE_LIMIT = 8_192

/** What a line that was cut ends with. */
const CUT = ' [cut]'

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001F\u007F-\u009F\u2028\u2029]/g

/**
 * Splits text that comes in pieces into lines, and hands each on with its control characters escaped: what a process writes must not
 * move a cursor or forge a line of a log. Keeps no more than one line of the allowed length.
 */
export class LineSplitter {
  readonly #take: (line: string) => void
  #begun = ''
  #isCut = false

  constructor(take: (line: string) => void) {
    this.#take = take
  }

  push(text: string): void {
    const parts = text.split('\n')
    for (const [index, part] of parts.entries()) {
      this.#append(part)
      if (index < parts.length - 1) this.end()
    }
  }

  /** Hands on the line that has been begun, if any, as at the end of the stream. */
  end(): void {
    const line = this.#begun.endsWith('\r') ? this.#begun.slice(0, -1) : this.#begun
    const isCut = this.#isCut
    this.#begun = ''
    this.#isCut = false
    if (line !== '') this.#take(escapeControl(line) + (isCut ? CUT : ''))
  }

  #append(part: string): void {
    const room = LINE_LIMIT - this.#begun.length
    this.#isCut ||= part.length > room
    this.#begun += part.slice(0, room)
  }
}

function escapeControl(line: string): string {
  return line.replace(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
