import type { Config } from '../config/schema.ts'
import { FailureError } from '../core/errors.ts'
import { RECORD_TYPES } from '../core/record.ts'
import { Cursor, sinksOf } from '../journal/cursor.ts'
import { segmentFile, type SegmentName, segmentsOf } from '../journal/format.ts'
import { type Manifest, readManifest } from '../journal/manifest.ts'
import { JournalReader, type Place } from '../journal/reader.ts'
import { surveySegment } from '../journal/recovery.ts'
import { Tally } from '../journal/tally.ts'
import { tallyRecords } from '../journal/records.ts'
import type { Files } from '../runtime/runtime.ts'
import { digestAt } from '../runtime/sha256.ts'
import { SystemFiles } from '../runtime/system-files.ts'
import { timeText } from '../runtime/time-text.ts'
import { epochMicros } from '../core/units.ts'
import { EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { journalConfigs } from './journals.ts'
import { counted, size } from './screen.ts'
import { SequenceCheck } from './sequence-check.ts'

/** What can be done with a journal from outside; the collector may be writing it meanwhile. */
export const JOURNAL_ACTIONS = ['list', 'verify', 'print', 'audit'] as const
export type JournalAction = (typeof JOURNAL_ACTIONS)[number]

export interface JournalTask {
  readonly action: JournalAction
  readonly folder: string
  /** Numbers of segments; none: all of them. */
  readonly segments: readonly number[]
}

/** Does it with every journal of a configuration, one after the other. Answers the first exit code that is not `ok`. */
export async function inspectJournals(
  config: Config,
  { action, segments }: Omit<JournalTask, 'folder'>,
  io: Io,
): Promise<number> {
  const files = new SystemFiles()
  const journals = journalConfigs(config, files)
    .map(({ journal: { folder } }) => ({ folder, held: heldOf(segments, folder, files) }))
    .filter(
      ({ folder, held }) => files.sizeOf(folder) !== undefined && (held.length > 0 || segments.length === 0),
    )
  const [first] = journals
  const hasAll = segments.every((number) => journals.some(({ held }) => held.includes(number)))
  if (journals.length <= 1 || !hasAll) {
    return inspectJournal({ action, folder: first?.folder ?? config.journal.folder, segments }, io)
  }
  let exit: number = EXIT.ok
  for (const { folder, held } of journals) {
    // What is printed is for a program.
    if (action !== 'print') io.stdout.write(`${folder}:\n`)
    // oxlint-disable-next-line no-await-in-loop -- one after the other, as they are told
    const code = await inspectJournal({ action, folder, segments: held }, io)
    if (exit === EXIT.ok) exit = code
  }
  return exit
}

/** Those of `segments` that the journal has. */
function heldOf(segments: readonly number[], folder: string, files: Files): readonly number[] {
  if (segments.length === 0 || files.sizeOf(folder) === undefined) return []
  const numbers = new Set(segmentsOf(files.list(folder)).map(({ number }) => number))
  return segments.filter((number) => numbers.has(number))
}

/** Does it, and answers the exit code. */
export async function inspectJournal(task: JournalTask, io: Io): Promise<number> {
  const files = new SystemFiles()
  if (files.sizeOf(task.folder) === undefined) {
    io.stderr.write(`${task.folder}: there is no journal\n`)
    return EXIT.input
  }
  const segments = segmentsOf(files.list(task.folder)).filter(
    ({ number }) => task.segments.length === 0 || task.segments.includes(number),
  )
  const missing = task.segments.filter((number) => !segments.some((segment) => segment.number === number))
  for (const number of missing) io.stderr.write(`${task.folder}: has no segment ${number}\n`)
  if (missing.length > 0) return EXIT.input
  switch (task.action) {
    case 'list':
      return list(task.folder, segments, files, io)
    case 'verify':
      return verify(task.folder, segments, files, io)
    case 'print':
      return print(task.folder, segments, files, io)
    case 'audit':
      return audit(task.folder, files, io)
  }
}

function list(folder: string, segments: readonly SegmentName[], files: Files, io: Io): number {
  let bytes = 0
  for (const segment of segments) {
    const path = `${folder}/${segmentFile(segment)}`
    const manifest = segment.isSealed ? readManifest(files, folder, segment.stem) : undefined
    bytes += files.sizeOf(path) ?? 0
    io.stdout.write(
      `${segmentFile(segment)}  ${size(files.sizeOf(path) ?? 0)}  ${
        manifest === undefined ? 'being written' : manifestText(manifest)
      }\n`,
    )
  }
  io.stdout.write(`${counted(segments.length, 'segment')}, ${size(bytes)} in ${folder}\n`)
  for (const sink of sinksOf(folder, files)) {
    io.stdout.write(`${cursorText(Cursor.open(folder, sink, files), sink, segments)}\n`)
  }
  return EXIT.ok
}

const manifestText = ({ types, firstUs, lastUs, damagedBytes }: Manifest): string => {
  const parts = RECORD_TYPES.filter((type) => types.of(type) > 0).map((type) => `${types.of(type)} ${type}`)
  const times = firstUs === null || lastUs === null ? '' : `, ${clock(firstUs)} to ${clock(lastUs)}`
  const damage = damagedBytes === 0 ? '' : `, ${damagedBytes} bytes damaged`
  return `${parts.join(', ') || 'no records'}${times}${damage}`
}

const clock = (us: number): string => timeText(epochMicros(us))

function cursorText(cursor: Cursor, sink: string, segments: readonly SegmentName[]): string {
  const { segment, offset } = cursor.place
  const behind = segments.filter(
    ({ number }) => number > segment || (number === segment && offset === 0),
  ).length
  const losses = [
    ...(cursor.rejected.total > 0 ? [`${cursor.rejected.total} rejected`] : []),
    ...(cursor.lost.total > 0 ? [`${cursor.lost.total} lost`] : []),
  ]
  const rest = losses.length === 0 ? '' : `, ${losses.join(', ')}`
  const place = `segment ${segment}, byte ${offset}`
  return `sink ${sink}: ${cursor.delivered.total} records delivered${rest}, at ${place}, ${counted(behind, 'segment')} behind`
}

function verify(folder: string, segments: readonly SegmentName[], files: Files, io: Io): number {
  const sequences = new SequenceCheck()
  let faults = 0
  const tell = (segment: SegmentName, text: string): void => {
    faults++
    io.stdout.write(`${segmentFile(segment)}: ${text}\n`)
  }
  for (const listed of segments) {
    const segment = asItIs(folder, listed, files)
    // Retention may have removed it since the folder was listed.
    if (segment === undefined) continue
    for (const fault of faultsOf(folder, segment, files)) tell(segment, fault)
    for (const fault of sequences.take(readLines(folder, segment, files))) tell(segment, fault)
  }
  const records = sequences.records
  io.stdout.write(
    `${counted(segments.length, 'segment')}, ${counted(records, 'record')}, ${counted(sequences.streams, 'stream')}: ${
      faults === 0 ? 'whole' : counted(faults, 'fault')
    }\n`,
  )
  return faults === 0 ? EXIT.ok : EXIT.difference
}

/** A segment may be sealed after it was listed. */
function asItIs(folder: string, segment: SegmentName, files: Files): SegmentName | undefined {
  return [segment, { ...segment, isSealed: true }].find(
    (name) => files.sizeOf(`${folder}/${segmentFile(name)}`) !== undefined,
  )
}

function* faultsOf(folder: string, segment: SegmentName, files: Files): Generator<string> {
  const path = `${folder}/${segmentFile(segment)}`
  const survey = surveySegment(path, files)
  if (survey.damagedBytes > 0) yield `${survey.damagedBytes} bytes are not what was written`
  // What follows the last batch of a segment that is being written is a batch that is being written.
  if (!segment.isSealed) return
  const manifest = readManifest(files, folder, segment.stem)
  if (manifest === undefined) {
    yield 'has no manifest'
    return
  }
  const bytes = files.sizeOf(path) ?? 0
  if (bytes !== manifest.bytes) yield `has ${bytes} bytes, and ${manifest.bytes} by its manifest`
  if (!survey.types.equals(manifest.types)) {
    yield `holds ${JSON.stringify(survey.types)}, and ${JSON.stringify(manifest.types)} by its manifest`
  }
  if (digestAt(path, files).sha256 !== manifest.sha256) yield 'differs from the SHA-256 of its manifest'
}

async function print(
  folder: string,
  segments: readonly SegmentName[],
  files: Files,
  io: Io,
): Promise<number> {
  for (const segment of segments) {
    for (const records of readLines(folder, segment, files)) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as fast as they are read
      if (!(await isTaken(io, records))) return EXIT.ok
    }
  }
  return EXIT.ok
}

/** False once nobody reads any more: `print | head` is no fault. */
async function isTaken(io: Io, bytes: Uint8Array): Promise<boolean> {
  try {
    await io.stdout.writeBytes(bytes)
    return true
  } catch (failure) {
    if (failure instanceof FailureError && failure.code === 'unreachable') return false
    throw failure
  }
}

/** The records of one segment, batch by batch. */
function* readLines(folder: string, { number }: SegmentName, files: Files): Generator<Uint8Array> {
  const reader = new JournalReader(folder, files, { segment: number, offset: 0 })
  try {
    for (let reading = reader.next(); reading.kind !== 'end'; reading = reader.next()) {
      if (reading.to.segment !== number) return
      if (reading.kind === 'batch') yield reading.records
    }
  } finally {
    reader.close()
  }
}

/** Records journaled = delivered + skipped + rejected + lost, for each sink and type. */
function audit(folder: string, files: Files, io: Io): number {
  let faults = 0
  const sinks = sinksOf(folder, files)
  for (const sink of sinks) {
    const cursor = Cursor.open(folder, sink, files)
    const journaled = countUpTo(folder, cursor.place, files)
    const isRight = cursor.isBalanced && (journaled === undefined || journaled.equals(cursor.read))
    if (!isRight) faults++
    io.stdout.write(`${sink}: ${isRight ? 'every record is accounted for' : 'DOES NOT ADD UP'}\n`)
    io.stdout.write(auditTable(cursor, journaled))
  }
  if (sinks.length === 0) io.stdout.write(`${folder}: no sink has read it\n`)
  return faults === 0 ? EXIT.ok : EXIT.difference
}

function auditTable(cursor: Cursor, journaled: Tally | undefined): string {
  const { base, delivered, skipped, rejected, lost, withdrawn, read } = cursor
  const rows = RECORD_TYPES.filter((type) => read.of(type) > 0 || journaled?.of(type)).map((type) => {
    const parts = [
      `journaled ${(journaled ?? read).of(type) - base.of(type)}`,
      `delivered ${delivered.of(type)}`,
      `skipped ${skipped.of(type)}`,
      `rejected ${rejected.of(type)}`,
      `lost ${lost.of(type)}`,
      ...(withdrawn.of(type) > 0 ? [`withdrawn ${withdrawn.of(type)}`] : []),
    ]
    return `  ${type.padEnd(16)} ${parts.join('  ')}\n`
  })
  return rows.join('')
}

/** What the journal had taken up to `place`, counted from what it still has; `undefined` where that is gone. */
function countUpTo(folder: string, place: Place, files: Files): Tally | undefined {
  const count = new Tally()
  const segments = segmentsOf(files.list(folder))
  // A place at the begin of a segment that is not there yet is the end of the one before.
  const start = segments.findLast(({ number }) => number <= place.segment)
  if (start === undefined) return undefined
  const reader = new JournalReader(folder, files, { segment: start.number, offset: 0 })
  let isKnown = false
  try {
    for (let reading = reader.next(); reading.kind !== 'end'; reading = reader.next()) {
      const { segment, offset } = reading.to
      if (segment > place.segment || (segment === place.segment && offset > place.offset)) break
      if (reading.kind === 'segment') {
        count.set(reading.before)
        isKnown = true
      } else if (reading.kind === 'batch') tallyRecords(reading.records, count)
    }
  } finally {
    reader.close()
  }
  return isKnown ? count : undefined
}
