import { FailureError } from '../../core/errors.ts'
import { RECORD_TYPES, recordTypeAt, type RecordType } from '../../core/record.ts'
import type { AppendFile, Files } from '../../runtime/runtime.ts'
import type { RejectedLine } from '../sink.ts'
import { dateOfDay, dayOf, type Partition } from './layout.ts'

/** The records of one partition, as lines in a file of their own. */
export interface Part {
  readonly partition: Partition
  readonly path: string
  readonly records: number
  readonly bytes: number
}

/** Files that one segment may fall into: four types and three exchanges on two days are 24. */
const PARTS_LIMIT = 200
/** Lines wait for so much before they are written. */
const BUFFER_BYTES = 256 * 1024
const NEWLINE = 10
const QUOTE = 34
const DIGIT_ZERO = 48
const TIME_DIGITS_LIMIT = 16

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const TYPE_KEY = encoder.encode('{"type":"')
const EXCHANGE_KEY = encoder.encode('","exchange":"')
const TIME_KEY = encoder.encode('"recv_time_us":')
/** By each byte, how far the end of `TIME_KEY` is from it: a search may go on by so much where it meets that byte. */
const TIME_KEY_STEPS = new Uint8Array(256).fill(TIME_KEY.length)
for (const [at, byte] of TIME_KEY.subarray(0, -1).entries()) TIME_KEY_STEPS[byte] = TIME_KEY.length - 1 - at
/** Becomes the name of a folder. */
const EXCHANGE = /^[a-z0-9_-]{1,40}$/
const TYPE_WORD_LIMIT = 64

interface OpenPart {
  /** What tells its lines: the type as an index into `RECORD_TYPES`, the UTC day, the exchange with its closing quote. */
  readonly code: number
  readonly day: number
  readonly exchange: Uint8Array
  readonly partition: Partition
  readonly path: string
  readonly file: AppendFile
  readonly buffer: Uint8Array
  buffered: number
  records: number
}

/** What the first line of a part says. */
interface Beginning {
  readonly code: number
  readonly type: RecordType
  readonly day: number
  readonly exchange: string | undefined
}

/**
 * Sorts the lines of a segment into one file a partition, by looking at their first bytes only. Lines of other types are no records
 * and are left out; a line that begins like nothing that the journal holds is rejected.
 */
export class Splitter {
  readonly #pathOf: (part: number) => string
  readonly #files: Files
  readonly #parts: OpenPart[] = []
  readonly #rejected: RejectedLine[] = []
  #records = 0

  /** `pathOf` names the file of each part, by number from 0. */
  constructor(pathOf: (part: number) => string, files: Files) {
    this.#pathOf = pathOf
    this.#files = files
  }

  /** Records so far, those that were rejected included. */
  get records(): number {
    return this.#records
  }

  get rejected(): readonly RejectedLine[] {
    return this.#rejected
  }

  /** Takes whole lines. */
  add(lines: Uint8Array): void {
    // A view as a Buffer: its search for bytes is native.
    const bytes = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength)
    for (let at = 0; at < bytes.length;) {
      const newline = bytes.indexOf(NEWLINE, at)
      const end = newline === -1 ? bytes.length : newline + 1
      this.#line(bytes, at, end)
      at = end
    }
  }

  /** Writes what waits, and answers the files. */
  finish(): readonly Part[] {
    return this.#parts.map((part) => {
      flush(part)
      part.file.close()
      const { partition, path, records, file } = part
      return { partition, path, records, bytes: file.sizeBytes }
    })
  }

  #line(bytes: Buffer, at: number, end: number): void {
    const code = startsWith(bytes, at, TYPE_KEY) ? recordTypeAt(bytes, at) : -1
    const type = RECORD_TYPES[code]
    if (type === undefined) {
      if (!isOtherType(bytes, at, end)) this.#reject(bytes, at, end)
      return
    }
    const keyAt = at + TYPE_KEY.length + type.length
    const exchangeAt = keyAt + EXCHANGE_KEY.length
    const day = receiveDay(bytes, at, end)
    if (day === undefined || !startsWith(bytes, keyAt, EXCHANGE_KEY)) {
      this.#reject(bytes, at, end)
      return
    }
    const part =
      this.#parts.find(
        (open) => open.code === code && open.day === day && startsWith(bytes, exchangeAt, open.exchange),
      ) ?? this.#open({ code, type, day, exchange: wordAt(bytes, exchangeAt, end) })
    if (part === undefined) {
      this.#reject(bytes, at, end)
      return
    }
    this.#records++
    put(part, bytes, at, end)
  }

  /** Begins a part; `undefined` where the exchange is none. */
  #open({ code, type, day, exchange }: Beginning): OpenPart | undefined {
    if (exchange === undefined) return undefined
    const number = this.#parts.length
    if (number === PARTS_LIMIT) {
      const text = `records of over ${PARTS_LIMIT} days, types and exchanges in one segment`
      throw new FailureError('corrupt', text, { retryable: false })
    }
    const path = this.#pathOf(number)
    const part = {
      code,
      day,
      exchange: encoder.encode(`${exchange}"`),
      partition: { type, date: dateOfDay(day), exchange },
      path,
      file: this.#files.openAppend(path),
      buffer: new Uint8Array(BUFFER_BYTES),
      buffered: 0,
      records: 0,
    }
    this.#parts.push(part)
    return part
  }

  #reject(bytes: Uint8Array, at: number, end: number): void {
    this.#records++
    const reason = 'the line does not begin as a record does, or has no receive time'
    this.#rejected.push({ bytes: bytes.slice(at, end), code: 'bad_record', reason })
  }
}

function put(part: OpenPart, bytes: Buffer, at: number, end: number): void {
  part.records++
  if (part.buffered + end - at > part.buffer.length) flush(part)
  if (end - at > part.buffer.length) part.file.append(bytes.subarray(at, end))
  // Not `set`: that takes a view of the line, an object for each.
  else part.buffered += bytes.copy(part.buffer, part.buffered, at, end)
}

function flush(part: OpenPart): void {
  if (part.buffered > 0) part.file.append(part.buffer.subarray(0, part.buffered))
  part.buffered = 0
}

function startsWith(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let index = 0; index < text.length; index++) if (bytes[at + index] !== text[index]) return false
  return true
}

/** `{"type":"batch",…`: a line that the journal holds for itself. */
function isOtherType(bytes: Uint8Array, at: number, end: number): boolean {
  if (!startsWith(bytes, at, TYPE_KEY)) return false
  const from = at + TYPE_KEY.length
  const word = decoder.decode(bytes.subarray(from, Math.min(end, from + TYPE_WORD_LIMIT)))
  return /^[a-z_]+"/.test(word)
}

/** The exchange whose name begins at `at`; `undefined` for what cannot be one. */
function wordAt(bytes: Uint8Array, at: number, end: number): string | undefined {
  const quote = bytes.indexOf(QUOTE, at)
  if (quote === -1 || quote >= end) return undefined
  const text = decoder.decode(bytes.subarray(at, quote))
  return EXCHANGE.test(text) ? text : undefined
}

/** The UTC day on which a record was received; `undefined` where it does not say. */
function receiveDay(bytes: Buffer, at: number, end: number): number | undefined {
  const from = timeAt(bytes, at, end)
  if (from === undefined) return undefined
  let timeUs = 0
  let digits = 0
  for (; digits <= TIME_DIGITS_LIMIT; digits++) {
    const digit = (bytes[from + digits] ?? 0) - DIGIT_ZERO
    if (digit < 0 || digit > 9) break
    timeUs = timeUs * 10 + digit
  }
  return digits > 0 && Number.isSafeInteger(timeUs) ? dayOf(timeUs) : undefined
}

/** Where the digits of the receive time begin. Horspool's search, in half of the time that the call of a native one takes for each line. */
function timeAt(bytes: Uint8Array, begin: number, end: number): number | undefined {
  const length = TIME_KEY.length
  for (let at = begin + length - 1; at < end; at += TIME_KEY_STEPS[bytes[at] ?? 0] ?? length) {
    if (startsWith(bytes, at + 1 - length, TIME_KEY)) return at + 1
  }
  return undefined
}
