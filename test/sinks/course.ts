import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import type { MadeSink } from '../../src/app/sinks.ts'
import { RECORD_TYPES, RECORDS, recordTypeAt, type RecordType } from '../../src/core/record.ts'
import { epochMicros } from '../../src/core/units.ts'
import { DeliveryLoop } from '../../src/delivery/loop.ts'
import { Quarantine } from '../../src/delivery/quarantine.ts'
import { SegmentLoop } from '../../src/delivery/segment-loop.ts'
import { Cursor } from '../../src/journal/cursor.ts'
import { Journal } from '../../src/journal/journal.ts'
import { JournalReader } from '../../src/journal/reader.ts'
import { KEEP_ALL } from '../../src/journal/retention.ts'
import { Tally } from '../../src/journal/tally.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import type { SystemEvent } from '../../src/telemetry/events.ts'

/** A record as far as a far side is asked for it. */
export interface Held {
  readonly type: RecordType
  /** Exchange, market type and symbol. */
  readonly stream: string
  readonly seq: number
  readonly id: string
}

/** What is held of a record, from its line. */
export function heldOf(line: string): Held {
  const { type, exchange, market_type: market, symbol, seq, id } = JSON.parse(line)
  return { type, stream: `${exchange} ${market} ${symbol}`, seq, id }
}

/** Half a second before midnight: the records of a course are of two days. */
const FIRST_US = 1_767_225_600_000_000 - 500_000
const INSTRUMENTS = [
  { exchange: 'binance', market_type: 'spot', symbol: 'BTC-USDT', instrument: 'BTCUSDT' },
  { exchange: 'okx', market_type: 'perpetual', symbol: 'ETH-USDT', instrument: 'ETH-USDT-SWAP' },
  {
    exchange: 'deribit',
    market_type: 'option',
    symbol: 'BTC-USD-261225-100000-C',
    instrument: 'BTC-25DEC26-100000-C',
  },
] as const
const SAMPLES: ReadonlyMap<RecordType, object> = new Map(
  RECORDS.map(({ type, sample }) => [type, JSON.parse(sample)]),
)
/** Levels a side of a deep book: about 5 KB a record. */
const DEEP_LEVELS = Array.from({ length: 100 }, (_, level) => [`${100_000 + level}.25`, `${level + 1}.5`])

/**
 * Record `number` of a sequence that has every type, in streams without holes: what a collector writes of three instruments. `deep`:
 * with a hundred levels a side.
 */
export function lineAt(number: number, deep: boolean): string {
  const type = RECORD_TYPES[number % RECORD_TYPES.length] ?? 'trade'
  const turnOf = Math.floor(number / RECORD_TYPES.length)
  const instrument = INSTRUMENTS[turnOf % INSTRUMENTS.length] ?? INSTRUMENTS[0]
  const seq = Math.floor(turnOf / INSTRUMENTS.length) + 1
  const levels = deep && 'bids' in (SAMPLES.get(type) ?? {}) ? { bids: DEEP_LEVELS, asks: DEEP_LEVELS } : {}
  return JSON.stringify({
    ...SAMPLES.get(type),
    ...instrument,
    seq,
    recv_time_us: FIRST_US + number * 1_000,
    id: `${instrument.exchange}:${instrument.market_type}:${type}:${instrument.instrument}:${number}`,
    ...levels,
  })
}

/** Records that are written to the journal together: small, so that there are many batches. */
const TOGETHER = 25
/** What is awaited here comes within a second or two; on a machine with other work a few times later. */
const WAIT_LIMIT_MS = 45_000

/** A delivery that has not ended by then does not end. */
const STOP_LIMIT_MS = 5_000

/** Resolves once `isSo` answers true; rejects after 45 s with what was waited for. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const limit = performance.now() + WAIT_LIMIT_MS
  while (!isSo()) {
    if (performance.now() > limit) throw new Error(`waited in vain for ${what}`)
    await turn()
  }
}

/** One life of the delivery to one sink: a loop that runs, from where the cursor on the disk stands. */
export class Life {
  readonly loop: DeliveryLoop | SegmentLoop
  readonly #running: Promise<void>
  readonly #unwatch: () => void
  readonly #course: Course

  constructor(course: Course, loop: DeliveryLoop | SegmentLoop) {
    this.#course = course
    this.loop = loop
    this.#unwatch = course.runtime.files.watch(course.folder, () => {
      if (loop instanceof DeliveryLoop) loop.wake()
    })
    this.#running = loop.run()
  }

  get deliveredRecords(): number {
    return this.loop.cursor.delivered.total
  }

  /** Ends it, as a signal does. Resolves once nothing runs any more. */
  async stop(): Promise<void> {
    this.#unwatch()
    await Promise.all([this.loop.stop(), this.#running])
    this.#course.lives.delete(this)
  }

  /**
   * Ends it as SIGKILL does, as far as can be seen from outside: what was under way may or may not have been done, and the cursor on
   * the disk is what it was at that moment.
   */
  async kill(): Promise<void> {
    const { files } = this.#course.runtime
    const { path } = this.loop.cursor
    const saved = files.sizeOf(path) === undefined ? undefined : files.read(path)
    await this.stop()
    if (saved === undefined) files.remove(path)
    else files.replace(path, saved)
  }
}

/** A journal on real files in a temporary folder, what was written to it, and the deliveries that read it. */
export class Course implements AsyncDisposable {
  readonly runtime = systemRuntime()
  readonly folder: string
  readonly events: SystemEvent[] = []
  readonly lives = new Set<Life>()
  /** Records that every sink has to take. */
  readonly written: Held[] = []
  /** Everything that the journal took, records that no sink takes included. */
  readonly journaled = new Tally()
  readonly #home = mkdtempSync(join(tmpdir(), 'marketprism-course-'))
  readonly #journal: Journal
  #isSealed = false

  constructor(segmentBytes: number) {
    this.folder = join(this.#home, 'journal')
    const options = {
      folder: this.folder,
      segmentBytes,
      segmentMs: 600_000,
      flushMs: 5,
      fsyncMs: 500,
      limits: KEEP_ALL,
      places: () => [],
    }
    this.#journal = new Journal(options, this.runtime, { emit: (event) => void this.events.push(event) })
  }

  /** Writes the next `count` records. */
  write(count: number, { deep }: { readonly deep: boolean } = { deep: false }): void {
    for (let index = 1; index <= count; index++) {
      const line = lineAt(this.written.length, deep)
      this.append(line)
      this.written.push(heldOf(line))
      if (index % TOGETHER === 0 || index === count) this.#journal.flush()
    }
  }

  /** Writes a line that no sink has to take, into the batch of the record that is written next. */
  append(line: string): void {
    const bytes = new TextEncoder().encode(`${line}\n`)
    this.journaled.count(recordTypeAt(bytes, 0))
    this.#journal.append(bytes, epochMicros(FIRST_US + this.written.length * 1_000))
  }

  /** Nothing is written any more, and every segment is sealed. */
  async seal(): Promise<void> {
    if (this.#isSealed) return
    this.#isSealed = true
    await this.#journal.close()
  }

  /** Begins to deliver to a sink, from where its cursor stands. */
  begin(made: MadeSink): Life {
    const { folder, runtime } = this
    const cursor = this.cursorOf(made.sink.name)
    const quarantine = new Quarantine(folder, made.sink.name, runtime.files)
    const emit = (event: SystemEvent): void => void this.events.push(event)
    const reader = new JournalReader(folder, runtime.files, cursor.place)
    const loop =
      made.kind === 'segments'
        ? new SegmentLoop(made.sink, { folder, cursor, quarantine }, runtime, emit)
        : new DeliveryLoop(made.sink, { reader, cursor, quarantine }, runtime, emit)
    const life = new Life(this, loop)
    this.lives.add(life)
    return life
  }

  /** The cursor as it is on the disk. */
  cursorOf(sink: string): Cursor {
    return Cursor.open(this.folder, sink, this.runtime.files)
  }

  /** Seals the journal, waits until all of it has been delivered, and ends the delivery. */
  async finish(life: Life): Promise<void> {
    await this.seal()
    const { loop } = life
    await until(
      `the end of the journal, at ${loop.cursor.read.total} of ${this.journaled.total}`,
      () => loop.cursor.read.total === this.journaled.total,
    )
    assert.equal(loop.trouble, undefined)
    await life.stop()
  }

  /** Of a test that has failed something may hang. */
  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = Promise.all([...this.lives].map((life) => life.stop()))
    await Promise.race([stopped, delay(STOP_LIMIT_MS, undefined, { ref: false })])
    await this.seal()
    rmSync(this.#home, { recursive: true, force: true })
  }
}
