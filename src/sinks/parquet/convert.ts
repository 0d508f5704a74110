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

async function convert({ segment, store, memoryMb }: ConvertJob, tools: ConvertTools): Promise<void> {
  const { files } = tools
  const splitter = new Splitter((part) => `${store}/${draftPath(segment.number, `${part}.ndjson`)}`, files)
  for (const block of tools.blocks(segment.path)) splitter.add(block)
  const parts = splitter.finish()
  expectRecords(segment, splitter.records, tools)
  const rejected = [...splitter.rejected]
  // One thread: the collector needs the other cores more, and the same records always make the same bytes.
  const options = { memoryMb, threads: 1, spillFolder: `${store}/${SPILL}` }
  const database = await Database.open(options)
  const stored: StoredFile[] = []
  try {
    for (const part of parts) {
      // One after the other: each may take all of the memory that there is.
      // oxlint-disable-next-line no-await-in-loop -- see above
      const { rows, draft } = await writePart(part, { store, segment, database, files, rejected })
      if (rows > 0) stored.push(publish(part, draft, { store, segment, files, rows }))
      if (rejected.length > REJECTED_LIMIT) refuseSegment(segment, rejected)
    }
  } finally {
    database.close()
  }
  const kept = stored.reduce((sum, { rows }) => sum + rows, 0)
  if (kept + rejected.length !== splitter.records) {
    const text = `${segment.path}: ${kept} rows and ${rejected.length} rejected of ${splitter.records} records`
    throw new FailureError('corrupt', text, { retryable: false })
  }
  writeManifest(files, store, {
    segment: segment.number,
    source: fileName(segment.path),
    records: splitter.records,
    files: stored,
    rejected: rejected.map(({ bytes, reason }) => ({ line: Buffer.from(bytes).toString('latin1'), reason })),
  })
}

interface Writing {
  readonly store: string
  readonly segment: SealedSegment
  readonly database: Database
  readonly files: Files
  /** Grows by what cannot be stored. */
  readonly rejected: RejectedLine[]
}

/** Makes the file of a part under a draft's name; answers its rows. */
async function writePart(
  part: Part,
  { store, segment, database, files, rejected }: Writing,
): Promise<{ readonly rows: number; readonly draft: string }> {
  const draft = `${store}/${draftPath(segment.number, `${part.partition.type}.parquet`)}`
  const { type } = part.partition
  try {
    return {
      rows: await writeParquet(database, { type, lines: part.path, records: part.records }, draft),
      draft,
    }
  } catch (failure) {
    if (!(failure instanceof FailureError) || failure.code !== 'bad_record') throw failure
  }
  const lines = `${part.path}.good`
  const { records, rejected: bad } = keepGoodLines(files, { type, lines: part.path, good: lines })
  rejected.push(...bad)
  const rows = records === 0 ? 0 : await writeParquet(database, { type, lines, records }, draft)
  return { rows, draft }
}

/** Gives a finished file its name. When it returns, the file is on the disk under it. */
function publish(
  { partition }: Part,
  draft: string,
  { store, segment, files, rows }: Pick<Writing, 'store' | 'segment' | 'files'> & { readonly rows: number },
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

function refuseSegment({ path }: SealedSegment, rejected: readonly RejectedLine[]): never {
  const text = `${path}: over ${REJECTED_LIMIT} records cannot be stored, the first of them: ${rejected[0]?.reason}`
  throw new FailureError('bad_record', text, { retryable: false })
}

/** What follows the last slash of a path. */
export const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
