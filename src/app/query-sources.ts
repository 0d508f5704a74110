import { join } from 'node:path'
import type { RecordPlace } from '../config/selection.ts'
import { FailureError } from '../core/errors.ts'
import { RECORD_TYPES, type RecordType } from '../core/record.ts'
import { segmentFile, type SegmentName, segmentsOf } from '../journal/format.ts'
import { readManifest } from '../journal/manifest.ts'
import { BatchScanner } from '../journal/scanner.ts'
import type { Files } from '../runtime/runtime.ts'
import { readManifests, type StoreManifest } from '../sinks/parquet/manifest.ts'
import type { ViewSources } from '../sinks/parquet/views.ts'

/** Where records are, and where copies of what is still being written may go. */
export interface Places extends RecordPlace {
  readonly scratch: string
}

/** Listings until two in a row agree, and until no file went away meanwhile: each collector makes a segment a minute at most. */
const TRIES = 20

/** The files of several places; no record is in two of them. A folder of its own below `scratch` for the copies of each. */
export function findAllSources(
  places: readonly RecordPlace[],
  scratch: string,
  files: Files,
): ReadonlyMap<RecordType, ViewSources> {
  const found = places.map((place, at) => {
    const own = join(scratch, `${at}`)
    files.makeFolder(own)
    return findSources({ ...place, scratch: own }, files)
  })
  return new Map(
    RECORD_TYPES.map((type) => [
      type,
      {
        parquet: found.flatMap((sources) => sources.get(type)?.parquet ?? []),
        lines: found.flatMap((sources) => sources.get(type)?.lines ?? []),
      },
    ]),
  )
}

/**
 * The files that together hold every record of a place exactly once: a segment that has its manifest in the store is read from there, any other
 * from the journal. Of the segment that is being written, the batches that are whole at this moment are copied.
 */
export function findSources(places: Places, files: Files): ReadonlyMap<RecordType, ViewSources> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    // The journal first: a segment that moves to the store between the two listings is then in both, and is taken from the store.
    const segments = listSegments(places.journal, files)
    const manifests = readManifests(files, places.store)
    const lines = linesOf(segments, manifests, places, files)
    if (lines !== undefined) return sourcesOf(manifests, lines, places.store)
  }
  throw new FailureError('disk', `${places.journal}: its segments change faster than they can be listed`, {
    retryable: true,
  })
}

/** The segments of the journal. A file that is renamed during a listing may be missed by it: hence two that agree. */
function listSegments(folder: string, files: Files): readonly SegmentName[] {
  if (files.sizeOf(folder) === undefined) return []
  let before = segmentsOf(files.list(folder))
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const segments = segmentsOf(files.list(folder))
    if (segments.map(segmentFile).join() === before.map(segmentFile).join()) return segments
    before = segments
  }
  return before
}

/** Files of lines of the segments that are not in the store; `undefined` where one went away: it must be looked for again. */
function linesOf(
  segments: readonly SegmentName[],
  manifests: readonly StoreManifest[],
  places: Places,
  files: Files,
): readonly string[] | undefined {
  const stored = new Set(manifests.map(({ source }) => source))
  const paths: string[] = []
  for (const segment of segments) {
    if (stored.has(segmentFile({ ...segment, isSealed: true }))) continue
    const path = isReadable(segment, places.journal, files)
      ? join(places.journal, segmentFile(segment))
      : copyWhole(segment, places, files)
    if (path === undefined) return undefined
    paths.push(path)
  }
  return paths
}

/** Whether the file can be read as it is: it is sealed, and all of it is what was written. */
const isReadable = ({ isSealed, stem }: SegmentName, journal: string, files: Files): boolean =>
  isSealed && readManifest(files, journal, stem)?.damagedBytes === 0

/** Copies the batches of a segment that are whole; `undefined` where it is gone. */
function copyWhole(segment: SegmentName, { journal, scratch }: Places, files: Files): string | undefined {
  const source = files.openRead(join(journal, segmentFile(segment)))
  if (source === undefined) return undefined
  const path = join(scratch, `${segment.stem}.ndjson`)
  files.remove(path)
  const target = files.openAppend(path)
  try {
    const scanner = new BatchScanner(source)
    for (let found = scanner.next(); found.kind !== 'end'; found = scanner.next()) {
      if (found.kind === 'batch') target.append(found.records)
    }
    return path
  } finally {
    target.close()
    source.close()
  }
}

function sourcesOf(
  manifests: readonly StoreManifest[],
  lines: readonly string[],
  store: string,
): ReadonlyMap<RecordType, ViewSources> {
  const parquet = new Map<RecordType, string[]>(RECORD_TYPES.map((type) => [type, []]))
  for (const manifest of manifests) {
    for (const { type, path } of manifest.files) parquet.get(type)?.push(join(store, path))
  }
  return new Map(RECORD_TYPES.map((type) => [type, { parquet: parquet.get(type) ?? [], lines }]))
}
