import assert from 'node:assert/strict'
import type { Instrument } from '../../src/core/instrument.ts'
import { type Field, RECORDS } from '../../src/core/record.ts'
import { epochMicros } from '../../src/core/units.ts'
import { Pipeline } from '../../src/pipeline/pipeline.ts'
import type { ShedRules } from '../../src/pipeline/shedding.ts'
import { Timeline } from '../../src/runtime/sim-timeline.ts'
import { Counts } from '../../src/telemetry/counts.ts'
import type { SystemEvent } from '../../src/telemetry/events.ts'
import { Symbols } from '../../src/venues/symbols.ts'
import type { Venue } from '../../src/venues/venue.ts'

export type Json = Readonly<Record<string, unknown>>

export const START_US = epochMicros(1_700_000_000_000_000)

/** An instrument as a catalogue would list it. */
export function instrumentOf(venue: Venue, symbol: string): Instrument {
  return {
    venue: venue.id,
    symbol,
    name: symbol,
    marketType: 'spot',
    base: symbol.slice(0, 3),
    quote: symbol.slice(3),
    tickSize: '0.01',
    lotSize: '0.001',
    sizeUnit: 'base',
    contractSize: '1',
    contractCurrency: symbol.slice(0, 3),
    state: 'trading',
  }
}

/** A pipeline on virtual time whose records are kept, checked against their definition. */
export class Rig {
  readonly timeline = new Timeline(START_US)
  readonly records: Json[] = []
  readonly recovered: number[] = []
  readonly asked: number[] = []
  readonly renewed: number[] = []
  readonly events: SystemEvent[] = []
  readonly counts = new Counts()
  readonly symbols: Symbols
  readonly pipeline: Pipeline
  /** Hears each record while it is handed on: what happens here happens within `append`. */
  hear: (record: Json) => void = () => undefined

  constructor(
    venue: Venue,
    symbols: readonly string[],
    publish = { deltas: true, depth: 0, everyMs: 100 },
    shedRules?: ShedRules,
  ) {
    this.symbols = new Symbols(symbols)
    this.pipeline = new Pipeline(
      {
        venue,
        symbols: this.symbols,
        instruments: symbols.map((symbol) => instrumentOf(venue, symbol)),
        session: 'test',
        publish: () => publish,
        levelLimit: 5_000,
        ...(shedRules === undefined ? {} : { shedRules }),
      },
      {
        timers: this.timeline,
        append: (line) => {
          const record = readRecord(new TextDecoder().decode(line))
          this.records.push(record)
          this.hear(record)
        },
        recovery: {
          recover: (slot) => this.asked.push(slot),
          recovered: (slot) => this.recovered.push(slot),
          renew: (slot) => this.renewed.push(slot),
        },
        emit: (event) => this.events.push(event),
        counts: this.counts,
      },
    )
  }

  /** All streams of all symbols, carried by `session`. */
  carry(session: number): void {
    this.pipeline.carries(session, this.all())
  }

  all(): { slot: number; channel: 'book' | 'trade' }[] {
    return Array.from({ length: this.symbols.size }, (_, slot) => [
      { slot, channel: 'book' as const },
      { slot, channel: 'trade' as const },
    ]).flat()
  }

  frame(session: number, frame: unknown, atMs = 0): void {
    const text = typeof frame === 'string' ? frame : JSON.stringify(frame)
    this.pipeline.frame(session, new TextEncoder().encode(text), epochMicros(START_US + atMs * 1_000))
  }

  snapshot(slot: number, body: unknown, atMs = 0, window = 1_000): string {
    const receiveTimeUs = epochMicros(START_US + atMs * 1_000)
    return this.pipeline.snapshot(slot, {
      body: new TextEncoder().encode(JSON.stringify(body)),
      window,
      receiveTimeUs,
    })
  }

  /** Lets `ms` pass for timers. */
  pass(ms: number): void {
    const untilUs = this.timeline.steadyUs() + ms * 1_000
    while (this.timeline.next(untilUs));
  }

  /** Records of a type, or all. */
  of(type?: string): Json[] {
    return this.records.filter((record) => type === undefined || record['type'] === type)
  }
}

/** Reads a record, holding it against its definition: keys, their order, kinds, closed lists. */
export function readRecord(line: string): Json {
  assert.ok(line.endsWith('\n') && !line.slice(0, -1).includes('\n'), 'a record is one line')
  const record: Json = JSON.parse(line)
  const definition = RECORDS.find(({ type }) => type === record['type'])
  assert.ok(definition, `a definition of ${String(record['type'])}`)
  const wanted = definition.fields.filter((field) => field.key in record || !field.optional)
  assert.deepEqual(
    Object.keys(record),
    wanted.map(({ key }) => key),
  )
  for (const field of wanted)
    assert.ok(fits(record[field.key], field), `${field.key}: ${JSON.stringify(record[field.key])}`)
  return record
}

const DECIMAL = /^-?(0|[1-9]\d*)(\.\d*[1-9])?$/

function fits(value: unknown, field: Field): boolean {
  if (value === null) return field.nullable === true
  switch (field.kind) {
    case 'text':
      return typeof value === 'string' && (field.values === undefined || field.values.includes(value))
    case 'integer':
    case 'micros':
      return Number.isSafeInteger(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'decimal':
      return typeof value === 'string' && DECIMAL.test(value)
    case 'texts':
      return Array.isArray(value) && value.every((text) => field.values?.includes(text))
    case 'levels':
      return (
        Array.isArray(value) &&
        value.every(
          (level) => Array.isArray(level) && level.length === 2 && level.every((part) => DECIMAL.test(part)),
        )
      )
  }
}
