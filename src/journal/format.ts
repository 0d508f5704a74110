import type { EpochMicros } from '../core/units.ts'
import { timeText } from '../runtime/time-text.ts'
import { crc32c } from './crc32c.ts'
import { Tally } from './tally.ts'

/**
 * How a segment is written: docs/decisions/0004-journal-format.md. Every batch is one header line of `HEADER_BYTES` bytes and then
 * its records:
 *
 *     {"type":"batch","crc32c":"1a2b3c4d","bytes":48213,"records":161,"first_us":1764359425123456,"last_us":1764359425124001   }
 */
export const HEADER_BYTES = 136

/** Longest batch that is believed: a record of the largest frame that the feed takes is far below. */
export const BATCH_MAX_BYTES = 64 * 1024 * 1024

/** A segment that is still being written ends so; sealed ones in `.ndjson`. */
export const OPEN_SUFFIX = '.ndjson.open'
export const SEALED_SUFFIX = '.ndjson'
/** What is known of a sealed segment stands beside it, under the same name with this ending. */
export const MANIFEST_SUFFIX = '.manifest.json'

const NAME = /^(\d{8})-\d{8}T\d{6}(\.ndjson|\.ndjson\.open)$/
const CRC_AT = '{"type":"batch","crc32c":"'.length
const CRC_DIGITS = 8
/** The checksum covers what follows its own closing quote. */
const COVERED_AT = CRC_AT + CRC_DIGITS + 1
const HEADER =
  /^\{"type":"batch","crc32c":"([0-9a-f]{8})","bytes":(\d{1,9}),"records":(\d{1,9}),"first_us":(\d{1,16}),"last_us":(\d{1,16}) *\}\n$/
/** Where a batch may begin: at its file's begin, or anywhere after a newline. */
export const BATCH_BEGIN = new TextEncoder().encode('{"type":"batch","crc32c":"')

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** What a header line says of the records after it. */
export interface BatchHeader {
  readonly crc: number
  /** Of the records, without the header. */
  readonly bytes: number
  readonly records: number
  /** Receive time of the first and of the last record. */
  readonly firstUs: number
  readonly lastUs: number
}

/** One segment in a folder, by its name. */
export interface SegmentName {
  readonly number: number
  /** Without ending: `00000042-20261125T191530`. */
  readonly stem: string
  readonly isSealed: boolean
}

/** What stands at the beginning of a segment. */
export interface SegmentBegin {
  readonly number: number
  /** Records that the journal had taken before this segment. */
  readonly before: Tally
}

/** `undefined` for a file that is no segment. */
export function segmentName(file: string): SegmentName | undefined {
  const match = NAME.exec(file)
  if (match === null) return undefined
  const stem = file.slice(0, file.indexOf('.'))
  return { number: Number(match[1]), stem, isSealed: match[2] === SEALED_SUFFIX }
}

/** Name without ending of segment `number`, whose first record came at `firstUs`. */
export function segmentStem(number: number, firstUs: EpochMicros): string {
  return `${String(number).padStart(8, '0')}-${timeText(firstUs).replace(/[-:]|\.\d+Z/g, '')}`
}

/** Segments of a folder listing, by number. A segment that is both open and sealed (a crash in between) counts as open. */
export function segmentsOf(files: readonly string[]): readonly SegmentName[] {
  const byNumber = new Map<number, SegmentName>()
  for (const file of files) {
    const name = segmentName(file)
    if (name !== undefined && byNumber.get(name.number)?.isSealed !== false) byNumber.set(name.number, name)
  }
  return [...byNumber.values()].toSorted((a, b) => a.number - b.number)
}

/** File name of a segment. */
export const segmentFile = ({ stem, isSealed }: Pick<SegmentName, 'stem' | 'isSealed'>): string =>
  stem + (isSealed ? SEALED_SUFFIX : OPEN_SUFFIX)

/** Fills the first `HEADER_BYTES` of `batch`, whose records are in the bytes from there to `end`. */
export function sealBatch(batch: Uint8Array, end: number, facts: Omit<BatchHeader, 'crc' | 'bytes'>): void {
  const text =
    `{"type":"batch","crc32c":"00000000","bytes":${end - HEADER_BYTES},"records":${facts.records},` +
    `"first_us":${facts.firstUs},"last_us":${facts.lastUs}`
  encoder.encodeInto(`${text.padEnd(HEADER_BYTES - 2)}}\n`, batch)
  const crc = crc32c(batch, COVERED_AT, end)
  encoder.encodeInto(crc.toString(16).padStart(CRC_DIGITS, '0'), batch.subarray(CRC_AT))
}

/** The header at `at`; `undefined` where there is none. Says nothing yet of the records after it. */
export function readHeader(bytes: Uint8Array, at: number): BatchHeader | undefined {
  const match = HEADER.exec(decoder.decode(bytes.subarray(at, at + HEADER_BYTES)))
  if (match === null || match[0].length !== HEADER_BYTES) return undefined
  const [, crc = '', size, records, firstUs, lastUs] = match
  if (Number(size) > BATCH_MAX_BYTES) return undefined
  return {
    crc: Number.parseInt(crc, 16),
    bytes: Number(size),
    records: Number(records),
    firstUs: Number(firstUs),
    lastUs: Number(lastUs),
  }
}

/** Whether the batch that begins at `at`, header and records, is what was written. */
export function isSound(bytes: Uint8Array, at: number, { crc, bytes: size }: BatchHeader): boolean {
  return crc32c(bytes, at + COVERED_AT, at + HEADER_BYTES + size) === crc
}

/** The batch that begins a segment: one line of type `segment`, which is no record. */
export function beginBatch({ number, before }: SegmentBegin, firstUs: EpochMicros): Uint8Array {
  const line = encoder.encode(`${JSON.stringify({ type: 'segment', format: 1, number, before })}\n`)
  const bytes = new Uint8Array(HEADER_BYTES + line.length)
  bytes.set(line, HEADER_BYTES)
  sealBatch(bytes, bytes.length, { records: 0, firstUs, lastUs: firstUs })
  return bytes
}

/** Reads the line of `beginBatch`; `undefined` for anything else. */
export function readBegin(line: Uint8Array): SegmentBegin | undefined {
  try {
    const json: unknown = JSON.parse(decoder.decode(line))
    const facts = new Map<string, unknown>(Object.entries(Object(json)))
    const number = facts.get('number')
    if (facts.get('type') !== 'segment' || facts.get('format') !== 1 || typeof number !== 'number')
      return undefined
    return { number, before: Tally.from(facts.get('before')) }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}
