import { RECORD_TYPES } from '../../src/core/record.ts'
import { Quarantine } from '../../src/delivery/quarantine.ts'
import { SegmentLoop } from '../../src/delivery/segment-loop.ts'
import { Cursor } from '../../src/journal/cursor.ts'
import { surveySegment } from '../../src/journal/recovery.ts'
import type { Files } from '../../src/runtime/runtime.ts'
import type { SealedSegment, SegmentSink, StoredSegment } from '../../src/sinks/sink.ts'
import { line, NOW, numbered, OPTIONS, Rig } from '../journal/rig.ts'

/** A store in memory, which keeps of a segment what can be read. */
export class MemoryStore implements SegmentSink {
  readonly name = 'store'
  readonly numbers: number[] = []
  refusal: Error | undefined
  /** While set, `store` waits for it. */
  gate: Promise<void> | undefined
  readonly #files: Files

  constructor(files: Files) {
    this.#files = files
  }

  takes(): boolean {
    return true
  }

  async open(): Promise<void> {
    // Nothing to make ready.
  }

  async store({ path, number }: SealedSegment): Promise<StoredSegment> {
    await this.gate
    if (this.refusal !== undefined) throw this.refusal
    const { types } = surveySegment(path, this.#files)
    this.numbers.push(number)
    return { stored: Object.fromEntries(RECORD_TYPES.map((type) => [type, types.of(type)])), rejected: [] }
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}

/** Sealed segments of three batches with two records each. */
export async function sealed(segments: number): Promise<Rig> {
  const rig = new Rig()
  for (let segment = 0; segment < segments; segment++) {
    const journal = rig.open()
    for (let n = 0; n < 6; n++) {
      journal.append(line(...numbered(n)), NOW)
      if (n % 2 === 1) journal.flush()
    }
    await journal.close()
  }
  return rig
}

export function segmentLoopOf(rig: Rig, store: MemoryStore): SegmentLoop {
  const { files } = rig.simulation
  const parts = {
    folder: OPTIONS.folder,
    cursor: Cursor.open(OPTIONS.folder, store.name, files),
    quarantine: new Quarantine(OPTIONS.folder, store.name, files),
  }
  return new SegmentLoop(store, parts, rig.simulation, (event) => rig.events.push(event))
}
