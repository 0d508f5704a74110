import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { MadeSink } from '../../src/app/sinks.ts'
import { RECORD_TYPES } from '../../src/core/record.ts'
import { Quarantine } from '../../src/delivery/quarantine.ts'
import type { Batching, RecordBatch, Rejected, Sink } from '../../src/sinks/sink.ts'
import { readHeap } from '../app/heap-gauge.ts'
import { Course, type Held, type Life, until } from './course.ts'

/** Where a sink writes to, empty at first and of its own for each test. */
export interface FarSide extends AsyncDisposable {
  /** A sink as the program makes it, with small batches. Each life of the delivery gets another one. */
  make(): MadeSink
  /** Everything that is held at present, as a user of the far side would read it, in the order in which that gives it. */
  stored(): Promise<readonly Held[]>
}

/** Something that can be done to a far side and undone. */
export interface Fault<Side> {
  begin(side: Side): Promise<void>
  end(side: Side): Promise<void>
}

/** Something that cannot happen to a far side, and why. */
export interface Impossible {
  readonly impossible: string
}

/** A sink and its real far side. */
export interface Subject<Side extends FarSide> {
  /** Why there is no such far side on this machine. */
  readonly skip: string | false
  open(): Promise<Side>
  /** What becomes of a record that comes twice: `dropped` by the far side itself, or told to be the same by its `id`. */
  readonly repeats: 'dropped' | 'told'
  /** Records of one step of a test: some batches, or some segments. */
  readonly records: number
  /** A segment is sealed at this size. */
  readonly segmentBytes: number
  /** It is not there for a while, and then is there again with what it had. */
  readonly outage: Fault<Side> | Impossible
  /** It takes everything, and takes its time. */
  readonly slow: Fault<Side>
  /** It neither takes nor refuses anything. */
  readonly frozen: Fault<Side> | Impossible
  /** Kills it in the middle of its work and starts it again. */
  readonly restart: ((side: Side) => Promise<void>) | Impossible
  /** Lines that the journal takes and this far side never will. */
  readonly poison: readonly string[] | Impossible
}

/** A sink that has not given up its resources by then has hung. */
const CLOSE_LIMIT_MS = 3_000
/** A frozen far side is left so for a time in which every deadline of a sink has passed that tells of it. */
const FROZEN_LIMIT_MS = 3_000
/** Deep records of the test of memory: 10 MB. */
const DEEP_RECORDS = 4_000
/** Few segments: what takes its time is each of them. */
const DEEP_SEGMENT_BYTES = 4 * 1024 * 1024
/** The batches of a loop and of a sink, and what the process has otherwise to do; less than half of what waits. */
const MEMORY_LIMIT_BYTES = 4 * 1024 * 1024
/** Deep records that are more than fits into what lies between a sink and its far side, a pipe for example. */
const STUCK_RECORDS = 60

/** The cases that every sink has to pass, each on a real journal, through the real loops, on its real far side. */
export function conformance<Side extends FarSide>(subject: Subject<Side>): void {
  testArrival(subject)
  testOutage(subject)
  testSlowness(subject)
  testFrozen(subject)
  testRestarts(subject)
  testRepeats(subject)
  testPoison(subject)
  testClose(subject)
}

/** Why it cannot be done; `undefined` where it can. */
const reasonOf = (needs: object): string | undefined =>
  'impossible' in needs && typeof needs.impossible === 'string' ? needs.impossible : undefined

/** One test: a far side and a journal of its own, which are gone afterwards. */
function testCase<Side extends FarSide>(
  subject: Subject<Side>,
  name: string,
  options: { readonly needs?: object; readonly segmentBytes?: number },
  run: (side: Side, course: Course) => Promise<void>,
): void {
  const { needs, segmentBytes = subject.segmentBytes } = options
  const skip = subject.skip === false && needs !== undefined ? (reasonOf(needs) ?? false) : subject.skip
  test(name, { skip }, async () => {
    await using side = await subject.open()
    await using course = new Course(segmentBytes)
    await run(side, course)
  })
}

function testArrival<Side extends FarSide>(subject: Subject<Side>): void {
  testCase(subject, 'every record arrives once, and in the order of its stream', {}, async (side, course) => {
    course.write(subject.records)
    const life = course.begin(side.make())
    await until('a delivery', () => life.deliveredRecords > 0)
    course.write(subject.records)
    await course.finish(life)
    const stored = await side.stored()
    expectConserved(course, life, stored)
    assert.equal(stored.length, course.written.length, 'none is there twice')
    const seqs = new Map<string, number>()
    for (const { type, stream, seq } of stored) {
      const key = `${type} ${stream}`
      assert.equal(seq, (seqs.get(key) ?? 0) + 1, `seq of ${key}`)
      seqs.set(key, seq)
    }
  })
}

function testOutage<Side extends FarSide>(subject: Subject<Side>): void {
  const { outage, records } = subject
  const name = 'an outage is told, and costs no record and repeats none'
  testCase(subject, name, { needs: outage }, async (side, course) => {
    if ('impossible' in outage) return
    course.write(records)
    const life = course.begin(side.make())
    await until('a delivery', () => life.deliveredRecords > 0)
    await outage.begin(side)
    course.write(records)
    await until('trouble', () => life.loop.trouble !== undefined)
    await outage.end(side)
    course.write(records)
    await course.finish(life)
    assert.ok(course.events.some(({ type }) => type === 'sink_recovered'))
    expectHeld(subject, course, life, await side.stored())
  })
}

function testSlowness<Side extends FarSide>(subject: Subject<Side>): void {
  const name = 'a far side that is slow costs the memory of a batch, and another sink does not notice'
  testCase(subject, name, { segmentBytes: DEEP_SEGMENT_BYTES }, async (side, course) => {
    course.write(DEEP_RECORDS, { deep: true })
    // The last segment waits for this as well, where segments are delivered.
    await course.seal()
    await subject.slow.begin(side)
    const before = await readHeap()
    const life = course.begin(side.make())
    const other = course.begin({ kind: 'records', sink: new CountingSink() })
    await until('the other sink', () => other.deliveredRecords === DEEP_RECORDS)
    await other.stop()
    assert.ok(life.deliveredRecords < DEEP_RECORDS, 'the slow one is not done yet')
    const during = await readHeap()
    await subject.slow.end(side)
    const grownBytes = during.objects + during.buffers - before.objects - before.buffers
    assert.ok(grownBytes < MEMORY_LIMIT_BYTES, `${grownBytes} bytes more than before`)
    await course.finish(life)
    expectHeld(subject, course, life, await side.stored())
  })
}

function testFrozen<Side extends FarSide>(subject: Subject<Side>): void {
  const { frozen, records } = subject
  const name = 'a far side that freezes and thaws again loses no record and repeats none'
  testCase(subject, name, { needs: frozen }, async (side, course) => {
    if ('impossible' in frozen) return
    course.write(records)
    const life = course.begin(side.make())
    await until('a delivery', () => life.deliveredRecords > 0)
    await frozen.begin(side)
    course.write(records)
    const limit = performance.now() + FROZEN_LIMIT_MS
    await until('trouble', () => life.loop.trouble !== undefined || performance.now() > limit)
    await frozen.end(side)
    await course.finish(life)
    expectHeld(subject, course, life, await side.stored())
  })
  testCase(
    subject,
    'it closes within 3 s while the far side is frozen',
    { needs: frozen },
    async (side, course) => {
      if ('impossible' in frozen) return
      const first = course.begin(side.make())
      course.write(records)
      await until('a delivery', () => first.deliveredRecords > 0)
      await frozen.begin(side)
      course.write(STUCK_RECORDS, { deep: true })
      await delay(200)
      await expectQuick(first)
      await frozen.end(side)
      const second = course.begin(side.make())
      await course.finish(second)
      expectHeld(subject, course, second, await side.stored())
    },
  )
}

function testRestarts<Side extends FarSide>(subject: Subject<Side>): void {
  const { restart, records } = subject
  const name = 'a far side that is killed in the middle of its work loses no record and repeats none'
  testCase(subject, name, { needs: restart }, async (side, course) => {
    if ('impossible' in restart) return
    course.write(records * 2)
    const life = course.begin(side.make())
    await until('a delivery', () => life.deliveredRecords > 0)
    course.write(records)
    await restart(side)
    course.write(records)
    await course.finish(life)
    expectHeld(subject, course, life, await side.stored())
  })
  testCase(subject, 'a delivery that is killed goes on where its cursor was', {}, async (side, course) => {
    course.write(records * 3)
    for (const share of [0, 0.2, 0.6]) {
      const life = course.begin(side.make())
      await until('some deliveries', () => life.deliveredRecords > share * course.written.length)
      await life.kill()
    }
    const last = course.begin(side.make())
    course.write(records)
    await course.finish(last)
    expectHeld(subject, course, last, await side.stored())
  })
}

function testRepeats<Side extends FarSide>(subject: Subject<Side>): void {
  const name = 'records that are given again after the cursor was lost are there once'
  testCase(subject, name, {}, async (side, course) => {
    course.write(subject.records)
    const first = course.begin(side.make())
    await course.finish(first)
    course.runtime.files.remove(first.loop.cursor.path)
    const second = course.begin(side.make())
    await course.finish(second)
    assert.equal(second.deliveredRecords, course.written.length, 'they were given again')
    expectHeld(subject, course, second, await side.stored())
  })
}

function testPoison<Side extends FarSide>(subject: Subject<Side>): void {
  const { poison, records } = subject
  const name =
    'a record that the far side will never take is kept aside with the reason, and the others go on'
  testCase(subject, name, { needs: poison }, async (side, course) => {
    if ('impossible' in poison) return
    for (const line of poison) {
      course.write(Math.ceil(records / 2))
      course.append(line)
    }
    course.write(Math.ceil(records / 2))
    const life = course.begin(side.make())
    await course.finish(life)
    const { cursor, sink } = life.loop
    assert.equal(cursor.rejected.total, poison.length)
    const { path } = new Quarantine(course.folder, sink.name, course.runtime.files)
    const kept = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const refused = kept.map(({ record }): string => record)
    assert.deepEqual(new Set(refused), new Set(poison))
    assert.equal(refused.length, poison.length)
    for (const { code, reason } of kept) assert.ok(code.length > 0 && reason.length > 0, `${code}: ${reason}`)
    const told = course.events.map((event) => (event.type === 'sink_rejected' ? event.records : 0))
    assert.equal(
      told.reduce((sum, count) => sum + count, 0),
      poison.length,
    )
    expectHeld(subject, course, life, await side.stored())
  })
}

function testClose<Side extends FarSide>(subject: Subject<Side>): void {
  testCase(subject, 'it closes within 3 s under load, and loses nothing', {}, async (side, course) => {
    course.write(subject.records * 2)
    const first = course.begin(side.make())
    await until('a delivery', () => first.deliveredRecords > 0)
    course.write(subject.records)
    await expectQuick(first)
    const second = course.begin(side.make())
    await course.finish(second)
    expectHeld(subject, course, second, await side.stored())
  })
}

async function expectQuick(life: Life): Promise<void> {
  const sinceMs = performance.now()
  const stopped = life.stop()
  await Promise.race([stopped, delay(CLOSE_LIMIT_MS)])
  assert.ok(performance.now() - sinceMs < CLOSE_LIMIT_MS, 'it has closed')
  await stopped
}

/** The far side holds every record, and those that come twice are told apart as it promises. */
function expectHeld<Side extends FarSide>(
  { repeats }: Subject<Side>,
  course: Course,
  life: Life,
  stored: readonly Held[],
): void {
  expectConserved(course, life, stored)
  if (repeats === 'dropped') assert.equal(stored.length, course.written.length, 'none is there twice')
}

/**
 * Nothing is lost, and nothing is there that was not written. What was journaled is what the cursor on the disk tells to have become of
 * it, type by type, and it tells the truth: what it has as delivered is there.
 */
function expectConserved(course: Course, { loop }: Life, stored: readonly Held[]): void {
  const held = new Map(stored.map((record) => [record.id, record]))
  const lost = course.written.filter(({ id }) => !held.has(id))
  assert.equal(lost.length, 0, `${lost.length} are lost, the first: ${lost[0]?.id}`)
  for (const record of course.written) assert.deepEqual(held.get(record.id), record)
  for (const record of stored) assert.deepEqual(held.get(record.id), record, 'a repeat is the same record')
  assert.equal(held.size, course.written.length, 'nothing else is there')

  const cursor = course.cursorOf(loop.sink.name)
  assert.ok(cursor.isBalanced)
  assert.deepEqual([cursor.lost.total, cursor.withdrawn.total], [0, 0])
  for (const type of RECORD_TYPES) {
    const { delivered, skipped, rejected, lost: gone } = cursor
    const parts = [delivered, skipped, rejected, gone].map((tally) => tally.of(type))
    const sum = parts.reduce((total, part) => total + part, 0)
    assert.equal(sum, course.journaled.of(type), `${type}: journaled is delivered, skipped, rejected or lost`)
    const there = [...held.values()].filter((record) => record.type === type).length
    assert.equal(there, delivered.of(type), `${type}: what is delivered is there`)
  }
}

/** Another sink on the same journal, that takes everything at once. */
class CountingSink implements Sink {
  readonly name = 'counting'
  readonly batching: Batching = { limitBytes: 65_536, limitRecords: 1_000, lingerMs: 0, isFixed: false }

  takes(): boolean {
    return true
  }

  async open(): Promise<void> {
    // Nothing to make ready.
  }

  async write(_batch: RecordBatch): Promise<readonly Rejected[]> {
    return []
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}

/** Makes a far side slow that can be frozen: it gets to work a fifth of the time. */
export function slowed<Side>(frozen: Fault<Side>): Fault<Side> {
  let ending: (() => void) | undefined
  let over: Promise<void> | undefined
  async function cycle(side: Side, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await frozen.begin(side)
      await delay(80)
      await frozen.end(side)
      await delay(20)
    }
  }
  return {
    begin: async (side) => {
      let isOver = false
      ending = () => void (isOver = true)
      over = cycle(side, () => isOver)
    },
    end: async () => {
      ending?.()
      await over
    },
  }
}
