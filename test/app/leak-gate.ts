import { readdirSync } from 'node:fs'
import { setTimeout as passed } from 'node:timers/promises'
import { type HeapReading, readHeap, stepOf } from './heap-gauge.ts'

const READINGS = 8
const OBJECTS_LIMIT_BYTES = 100
/** Buffers come in slabs of 64 kB, so one more or less is seen. */
const SLAB_BYTES = 65_536
const LOOK_MS = 50

/** What the process has open. */
interface Open {
  readonly sockets: number
  readonly descriptors: number
  readonly timers: number
  /** All other handles. */
  readonly resources: string
}

export interface LeakGateGiven {
  /** Before anything is counted: feedback and shapes have settled by then. */
  readonly warmUp: number
  readonly reconnects: number
  /** Reconnects at least `times` times; answers how often it did. */
  readonly reconnect: (times: number) => Promise<number>
  /** TCP connections that somebody answers for, at rest. */
  readonly known: () => number
  /** Kept HTTP connections and what is on its way are gone within this. */
  readonly idleMs: number
  /** Timers that come and go at rest. */
  readonly timersSlack: number
}

/** What a gate has found. */
export interface LeakGateFindings {
  readonly reconnects: number
  /** Growth of the heap, a reconnect. */
  readonly growth: HeapReading
  /** What was left behind, in words; none: the gate is passed. */
  readonly leaks: readonly string[]
}

/** Reconnects over and over, and tells what that leaves behind: descriptors, handles and timers, and memory of each reconnect. */
export async function passLeakGate(given: LeakGateGiven): Promise<LeakGateFindings> {
  await given.reconnect(given.warmUp)
  const before = await atRest(given)
  const heap = [await readHeap()]
  let reconnects = 0
  for (let count = 0; count < READINGS; count++) {
    reconnects += await given.reconnect(given.reconnects / READINGS)
    heap.push(await readHeap())
  }
  const after = await atRest(given)
  const growth = growthEach(heap, reconnects)
  const leaks = [
    ...openLeaks(before, after, given.timersSlack),
    ...(after.sockets === given.known() ? [] : [`${after.sockets} sockets open, ${given.known()} known`]),
    ...(growth.objects < OBJECTS_LIMIT_BYTES ? [] : [`${growth.objects} bytes of heap a reconnect`]),
    ...(growth.buffers * (reconnects / READINGS) <= SLAB_BYTES
      ? []
      : [`${growth.buffers} bytes of buffers a reconnect`]),
  ]
  return { reconnects, growth, leaks }
}

function openLeaks(before: Open, after: Open, timersSlack: number): readonly string[] {
  const changed = (['sockets', 'descriptors', 'resources'] as const).filter(
    (what) => before[what] !== after[what],
  )
  const timers = Math.abs(after.timers - before.timers)
  return [
    ...changed.map((what) => `${what}: ${before[what]} before, ${after[what]} after`),
    ...(timers <= timersSlack ? [] : [`timers: ${before.timers} before, ${after.timers} after`]),
  ]
}

/** Bytes a reconnect. */
function growthEach(heap: readonly HeapReading[], reconnects: number): HeapReading {
  const perReading = reconnects / (heap.length - 1)
  return {
    objects: Math.round(stepOf(heap.map(({ objects }) => objects)) / perReading),
    buffers: Math.round(stepOf(heap.map(({ buffers }) => buffers)) / perReading),
  }
}

/** What is open once every TCP socket of the process is known, or when that has been waited for long enough. */
async function atRest({ known, idleMs }: LeakGateGiven): Promise<Open> {
  const untilMs = performance.now() + idleMs
  for (;;) {
    const kinds = process.getActiveResourcesInfo().toSorted()
    const sockets = kinds.filter((kind) => kind.startsWith('TCP')).length
    if (sockets === known() || performance.now() > untilMs) {
      return {
        sockets,
        descriptors: readdirSync('/proc/self/fd').length,
        timers: kinds.filter((kind) => kind === 'Timeout').length,
        resources: kinds.filter((kind) => kind !== 'Timeout').join(' '),
      }
    }
    await passed(LOOK_MS)
  }
}
