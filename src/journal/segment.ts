import type { EpochMicros } from '../core/units.ts'
import type { AppendFile, Files } from '../runtime/runtime.ts'
import { Sha256 } from '../runtime/sha256.ts'
import { beginLine, HEADER_BYTES, OPEN_SUFFIX, sealBatch, SEALED_SUFFIX, segmentStem } from './format.ts'
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
    const line = beginLine({ number, before })
    const bytes = new Uint8Array(HEADER_BYTES + line.length)
    bytes.set(line, HEADER_BYTES)
    sealBatch(bytes, bytes.length, { records: 0, firstUs, lastUs: firstUs })
    try {
      segment.#append(bytes)
    } catch (failure) {
      segment.#file.close()
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

  /** Forces it to the disk, writes its manifest and gives it its final name. May be tried again when it throws. */
  seal(): { readonly path: string; readonly records: number; readonly bytes: number } {
    this.#file.sync()
    const records = this.#types.total
    const bytes = this.#file.sizeBytes
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
    const path = `${this.#folder}/${this.stem}${SEALED_SUFFIX}`
    this.#files.rename(this.#file.path, path)
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
