import { RECORD_TYPES, type RecordType } from '../../src/core/record.ts'
import { epochMicros } from '../../src/core/units.ts'
import { Journal, type JournalHearer, type JournalOptions } from '../../src/journal/journal.ts'
import { KEEP_ALL } from '../../src/journal/retention.ts'
import { Simulation } from '../../src/runtime/sim.ts'
import type { SystemEvent } from '../../src/telemetry/events.ts'
import { journalLines } from './journal-records.ts'

export const OPTIONS: JournalOptions = {
  folder: 'data/journal',
  segmentBytes: 10_000,
  segmentMs: 60_000,
  flushMs: 20,
  fsyncMs: 200,
  limits: KEEP_ALL,
  places: () => [],
}
/** 2026-01-01T00:00:00Z, where simulated time begins. */
export const NOW = epochMicros(1_767_225_600_000_000)

/** A journal on a simulated disk. */
export class Rig {
  readonly simulation = new Simulation({ seed: 1 })
  readonly events: SystemEvent[] = []

  open(options: Partial<JournalOptions> = {}, hear: Partial<JournalHearer> = {}): Journal {
    const emit = (event: SystemEvent): void => void this.events.push(event)
    return new Journal({ ...OPTIONS, ...options }, this.simulation, { emit, ...hear })
  }

  /** Segments, sealed or not. */
  names(): readonly string[] {
    return this.simulation.files.list(OPTIONS.folder).filter((name) => /\.ndjson(\.open)?$/.test(name))
  }

  lines(): readonly string[] {
    return journalLines(OPTIONS.folder, this.simulation.files)
  }

  eventsOf(type: SystemEvent['type']): readonly SystemEvent[] {
    return this.events.filter((event) => event.type === type)
  }
}

/** A record of `type` that holds `text`. */
export const record = (text: string, type: RecordType = 'trade'): string =>
  JSON.stringify({ type, exchange: 'okx', text })

export const line = (text: string, type?: RecordType): Uint8Array =>
  new TextEncoder().encode(`${record(text, type)}\n`)

/** Record `number` of a sequence that has every type. */
export const numbered = (number: number): readonly [text: string, type: RecordType] => [
  String(number),
  RECORD_TYPES[number % RECORD_TYPES.length] ?? 'trade',
]
