import assert from 'node:assert/strict'
import { test } from 'node:test'
import { growthOf, type HeapReading, readHeap, stepOf } from './heap-gauge.ts'

const TURNS = 100
const READINGS = 4
const LEAK_BYTES = 1_000

/** Growth per turn while `turn` runs over and over. */
async function growthWith(turn: () => unknown): Promise<HeapReading> {
  const readings: HeapReading[] = []
  for (let count = 0; count < READINGS; count++) {
    for (let done = 0; done < TURNS; done++) turn()
    readings.push(await readHeap())
  }
  return {
    objects: growthOf(readings.map(({ objects }) => objects)) / TURNS,
    buffers: growthOf(readings.map(({ buffers }) => buffers)) / TURNS,
  }
}

test('the gauge tells a kilobyte that every turn keeps from one that it drops', async () => {
  const kept: unknown[] = []
  const dropped = await growthWith(() => Array.from({ length: LEAK_BYTES / 8 }, (_, at) => at / 3))
  const objects = await growthWith(() => kept.push(Array.from({ length: LEAK_BYTES / 8 }, (_, at) => at / 3)))
  const buffers = await growthWith(() => kept.push(Buffer.alloc(LEAK_BYTES)))
  assert.equal(kept.length, 2 * READINGS * TURNS)
  assert.ok(Math.abs(dropped.objects) < 100, `${dropped.objects} dropped`)
  assert.ok(
    objects.objects >= LEAK_BYTES && objects.objects < 2 * LEAK_BYTES,
    `${objects.objects} in objects`,
  )
  assert.ok(
    buffers.buffers >= LEAK_BYTES * 0.9 && buffers.buffers < 2 * LEAK_BYTES,
    `${buffers.buffers} in buffers`,
  )
})

test('growth is the slope that most readings agree upon', () => {
  assert.equal(growthOf([10, 12, 14, 16, 18]), 2)
  assert.equal(growthOf([10, 12, 900, 16, 18, 20, 22]), 2)
  assert.equal(growthOf([5, 5, 5, 5]), 0)
})

test('a drop of four megabytes that lasts hides no growth', () => {
  const readings = [
    12_338_656, 12_384_352, 12_430_712, 12_481_248, 8_239_792, 8_286_816, 8_333_008, 8_388_328,
  ]
  assert.equal(stepOf(readings), 46_360)
  assert.equal(stepOf([10, 12, 900, 16, 18, 20, 22]), 2)
})
