import { FailureError } from '../core/errors.ts'
import type { Files } from '../runtime/runtime.ts'
import { MANIFEST_SUFFIX } from './format.ts'
import { Tally } from './tally.ts'

/** What is known of a sealed segment. Written before the segment is sealed, so a sealed segment has one. */
export interface Manifest {
  readonly number: number
  readonly bytes: number
  readonly records: number
  /** Records of this segment, and of all before it. */
  readonly types: Tally
  readonly before: Tally
  /** Receive time of the first and of the last record; `null` where there is none. */
  readonly firstUs: number | null
  readonly lastUs: number | null
  /** Bytes in which no batch can be read: damage on the disk. 0 as a rule. */
  readonly damagedBytes: number
  /** Of the whole file, as `sha256sum` prints it. */
  readonly sha256: string
}

export function writeManifest(files: Files, folder: string, stem: string, manifest: Manifest): void {
  const { number, bytes, records, types, before, firstUs, lastUs, damagedBytes, sha256 } = manifest
  const json = {
    segment: `${stem}.ndjson`,
    number,
    bytes,
    records,
    first_us: firstUs,
    last_us: lastUs,
    types,
    before,
    damaged_bytes: damagedBytes,
    sha256,
  }
  files.replace(
    `${folder}/${stem}${MANIFEST_SUFFIX}`,
    new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`),
  )
}

/** The manifest of a segment; `undefined` where there is none. Throws `FailureError` with code `corrupt` for what is not one. */
export function readManifest(files: Files, folder: string, stem: string): Manifest | undefined {
  const path = `${folder}/${stem}${MANIFEST_SUFFIX}`
  if (files.sizeOf(path) === undefined) return undefined
  try {
    const facts = new Map<string, unknown>(
      Object.entries(Object(JSON.parse(new TextDecoder().decode(files.read(path))))),
    )
    return {
      number: integer(facts, 'number'),
      bytes: integer(facts, 'bytes'),
      records: integer(facts, 'records'),
      types: Tally.from(facts.get('types')),
      before: Tally.from(facts.get('before')),
      firstUs: facts.get('first_us') === null ? null : integer(facts, 'first_us'),
      lastUs: facts.get('last_us') === null ? null : integer(facts, 'last_us'),
      damagedBytes: integer(facts, 'damaged_bytes'),
      sha256: String(facts.get('sha256')),
    }
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof TypeError)) throw cause
    throw new FailureError('corrupt', `${path}: ${cause.message}`, { retryable: false, cause })
  }
}

/** The manifest of a segment; `undefined` also for one that cannot be read: it can be made anew from its segment. */
export function readSoundManifest(files: Files, folder: string, stem: string): Manifest | undefined {
  try {
    return readManifest(files, folder, stem)
  } catch (failure) {
    if (failure instanceof FailureError && failure.code === 'corrupt') return undefined
    throw failure
  }
}

function integer(facts: ReadonlyMap<string, unknown>, key: string): number {
  const value = facts.get(key)
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new TypeError(`${key}: not a number`)
  return value
}
