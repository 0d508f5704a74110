import assert from 'node:assert/strict'
import { DeliveryLoop } from '../../src/delivery/loop.ts'
import { Quarantine } from '../../src/delivery/quarantine.ts'
import { Cursor } from '../../src/journal/cursor.ts'
import type { Journal } from '../../src/journal/journal.ts'
import { JournalReader } from '../../src/journal/reader.ts'
import { line, NOW, numbered, OPTIONS, record, type Rig } from '../journal/rig.ts'
import type { MemorySink } from './memory-sink.ts'

/** A loop on the journal of `rig`, from where its cursor stands. */
export function loopOf(
  rig: Rig,
  sink: MemorySink,
  journalFiles: ConstructorParameters<typeof JournalReader>[1] = rig.simulation.files,
): DeliveryLoop {
  const { files } = rig.simulation
  const cursor = Cursor.open(OPTIONS.folder, sink.name, files)
  const parts = {
    cursor,
    reader: new JournalReader(OPTIONS.folder, journalFiles, cursor.place),
    quarantine: new Quarantine(OPTIONS.folder, sink.name, files),
  }
  const loop = new DeliveryLoop(sink, parts, rig.simulation, (event) => rig.events.push(event))
  return loop
}

export function fill(journal: Journal, from: number, to: number): void {
  for (let n = from; n < to; n++) {
    journal.append(line(...numbered(n)), NOW)
    if (n % 3 === 0) journal.flush()
  }
  journal.flush()
}

export const records = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, n) => record(...numbered(from + n)))

/** Runs `loop` until `isDone`, then stops it. */
export async function runUntil(rig: Rig, loop: DeliveryLoop, isDone: () => boolean): Promise<void> {
  const running = loop.run()
  assert.ok(await rig.simulation.runUntil(isDone, 600_000), 'within ten minutes')
  await loop.stop()
  await rig.simulation.advance(10)
  await running
}
