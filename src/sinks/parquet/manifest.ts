import { FailureError } from '../../core/errors.ts'
import { RECORD_TYPES, type RecordType } from '../../core/record.ts'
import type { Files } from '../../runtime/runtime.ts'
import { manifestPath, MANIFESTS, segmentOfManifest } from './layout.ts'

/** One Parquet file of a segment. */
export interface StoredFile {
  /** From the folder of the store. */
  readonly path: string
  readonly type: RecordType
  readonly rows: number
  readonly bytes: number
  /** Of the whole file, as `sha256sum` prints it. */
  readonly sha256: string
}

/** A record of the segment that is not in the store. */
export interface RejectedText {
  /** The line, one character a byte, so that bytes which are no text stay what they are. */
  readonly line: string
  readonly reason: string
}

/** What the store holds of a segment. A segment is in the store exactly when its manifest is. */
export interface StoreManifest {
  readonly segment: number
  /** File name of the segment in the journal. */
  readonly source: string
  /** Records of the segment: the rows of all files, and what was rejected. */
  readonly records: number
  readonly files: readonly StoredFile[]
  readonly rejected: readonly RejectedText[]
}

/** Written last: with it the segment is in the store. */
export function writeManifest(files: Files, store: string, manifest: StoreManifest): void {
  const json = { format: 1, ...manifest }
  files.replace(
    `${store}/${manifestPath(manifest.segment)}`,
    new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`),
  )
}

/** `undefined` where the segment is not in the store. Throws `FailureError` with code `corrupt` for what is no manifest. */
export function readManifest(files: Files, store: string, segment: number): StoreManifest | undefined {
  const path = `${store}/${manifestPath(segment)}`
  if (files.sizeOf(path) === undefined) return undefined
  try {
    return manifestFrom(JSON.parse(new TextDecoder().decode(files.read(path))))
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof TypeError)) throw cause
    throw new FailureError('corrupt', `${path}: ${cause.message}`, { retryable: false, cause })
  }
}

/** Every segment that is in the store, by number. */
export function readManifests(files: Files, store: string): readonly StoreManifest[] {
  const folder = `${store}/${MANIFESTS}`
  if (files.sizeOf(folder) === undefined) return []
  return files
    .list(folder)
    .flatMap((name) => segmentOfManifest(name) ?? [])
    .toSorted((one, other) => one - other)
    .flatMap((segment) => readManifest(files, store, segment) ?? [])
}

function manifestFrom(json: unknown): StoreManifest {
  const facts = factsOf(json)
  if (facts.get('format') !== 1) throw new TypeError('not of format 1')
  return {
    segment: count(facts, 'segment'),
    source: text(facts, 'source'),
    records: count(facts, 'records'),
    files: list(facts, 'files').map(fileFrom),
    rejected: list(facts, 'rejected').map((entry) => ({
      line: text(entry, 'line'),
      reason: text(entry, 'reason'),
    })),
  }
}

function fileFrom(facts: Facts): StoredFile {
  const type = RECORD_TYPES.find((name) => name === facts.get('type'))
  if (type === undefined) throw new TypeError('type: no type of record')
  return {
    path: text(facts, 'path'),
    type,
    rows: count(facts, 'rows'),
    bytes: count(facts, 'bytes'),
    sha256: text(facts, 'sha256'),
  }
}

type Facts = ReadonlyMap<string, unknown>

function factsOf(json: unknown): Facts {
  if (typeof json !== 'object' || json === null) throw new TypeError('no object')
  return new Map<string, unknown>(Object.entries(json))
}

function text(facts: Facts, key: string): string {
  const value = facts.get(key)
  if (typeof value !== 'string') throw new TypeError(`${key}: no text`)
  return value
}

function count(facts: Facts, key: string): number {
  const value = facts.get(key)
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new TypeError(`${key}: no count`)
  return value
}

function list(facts: Facts, key: string): readonly Facts[] {
  const value = facts.get(key)
  if (!Array.isArray(value)) throw new TypeError(`${key}: no list`)
  return value.map(factsOf)
}
