import { FailureError } from '../core/errors.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Emit } from '../telemetry/events.ts'
import { MANIFEST_SUFFIX, SEALED_SUFFIX, segmentsOf } from './format.ts'
import { readManifest } from './manifest.ts'
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
    this.#segments = segmentsOf(runtime.files.list(folder)).flatMap(({ number, stem, isSealed }) => {
      const manifest = isSealed ? readManifest(runtime.files, folder, stem) : undefined
      if (manifest === undefined) return []
      return { number, stem, bytes: manifest.bytes, records: manifest.records, lastUs: manifest.lastUs ?? 0 }
    })
  }

  /** A segment was sealed. */
  add(segment: KeptSegment): void {
    this.#segments = [...this.#segments, segment].toSorted((a, b) => a.number - b.number)
  }

  /** Removes what has to go. `openBytes` are in the segment that is being written. */
  keep(openBytes: number): void {
    const { files, clock } = this.#runtime
    if (this.#segments.length === 0) return
    const state = {
      segments: this.#segments,
      places: this.#places(),
      openBytes,
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

/** Runs `work`; a disk that fails in passing costs this turn only. */
export function unlessPassing(work: () => void): void {
  try {
    work()
  } catch (failure) {
    if (!(failure instanceof FailureError) || !failure.retryable) throw failure
  }
}
