import { FailureError } from '../core/errors.ts'
import type { Files, ReadFile } from '../runtime/runtime.ts'
import { readBegin, segmentFile, type SegmentName, segmentsOf } from './format.ts'
import { BatchScanner } from './scanner.ts'
import type { Tally } from './tally.ts'

/** A place in a journal: before byte `offset` of segment `segment`. Always the begin of a batch. */
export interface Place {
  readonly segment: number
  readonly offset: number
}

/** The begin of whatever the journal still has. */
export const BEGIN: Place = { segment: 0, offset: 0 }

/** What a reader meets. `to` is the place behind it. */
export type Reading =
  | { readonly kind: 'batch'; readonly records: Uint8Array; readonly count: number; readonly to: Place }
  /** A segment begins; the journal had taken `before` until there, so whoever has read less has lost the difference. */
  | { readonly kind: 'segment'; readonly before: Tally; readonly to: Place }
  /** Bytes on the disk that are no batch any more. */
  | { readonly kind: 'damaged'; readonly bytes: number; readonly to: Place }
  /** Nothing more at present. */
  | { readonly kind: 'end' }

type ReaderFiles = Pick<Files, 'list' | 'openRead' | 'sizeOf'>

interface OpenSegment {
  readonly name: SegmentName
  readonly file: ReadFile
  readonly scanner: BatchScanner
}

/**
 * Reads the journal from a place on, in the process that writes it or in any other, and follows its tail: `next` answers `end` when
 * there is nothing yet, and goes on from there when called again. Believes only batches whose checksum agrees.
 */
export class JournalReader {
  readonly folder: string
  readonly #files: ReaderFiles
  #place: Place
  #open: OpenSegment | undefined

  constructor(folder: string, files: ReaderFiles, place: Place = BEGIN) {
    this.folder = folder
    this.#files = files
    this.#place = place
  }

  /** Before what `next` will answer. */
  get place(): Place {
    return this.#place
  }

  /** What comes next. Its bytes are good until the next call. */
  next(): Reading {
    for (;;) {
      const open = (this.#open ??= this.#enter())
      if (open === undefined) return { kind: 'end' }
      const reading = this.#scan(open)
      if (reading.kind !== 'end') return reading
      const { name } = open
      // One look at one name: the tail is asked for often, and the folder may hold thousands.
      if (!name.isSealed && this.#files.sizeOf(`${this.folder}/${segmentFile(name)}`) !== undefined)
        return reading
      // What was being written has its final name, or was removed and begun anew: the same place of it is read again.
      this.close()
      if (name.isSealed) this.#place = { segment: name.number + 1, offset: 0 }
    }
  }

  /** Lets go of the file. The reader may go on afterwards. */
  close(): void {
    this.#open?.file.close()
    this.#open = undefined
  }

  /** Opens the segment of the present place, or the first one after it: what was before has been removed. */
  #enter(): OpenSegment | undefined {
    const name = this.#find()
    if (name === undefined) return undefined
    const isSkip = name.number !== this.#place.segment
    // A listing may miss a file that is renamed meanwhile; two do not miss the same one.
    if (isSkip && this.#find()?.number !== name.number) return undefined
    const file = this.#files.openRead(`${this.folder}/${segmentFile(name)}`)
    // It was sealed or removed since the folder was listed: the next call lists it again.
    if (file === undefined) return undefined
    if (isSkip) this.#place = { segment: name.number, offset: 0 }
    return { name, file, scanner: new BatchScanner(file, this.#place.offset) }
  }

  /** Throws `FailureError` with code `mismatch` for a place that this journal has never had. */
  #find(): SegmentName | undefined {
    const { segment } = this.#place
    const segments = segmentsOf(this.#files.list(this.folder))
    const newest = segments.at(-1)
    if (newest !== undefined && segment > newest.number + 1) {
      const text = `${this.folder}: the cursor stands in segment ${segment}, and the newest is ${newest.number}: the journal was begun anew; remove the cursor to read it from its begin`
      throw new FailureError('mismatch', text, { retryable: false })
    }
    return segments.find(({ number }) => number >= segment)
  }

  #scan({ name, scanner }: OpenSegment): Reading {
    const found = scanner.next()
    if (found.kind === 'end') return { kind: 'end' }
    const to = { segment: name.number, offset: found.end }
    this.#place = to
    if (found.kind === 'damaged') return { kind: 'damaged', bytes: found.end - found.at, to }
    if (found.header.records > 0) {
      return { kind: 'batch', records: found.records, count: found.header.records, to }
    }
    const begin = readBegin(found.records)
    if (begin === undefined) return { kind: 'damaged', bytes: found.end - found.at, to }
    return { kind: 'segment', before: begin.before, to }
  }
}
