import { FailureError } from '../core/errors.ts'
import type { EpochMicros } from '../core/units.ts'
import type { AppendFile, Files } from '../runtime/runtime.ts'
import { Sha256 } from '../runtime/sha256.ts'
import { beginBatch, OPEN_SUFFIX, SEALED_SUFFIX, segmentStem } from './format.ts'
import { writeManifest } from './manifest.ts'
import { Tally } from './tally.ts'

/** A whole batch, as it goes into the file: header and records. */
export interface Batch {
  readonly bytes: Uint8Array
  readonly types: Tally
  readonly firstUs: EpochMicros
  readonly lastUs: EpochMicros
}

/** The segment that is being written. Every batch is in it whole, or not at all. */
export class Segment {
  readonly number: number
  readonly #folder: string
  readonly #files: Files
  readonly stem: string
  readonly #file: AppendFile
  readonly #before: Tally
  readonly #types = new Tally()
  readonly #hash = new Sha256()
  /** Once it is known, nothing may be written any more. */
  #sha256: string | undefined
  #isSynced = false
  #isNamed = false
  #firstUs: EpochMicros | undefined
  #lastUs: EpochMicros | undefined

  private constructor(
    folder: string,
    files: Files,
    begin: { readonly number: number; readonly before: Tally; readonly stem: string },
  ) {
    this.#folder = folder
    this.#files = files
    this.number = begin.number
    this.#before = begin.before
    this.stem = begin.stem
    this.#file = files.openAppend(`${folder}/${begin.stem}${OPEN_SUFFIX}`)
  }

  /** Begins segment `number`, before which the journal has taken `before`. Throws `FailureError` with code `disk`. */
  static begin(
    folder: string,
    files: Files,
    {
      number,
      before,
      firstUs,
    }: { readonly number: number; readonly before: Tally; readonly firstUs: EpochMicros },
  ): Segment {
    const stem = segmentStem(number, firstUs)
    const segment = new Segment(folder, files, { number, before: before.copy(), stem })
    try {
      segment.#append(beginBatch({ number, before }, firstUs))
    } catch (failure) {
      segment.#file.close()
      // The next try may have another time in its name, and two files must not have one number.
      files.remove(segment.#file.path)
      throw failure
    }
    return segment
  }

  /** Receive time of the last record; 0 before the first. */
  get lastUs(): number {
    return this.#lastUs ?? 0
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes
  }

  /** Writes one batch. When it throws (`FailureError`, code `disk`) nothing of the batch is in the file. */
  write({ bytes, types, firstUs, lastUs }: Batch): void {
    this.#append(bytes)
    this.#types.add(types)
    if (this.#firstUs === undefined || firstUs < this.#firstUs) this.#firstUs = firstUs
    if (this.#lastUs === undefined || lastUs > this.#lastUs) this.#lastUs = lastUs
  }

  /** Resolves once every batch written so far is on the disk. */
  sync(): Promise<void> {
    return this.#file.syncAside()
  }

  /**
   * Forces it to the disk, writes its manifest and gives it its final name. May be tried again when it throws a `FailureError` that is
   * retryable. A sync that failed is not: the system may have let go of what it could not write.
   */
  seal(): { readonly path: string; readonly records: number; readonly bytes: number } {
    const records = this.#types.total
    const bytes = this.#file.sizeBytes
    const path = `${this.#folder}/${this.stem}${SEALED_SUFFIX}`
    if (!this.#isSynced) forceToDisk(this.#file)
    this.#isSynced = true
    if (!this.#isNamed) {
      writeManifest(this.#files, this.#folder, this.stem, {
        number: this.number,
        bytes,
        records,
        types: this.#types,
        before: this.#before,
        firstUs: this.#firstUs ?? null,
        lastUs: this.#lastUs ?? null,
        damagedBytes: 0,
        sha256: (this.#sha256 ??= this.#hash.text()),
      })
      // Whether the name is on the disk when a rename fails is not known: it is looked for.
      const isThere = this.#files.sizeOf(path) !== undefined
      if (!isThere) this.#files.rename(this.#file.path, path)
      this.#isNamed = true
    }
    this.#file.close()
    return { path, records, bytes }
  }

  #append(bytes: Uint8Array): void {
    const sizeBytes = this.#file.sizeBytes
    try {
      this.#file.append(bytes)
    } catch (failure) {
      this.#file.truncate(sizeBytes)
      throw failure
    }
    this.#hash.add(bytes)
  }
}

function forceToDisk(file: AppendFile): void {
  try {
    file.sync()
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    throw new FailureError('disk', text, { retryable: false, cause })
  }
}
