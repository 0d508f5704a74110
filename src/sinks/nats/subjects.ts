import { FailureError } from '../../core/errors.ts'

/** What a template may name, as it stands in the head of a record. */
const PLACEHOLDERS = ['type', 'exchange', 'market_type', 'symbol', 'instrument'] as const
type Placeholder = (typeof PLACEHOLDERS)[number]

type Token =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'field'; readonly field: Placeholder }

/** Longest subject; a server takes lines of 4 KiB, in which a reply subject has to fit as well. */
export const SUBJECT_LIMIT = 1_024
/** Heads kept: instruments times record types of all venues are some 20,000; expired options pile up beyond. Then all are forgotten. */
export const HEAD_LIMIT = 65_536

/** What comes after the part of a record that is the same for all of its stream. A quote in a value is escaped, so this is a key. */
const SESSION_KEY = new TextEncoder().encode(',"session":"')
const COMMA = 44

/** The subject of a stream of records, and where in its lines the head ends. */
export interface Head {
  readonly bytes: Uint8Array
  readonly subject: string
}

/** Subjects made from `{type}.{exchange}.{market_type}.{symbol}` or another template of dots, plain tokens and `{names}`. */
export class SubjectTemplate {
  readonly #tokens: readonly Token[]

  /** Throws `FailureError` `mismatch` where the text is no template or does not name `{type}`. */
  constructor(template: string) {
    this.#tokens = template.split('.').map(tokenOf)
    if (!this.#tokens.some((token) => token.kind === 'field' && token.field === 'type'))
      throw new FailureError('mismatch', `the subject "${template}" does not name {type}`, {
        retryable: false,
      })
  }

  /** The subject of one stream; `undefined` where a named value is missing or empty, or the subject too long. */
  subjectOf(values: ReadonlyMap<string, string>): string | undefined {
    const parts: string[] = []
    for (const token of this.#tokens) {
      const text = token.kind === 'literal' ? token.text : escapeToken(values.get(token.field) ?? '')
      if (text === '') return undefined
      parts.push(text)
    }
    const subject = parts.join('.')
    return subject.length > SUBJECT_LIMIT ? undefined : subject
  }

  /** The filter that takes every subject of a record type. */
  filterOf(type: string): string {
    return this.#tokens
      .map((token) => {
        if (token.kind === 'literal') return token.text
        return token.field === 'type' ? type : '*'
      })
      .join('.')
  }
}

function tokenOf(text: string): Token {
  const field = PLACEHOLDERS.find((name) => text === `{${name}}`)
  if (field !== undefined) return { kind: 'field', field }
  if (/^[A-Za-z0-9_-]+$/.test(text)) return { kind: 'literal', text }
  const names = PLACEHOLDERS.map((name) => `{${name}}`).join(', ')
  const message = `"${text}" in a subject is neither a word of letters, digits, "-" and "_" nor one of ${names}`
  throw new FailureError('mismatch', message, { retryable: false })
}

/**
 * A value as one token of a subject: everything but letters, digits, `-` and `_` becomes `%XX` of its UTF-8 bytes, so that dots,
 * wildcards and spaces of a symbol cannot change the shape of a subject. `decodeURIComponent` gives the value back.
 */
export function escapeToken(value: string): string {
  if (/^[A-Za-z0-9_-]*$/.test(value)) return value
  const bytes = new TextEncoder().encode(value)
  return Array.from(bytes, (byte) => {
    const letter = String.fromCharCode(byte)
    return /[A-Za-z0-9_-]/.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
}

/** Subjects by the heads of lines: known heads cost a hash over their bytes and a comparison, no parsing and no objects. */
export class Subjects {
  readonly #template: SubjectTemplate
  readonly #heads = new Map<number, Head[]>()
  #size = 0

  constructor(template: SubjectTemplate) {
    this.#template = template
  }

  get size(): number {
    return this.#size
  }

  /** The head of one record; `undefined` where the bytes are none. */
  headOf(record: Uint8Array): Head | undefined {
    // FNV-1a on the way to the end of the head.
    let hash = 0x811c9dc5
    for (let at = 0; at < record.length; at++) {
      const byte = record[at] ?? 0
      if (byte === COMMA && isAt(record, at, SESSION_KEY)) return this.#find(record.subarray(0, at), hash)
      hash = Math.imul(hash ^ byte, 0x01000193)
    }
    return undefined
  }

  #find(bytes: Uint8Array, hash: number): Head | undefined {
    const known = this.#heads.get(hash)
    const found = known?.find((head) => equal(head.bytes, bytes))
    if (found !== undefined) return found
    const subject = this.#template.subjectOf(valuesOf(bytes))
    if (subject === undefined) return undefined
    if (this.#size >= HEAD_LIMIT) this.#forget()
    const head = { bytes: bytes.slice(), subject }
    const others = this.#heads.get(hash)
    if (others === undefined) this.#heads.set(hash, [head])
    else others.push(head)
    this.#size++
    return head
  }

  #forget(): void {
    this.#heads.clear()
    this.#size = 0
  }
}

/** The texts of a head: `{"type":"trade",…,"instrument":"BTCUSDT"`. Empty where it is not JSON. */
function valuesOf(head: Uint8Array): ReadonlyMap<string, string> {
  try {
    const parsed: unknown = JSON.parse(`${new TextDecoder('utf-8', { fatal: true }).decode(head)}}`)
    if (typeof parsed !== 'object' || parsed === null) return new Map()
    return new Map(
      Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    )
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return new Map()
    throw error
  }
}

function isAt(bytes: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let at = 0; at < wanted.length; at++) if (bytes[start + at] !== wanted[at]) return false
  return true
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && isAt(one, 0, other)
}

const ID_KEY = new TextEncoder().encode(',"id":"')
const QUOTE = 34
const BACKSLASH = 92

/** Where the id of a record stands: from `start` to `end`, without its quotes. */
export interface IdRange {
  start: number
  end: number
}

/** Finds the id of a record, from `from` on, and puts its place in `range`; answers whether there is one. */
export function findId(record: Uint8Array, from: number, range: IdRange): boolean {
  const end = record.length
  for (let at = from; at < end; at++) {
    if (record[at] !== COMMA || !isAt(record, at, ID_KEY)) continue
    range.start = at + ID_KEY.length
    range.end = range.start
    while (range.end < end && record[range.end] !== QUOTE)
      range.end += record[range.end] === BACKSLASH ? 2 : 1
    return range.end < end && range.end > range.start
  }
  return false
}
