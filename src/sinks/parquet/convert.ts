import { FailureError } from '../../core/errors.ts'
import type { Files } from '../../runtime/runtime.ts'
import { digestAt } from '../../runtime/sha256.ts'
import type { RejectedLine, SealedSegment } from '../sink.ts'
import { Database } from './duckdb.ts'
import { draftPath, DRAFTS, LOCK, MANIFESTS, partitionFolder, segmentFileName, SPILL } from './layout.ts'
import { removeLeftovers } from './leftovers.ts'
import { readManifest, type StoredFile, writeManifest } from './manifest.ts'
import { keepGoodLines, writeParquet } from './part-writer.ts'
import { type Part, Splitter } from './splitter.ts'

/** What is to be converted, and how. Plain data: it is handed to a process. */
export interface ConvertJob {
  readonly segment: SealedSegment
  /** Folder of the store. */
  readonly store: string
  readonly memoryMb: number
}

export interface ConvertTools {
  readonly files: Files
  /** The whole lines of a segment, block by block; a block is good until the next one is taken. */
  blocks(path: string): Iterable<Uint8Array>
  /** Whether the segment is, to the last byte, what was sealed; otherwise the disk has damaged it. */
  isAsSealed(path: string): boolean
}

/**
 * Records of one segment that may be impossible to store. More of them are no poisoned records but a segment, or a program, that is
 * not what it should be: somebody has to look.
 */
const REJECTED_LIMIT = 1_000

/**
 * Two parts are written at a time, on two cores, where there is so much memory for each byte of the segment: twice what its lines take
 * that cannot be spilled, so that two parts find room wherever one would.
 */
const MEMORY_PER_BYTE = 6
/** Below this the buffers of two readers are too much already. */
const TWO_MEMORY_MB = 256

/**
 * Puts a sealed segment into the store; one that is there already stays as it is. May be killed at any moment and done again: files
 * get their names when they are complete and on the disk, and they count once the manifest, which is written last, names them.
 *
 * Throws `FailureError`: `locked` (another process converts), `disk`, `too_large` (out of memory), `corrupt` (the segment does not
 * hold what it should), `bad_record` (over `REJECTED_LIMIT` records cannot be stored).
 */
export async function convertSegment(job: ConvertJob, tools: ConvertTools): Promise<void> {
  const { files } = tools
  const unlock = files.lock(`${job.store}/${LOCK}`)
  try {
    removeLeftovers(files, job.store)
    if (readManifest(files, job.store, job.segment.number) !== undefined) return
    files.makeFolder(`${job.store}/${DRAFTS}`)
    files.makeFolder(`${job.store}/${MANIFESTS}`)
    await convert(job, tools)
    removeLeftovers(files, job.store)
  } finally {
    unlock()
  }
}

async function convert(job: ConvertJob, tools: ConvertTools): Promise<void> {
  const { segment, store } = job
  const { files } = tools
  // They open on other threads, while this one sorts the lines.
  const opening = openDatabases(job, files)
  try {
    const splitter = new Splitter((part) => `${store}/${draftPath(segment.number, `${part}.ndjson`)}`, files)
    for (const block of tools.blocks(segment.path)) splitter.add(block)
    const parts = splitter.finish()
    expectRecords(segment, splitter.records, tools)
    const written = await writeParts(parts, await opening, { store, segment, files })
    const rejected = [...splitter.rejected, ...written.flatMap((part) => part.rejected)]
    if (rejected.length > REJECTED_LIMIT) refuseSegment(segment, rejected)
    const stored = written.flatMap(({ file }) => file ?? [])
    expectRows(segment, splitter.records, { stored, rejected })
    writeManifest(files, store, {
      segment: segment.number,
      source: fileName(segment.path),
      records: splitter.records,
      files: stored,
      rejected: rejected.map(({ bytes, reason }) => ({
        line: Buffer.from(bytes).toString('latin1'),
        reason,
      })),
    })
  } finally {
    for (const database of await opening) database.close()
  }
}

/**
 * Connections to one database, as many as parts are to be written at a time. Each statement has one thread, so that the same records
 * always make the same bytes.
 */
async function openDatabases(
  { memoryMb, segment, store }: ConvertJob,
  files: Files,
): Promise<readonly Database[]> {
  const first = await Database.open({ memoryMb, threads: 1, spillFolder: `${store}/${SPILL}` })
  const needMb = ((files.sizeOf(segment.path) ?? 0) * MEMORY_PER_BYTE) / 1e6
  return memoryMb < Math.max(TWO_MEMORY_MB, needMb) ? [first] : [first, await first.beside()]
}

interface Writing {
  readonly store: string
  readonly segment: SealedSegment
  readonly files: Files
}

/** What became of a part. */
interface Written {
  /** `undefined` where none of its records can be stored. */
  readonly file: StoredFile | undefined
  readonly rejected: readonly RejectedLine[]
}

/**
 * Makes the files of the parts, as many at a time as there are databases: the largest first, so that they end at about the same time.
 * Answers in the order of `parts`. Settles only when no database is in use any more; one part that fails leaves the rest undone.
 */
async function writeParts(
  parts: readonly Part[],
  databases: readonly Database[],
  writing: Writing,
): Promise<readonly Written[]> {
  const written = new Map<Part, Written>()
  const waiting = parts.toSorted((one, other) => other.bytes - one.bytes)
  const writers = databases.map(async (database) => {
    try {
      for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
        // oxlint-disable-next-line no-await-in-loop -- a writer has one part at a time
        written.set(part, await writePart(part, database, { ...writing, number: parts.indexOf(part) }))
      }
    } finally {
      waiting.length = 0
    }
  })
  await Promise.allSettled(writers)
  await Promise.all(writers)
  return parts.flatMap((part) => written.get(part) ?? [])
}

/** Makes the file of the part that is `number` among the parts of its segment. */
async function writePart(
  part: Part,
  database: Database,
  { number, ...writing }: Writing & { readonly number: number },
): Promise<Written> {
  const draft = `${writing.store}/${draftPath(writing.segment.number, `${number}.parquet`)}`
  const { rows, rejected } = await writeDraft(draft, part, database, writing.files)
  return { file: rows === 0 ? undefined : publish(part, draft, { ...writing, rows }), rejected }
}

/** Writes the records of a part to the file `draft`, without those that cannot be stored. */
async function writeDraft(
  draft: string,
  { partition: { type }, path, records }: Part,
  database: Database,
  files: Files,
): Promise<{ readonly rows: number; readonly rejected: readonly RejectedLine[] }> {
  try {
    return { rows: await writeParquet(database, { type, lines: path, records }, draft), rejected: [] }
  } catch (failure) {
    if (!(failure instanceof FailureError) || failure.code !== 'bad_record') throw failure
  }
  const good = `${path}.good`
  const kept = keepGoodLines(files, { type, lines: path, good })
  const lines = { type, lines: good, records: kept.records }
  const rows = kept.records === 0 ? 0 : await writeParquet(database, lines, draft)
  return { rows, rejected: kept.rejected }
}

/** Gives a finished file its name. When it returns, the file is on the disk under it. */
function publish(
  { partition }: Part,
  draft: string,
  { store, segment, files, rows }: Writing & { readonly rows: number },
): StoredFile {
  const file = files.openAppend(draft)
  try {
    file.sync()
  } finally {
    file.close()
  }
  const { bytes, sha256 } = digestAt(draft, files)
  const folder = partitionFolder(partition)
  const path = `${folder}/${segmentFileName(segment.number)}`
  files.makeFolder(`${store}/${folder}`)
  files.rename(draft, `${store}/${path}`)
  return { path, type: partition.type, rows, bytes, sha256 }
}

/** What the journal says that the segment holds must be what was found; where the disk has damaged it, it may be less. */
function expectRecords(
  { path, records }: SealedSegment,
  found: number,
  tools: Pick<ConvertTools, 'isAsSealed'>,
): void {
  if (found === records || (found < records && !tools.isAsSealed(path))) return
  throw new FailureError('corrupt', `${path}: ${found} records where there should be ${records}`, {
    retryable: false,
  })
}

/** Every record is in a file or among those that were rejected. */
function expectRows(
  { path }: SealedSegment,
  records: number,
  {
    stored,
    rejected,
  }: { readonly stored: readonly StoredFile[]; readonly rejected: readonly RejectedLine[] },
): void {
  const kept = stored.reduce((sum, { rows }) => sum + rows, 0)
  if (kept + rejected.length === records) return
  const text = `${path}: ${kept} rows and ${rejected.length} rejected of ${records} records`
  throw new FailureError('corrupt', text, { retryable: false })
}

function refuseSegment({ path }: SealedSegment, rejected: readonly RejectedLine[]): never {
  const text = `${path}: over ${REJECTED_LIMIT} records cannot be stored, the first of them: ${rejected[0]?.reason}`
  throw new FailureError('bad_record', text, { retryable: false })
}

/** What follows the last slash of a path. */
export const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
