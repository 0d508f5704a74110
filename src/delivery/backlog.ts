import {
  type BatchHeader,
  HEADER_BYTES,
  readHeader,
  segmentFile,
  type SegmentName,
  segmentsOf,
} from '../journal/format.ts'
import type { Place } from '../journal/reader.ts'
import type { Files, ReadFile } from '../runtime/runtime.ts'

/** What of a journal lies beyond a place. */
export interface Behind {
  readonly bytes: number
  /** Receive time of the first record there, wall time; `undefined` where there is none, or it cannot be read. */
  readonly firstUs: number | undefined
}

/** Measures how much of a journal a sink has not read. Sealed segments never change, so each is measured once. */
export class Backlog {
  readonly #folder: string
  readonly #files: Files
  #sealed: ReadonlyMap<number, number> = new Map()

  constructor(folder: string, files: Files) {
    this.#folder = folder
    this.#files = files
  }

  /** `sealedOnly`: for one that waits for whole segments. */
  beyond(place: Place, { sealedOnly }: { readonly sealedOnly: boolean }): Behind {
    const segments = segmentsOf(this.#files.list(this.#folder)).filter(
      ({ number, isSealed }) => number >= place.segment && (isSealed || !sealedOnly),
    )
    const sizes = new Map(segments.map((name) => [name.number, this.#sizeOf(name)]))
    this.#sealed = new Map(
      segments.flatMap(({ number, isSealed }) => (isSealed ? [[number, sizes.get(number) ?? 0]] : [])),
    )
    let bytes = 0
    for (const [number, size] of sizes)
      bytes += Math.max(0, size - (number === place.segment ? place.offset : 0))
    return { bytes, firstUs: this.#firstUs(segments, place) }
  }

  #sizeOf(name: SegmentName): number {
    return this.#sealed.get(name.number) ?? this.#files.sizeOf(this.#pathOf(name)) ?? 0
  }

  #firstUs(segments: readonly SegmentName[], place: Place): number | undefined {
    for (const name of segments) {
      const firstUs = this.#firstIn(name, name.number === place.segment ? place.offset : 0)
      if (firstUs !== undefined) return firstUs
    }
    return undefined
  }

  /** Headers only: nothing is checked, since nothing but a time is taken from them. */
  #firstIn(name: SegmentName, from: number): number | undefined {
    const file = this.#files.openRead(this.#pathOf(name))
    if (file === undefined) return undefined
    try {
      const first = headerAt(file, from)
      // The batch that begins a segment has no records, and is the only one.
      const header = first?.records === 0 ? headerAt(file, from + HEADER_BYTES + first.bytes) : first
      return header?.firstUs
    } finally {
      file.close()
    }
  }

  #pathOf(name: SegmentName): string {
    return `${this.#folder}/${segmentFile(name)}`
  }
}

function headerAt(file: ReadFile, at: number): BatchHeader | undefined {
  const bytes = new Uint8Array(HEADER_BYTES)
  return file.read(bytes, at) < HEADER_BYTES ? undefined : readHeader(bytes, 0)
}
