import assert from 'node:assert/strict'
import { setTimeout as passed } from 'node:timers/promises'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What is in use after collection, bytes. */
export interface HeapReading {
  /** Objects. Compiled code is left out: it settles over thousands of runs, and no run keeps any of it. */
  readonly objects: number
  /** Buffers outside of the heap. */
  readonly buffers: number
}

const COLLECTIONS = 8
/** Time for what is on its way (a snapshot, a message) to come and go. */
const BETWEEN_MS = 50
const CODE_SPACE = /code|trusted/

/** Reads the heap several times over; the least that was in use is what is kept. */
export async function readHeap(): Promise<HeapReading> {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  assert.ok(typeof collect === 'function')
  let least: HeapReading = { objects: Infinity, buffers: Infinity }
  for (let count = 0; count < COLLECTIONS; count++) {
    collect()
    least = {
      objects: Math.min(least.objects, objectBytes()),
      buffers: Math.min(least.buffers, process.memoryUsage().arrayBuffers),
    }
    await passed(BETWEEN_MS)
  }
  return least
}

function objectBytes(): number {
  return getHeapSpaceStatistics()
    .filter(({ space_name: name }) => !CODE_SPACE.test(name))
    .reduce((sum, { space_used_size: bytes }) => sum + bytes, 0)
}

/**
 * Growth from one reading to the next: the median of the slopes of all pairs (Theil-Sen), which a few odd readings do not
 * move. For readings with noise.
 */
export function growthOf(readings: readonly number[]): number {
  return median(
    readings.flatMap((later, at) =>
      readings.slice(0, at).map((earlier, before) => (later - earlier) / (at - before)),
    ),
  )
}

/**
 * Growth from one reading to the next: the median of the steps. For readings without noise: one that lasts (V8 drops the
 * source text of modules, 4 MB, when it sees fit) moves the slope of half of all pairs, and one step.
 */
export function stepOf(readings: readonly number[]): number {
  return median(readings.slice(1).map((later, at) => later - (readings[at] ?? Number.NaN)))
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2
}
