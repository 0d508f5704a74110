import { FailureError } from '../core/errors.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Emit } from '../telemetry/events.ts'
import { MANIFEST_SUFFIX, SEALED_SUFFIX, segmentsOf } from './format.ts'
import { readSoundManifest } from './manifest.ts'
import { decideRemovals, type KeptSegment, type RetentionLimits, type SinkPlace } from './retention.ts'

/** Keeps the sealed segments of a folder, and removes those that the limits do not leave room for. */
export class Keeper {
  readonly #folder: string
  readonly #limits: RetentionLimits
  readonly #places: () => readonly SinkPlace[]
  readonly #runtime: Runtime
  readonly #emit: Emit
  #segments: readonly KeptSegment[]

  /** `places` answers how far each sink has come. */
  constructor(
    folder: string,
    rules: { readonly limits: RetentionLimits; readonly places: () => readonly SinkPlace[] },
    runtime: Runtime,
    emit: Emit,
  ) {
    this.#folder = folder
    this.#limits = rules.limits
    this.#places = rules.places
    this.#runtime = runtime
    this.#emit = emit
    const names = runtime.files.list(folder)
    // A process that ended between the two removes of a segment has left its manifest.
    for (const name of names) {
      const segment = name.slice(0, -MANIFEST_SUFFIX.length) + SEALED_SUFFIX
      const isLeft = name.endsWith(MANIFEST_SUFFIX) && !names.includes(segment)
      if (isLeft) runtime.files.remove(`${folder}/${name}`)
    }
    this.#segments = segmentsOf(names).flatMap(({ number, stem, isSealed }) => {
      const manifest = isSealed ? readSoundManifest(runtime.files, folder, stem) : undefined
      if (manifest === undefined) return []
      return { number, stem, bytes: manifest.bytes, records: manifest.records, lastUs: manifest.lastUs ?? 0 }
    })
  }

  /** What the sealed segments hold together. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** A segment was sealed. */
  add(segment: KeptSegment): void {
    this.#segments = [...this.#segments, segment].toSorted((a, b) => a.number - b.number)
  }

  /**
   * Removes what has to go. `openBytes` are in the segment that is being written. The newest sealed one always stays: it says at
   * which number and which count the journal is.
   */
  keep(openBytes: number): void {
    const { files, clock } = this.#runtime
    if (this.#segments.length <= 1) return
    const state = {
      segments: this.#segments.slice(0, -1),
      places: this.#places(),
      openBytes: openBytes + (this.#segments.at(-1)?.bytes ?? 0),
      freeBytes: files.freeBytes(this.#folder),
      nowUs: clock.now(),
    }
    for (const { segment, unread } of decideRemovals(state, this.#limits)) {
      const path = `${this.#folder}/${segment.stem}${SEALED_SUFFIX}`
      files.remove(path)
      files.remove(`${this.#folder}/${segment.stem}${MANIFEST_SUFFIX}`)
      this.#segments = this.#segments.filter((kept) => kept !== segment)
      this.#emit({ type: 'segment_removed', path, records: segment.records, unread })
    }
  }
}

/** Answers what `work` does; a disk that fails in passing costs this turn only, and nothing is answered. */
export function unlessPassing<Result>(work: () => Result): Result | undefined {
  try {
    return work()
  } catch (failure) {
    if (!(failure instanceof FailureError) || !failure.retryable) throw failure
    return undefined
  }
}
