import { FailureError } from '../../core/errors.ts'
import type { RecordType } from '../../core/record.ts'
import type { Files } from '../../runtime/runtime.ts'
import type { SealedSegment, SegmentSink, StoredSegment } from '../sink.ts'
import { DRAFTS, LOCK, MANIFESTS } from './layout.ts'
import { removeLeftovers } from './leftovers.ts'
import { readManifest, type StoreManifest } from './manifest.ts'

/**
 * Puts the segment at `path` into the store, in a process of its own: the memory of a database is given back for certain only when
 * its process ends. Rejects with `FailureError`; once `signal` is aborted it ends the process and rejects.
 */
export type Convert = (segment: SealedSegment, signal: AbortSignal) => Promise<void>

/** Parquet files, partitioned by type, day and exchange: the default store. A segment is in it once its manifest is. */
export class ParquetSink implements SegmentSink {
  readonly name = 'parquet'
  readonly #store: string
  readonly #files: Files
  readonly #convert: Convert
  readonly #closing = new AbortController()

  /** `store` is the folder; it is made at `open`. */
  constructor(store: string, files: Files, convert: Convert) {
    this.#store = store
    this.#files = files
    this.#convert = convert
  }

  takes(): boolean {
    return true
  }

  /** Makes the folders, and removes what a conversion that was killed has left. */
  open(): Promise<void> {
    this.#files.makeFolder(`${this.#store}/${MANIFESTS}`)
    this.#files.makeFolder(`${this.#store}/${DRAFTS}`)
    const unlock = this.#files.lock(`${this.#store}/${LOCK}`)
    try {
      removeLeftovers(this.#files, this.#store)
    } finally {
      unlock()
    }
    return Promise.resolve()
  }

  async store(segment: SealedSegment): Promise<StoredSegment> {
    const before = this.#manifest(segment)
    if (before !== undefined) return outcomeOf(before)
    await this.#convert(segment, this.#closing.signal)
    const after = this.#manifest(segment)
    if (after !== undefined) return outcomeOf(after)
    throw new Error(`segment ${segment.number} was converted and has no manifest`)
  }

  close(): Promise<void> {
    this.#closing.abort()
    return Promise.resolve()
  }

  /** Numbers begin anew in another journal: its segments must not be taken for those that are in the store. */
  #manifest({ number, path }: SealedSegment): StoreManifest | undefined {
    const manifest = readManifest(this.#files, this.#store, number)
    if (manifest === undefined || path.endsWith(`/${manifest.source}`)) return manifest
    const text =
      `${this.#store} holds segment ${number} of another journal, ${manifest.source}, not ${path}: ` +
      'give this journal another folder for Parquet (sinks.parquet.folder)'
    throw new FailureError('mismatch', text, { retryable: false })
  }
}

function outcomeOf({ files, rejected }: StoreManifest): StoredSegment {
  const stored: Partial<Record<RecordType, number>> = {}
  for (const { type, rows } of files) stored[type] = (stored[type] ?? 0) + rows
  return {
    stored,
    rejected: rejected.map(({ line, reason }) => ({
      bytes: Buffer.from(line, 'latin1'),
      code: 'bad_record',
      reason,
    })),
  }
}
