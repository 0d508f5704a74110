import { FailureError } from '../core/errors.ts'
import { epochMicros } from '../core/units.ts'
import type { Files } from '../runtime/runtime.ts'
import { digestAt } from '../runtime/sha256.ts'
import type { Emit } from '../telemetry/events.ts'
import {
  BATCH_BEGIN,
  beginBatch,
  MANIFEST_SUFFIX,
  readBegin,
  SEALED_SUFFIX,
  segmentFile,
  type SegmentName,
  segmentsOf,
} from './format.ts'
import { unlessPassing } from './keeper.ts'
import { type Manifest, readSoundManifest, writeManifest } from './manifest.ts'
import { tallyRecords } from './records.ts'
import { BatchScanner } from './scanner.ts'
import { Tally } from './tally.ts'

/** Where a writer goes on: the highest number in use, and what the journal has taken so far. */
export interface JournalEnd {
  readonly number: number
  readonly total: Tally
}

/** What is whole in a segment. */
export interface Survey {
  /** End of the last sound batch. */
  readonly endBytes: number
  readonly damagedBytes: number
  readonly types: Tally
  /** From the begin of the segment; `undefined` where that cannot be read. */
  readonly before: Tally | undefined
  readonly firstUs: number | null
  readonly lastUs: number | null
}

/** Torn ends of segments are kept here, for whoever wants to know. */
const TORN = 'torn'
/** So many of them, the newest, and so much of each: a crash leaves one batch as a rule. */
const TORN_LIMIT = 20
const TORN_BYTES_LIMIT = 16 * 1024 * 1024

/**
 * Makes whole what an earlier process left: segments that it was writing are cut behind their last sound batch and sealed. What is
 * cut goes to the folder `torn`. No number is ever given twice: a cursor may stand in it. Throws `FailureError` with code `corrupt`
 * for files that are no journal of this format.
 */
export function recoverJournal(folder: string, files: Files, emit: Emit): JournalEnd {
  let end: JournalEnd = { number: 0, total: new Tally() }
  const names = files.list(folder)
  // A manifest that was being written when the process ended.
  for (const name of names) if (name.endsWith(`${MANIFEST_SUFFIX}.tmp`)) files.remove(`${folder}/${name}`)
  for (const segment of segmentsOf(names)) end = recoverSegment(folder, segment, { files, emit, end })
  return end
}

/** Reads all of a segment. */
export function surveySegment(path: string, files: Files): Survey {
  const file = files.openRead(path)
  if (file === undefined) throw new FailureError('disk', `${path}: is gone`, { retryable: true })
  try {
    const scanner = new BatchScanner(file)
    const types = new Tally()
    const survey = { endBytes: 0, damagedBytes: 0, firstUs: Infinity, lastUs: -Infinity }
    let before: Tally | undefined
    for (let found = scanner.next(); found.kind !== 'end'; found = scanner.next()) {
      if (found.kind === 'damaged') {
        survey.damagedBytes += found.end - found.at
        continue
      }
      const { header, records, at, end } = found
      survey.endBytes = end
      if (at === 0) before = readBegin(records)?.before
      if (header.records === 0) continue
      tallyRecords(records, types)
      survey.firstUs = Math.min(survey.firstUs, header.firstUs)
      survey.lastUs = Math.max(survey.lastUs, header.lastUs)
    }
    const { firstUs, lastUs } = survey
    const times = firstUs === Infinity ? { firstUs: null, lastUs: null } : { firstUs, lastUs }
    return { ...survey, ...times, types, before }
  } finally {
    file.close()
  }
}

interface Recovering {
  readonly files: Files
  readonly emit: Emit
  /** Where the segment before it ended. */
  readonly end: JournalEnd
}

function recoverSegment(folder: string, segment: SegmentName, given: Recovering): JournalEnd {
  const { files, emit, end } = given
  const { number, stem } = segment
  const manifest = segment.isSealed ? readSoundManifest(files, folder, stem) : undefined
  if (manifest !== undefined) return endOf(manifest)
  const path = `${folder}/${segmentFile(segment)}`
  expectJournal(path, files)
  let survey = surveySegment(path, files)
  const cutBytes = (files.sizeOf(path) ?? 0) - survey.endBytes
  if (cutBytes > 0) cutTail(folder, { path, stem, endBytes: survey.endBytes }, files)
  emit({
    type: 'segment_recovered',
    path,
    records: survey.types.total,
    cutBytes,
    damagedBytes: survey.damagedBytes,
  })
  if (survey.endBytes === 0) {
    append(path, beginBatch({ number, before: end.total }, epochMicros(0)), files)
    survey = surveySegment(path, files)
  }
  const { types, damagedBytes, firstUs, lastUs } = survey
  const recovered: Manifest = {
    number,
    bytes: survey.endBytes,
    records: types.total,
    types,
    before: survey.before ?? end.total,
    firstUs,
    lastUs,
    damagedBytes,
    sha256: digestAt(path, files).sha256,
  }
  writeManifest(files, folder, stem, recovered)
  if (!segment.isSealed) files.rename(path, `${folder}/${stem}${SEALED_SUFFIX}`)
  return endOf(recovered)
}

function endOf({ number, before, types }: Manifest): JournalEnd {
  const total = before.copy()
  total.add(types)
  return { number, total }
}

/** A file of the right name that holds something else is not ours to cut. What a crash leaves before the first write is empty or zeros. */
function expectJournal(path: string, files: Files): void {
  const file = files.openRead(path)
  if (file === undefined) return
  try {
    const begin = new Uint8Array(BATCH_BEGIN.length)
    const read = file.read(begin, 0)
    const isOurs = begin.subarray(0, read).every((byte, at) => byte === 0 || byte === BATCH_BEGIN[at])
    if (isOurs) return
  } finally {
    file.close()
  }
  const advice = 'it is no segment of this format; move it out of the folder'
  throw new FailureError('corrupt', `${path}: ${advice}`, { retryable: false })
}

function cutTail(
  folder: string,
  torn: { readonly path: string; readonly stem: string; readonly endBytes: number },
  files: Files,
): void {
  // Only for curiosity: what cannot be kept on a full disk is let go.
  unlessPassing(() => keepTail(`${folder}/${TORN}`, torn, files))
  const file = files.openAppend(torn.path)
  try {
    file.truncate(torn.endBytes)
    file.sync()
  } finally {
    file.close()
  }
}

function keepTail(
  folder: string,
  { path, stem, endBytes }: { readonly path: string; readonly stem: string; readonly endBytes: number },
  files: Files,
): void {
  files.makeFolder(folder)
  for (const name of files.list(folder).slice(0, -(TORN_LIMIT - 1))) files.remove(`${folder}/${name}`)
  const tail = new Uint8Array(Math.min(TORN_BYTES_LIMIT, (files.sizeOf(path) ?? 0) - endBytes))
  const file = files.openRead(path)
  try {
    file?.read(tail, endBytes)
  } finally {
    file?.close()
  }
  files.replace(`${folder}/${stem}-${endBytes}`, tail)
}

function append(path: string, bytes: Uint8Array, files: Files): void {
  const file = files.openAppend(path)
  try {
    file.append(bytes)
    file.sync()
  } finally {
    file.close()
  }
}
