import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CaptureWriter } from '../../src/journal/capture-writer.ts'
import { Simulation } from '../../src/runtime/sim.ts'
import type { SystemEvent } from '../../src/telemetry/events.ts'
import { NOW } from './rig.ts'

const FOLDER = 'capture'

test('a full disk costs a capture the lines of that time, whole files are left, and it goes on by itself', async () => {
  const simulation = new Simulation({ seed: 1 })
  const events: SystemEvent[] = []
  const options = { folder: FOLDER, packing: 'none' as const, rotateBytes: 1_000_000 }
  const writer = new CaptureWriter(options, simulation, (event) => events.push(event))
  const write = async (raw: string): Promise<void> => {
    writer.write('ws', 'conn', 'in', { raw, timeUs: NOW })
    await simulation.advance(1_000)
  }
  await write('before')
  simulation.disk.limitBytes = simulation.disk.usedBytes + 10
  await write('one lost')
  await write('another lost')
  simulation.disk.limitBytes = Infinity
  await write('after')
  writer.close()
  const texts = simulation.files
    .list(FOLDER)
    .map((name) => new TextDecoder().decode(simulation.files.read(`${FOLDER}/${name}`)))
  const lines = texts.join('').trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).raw),
    ['before', 'after'],
  )
  assert.deepEqual(
    events.map((event) => [event.type, 'lost' in event ? event.lost : undefined]),
    [
      ['capture_failed', undefined],
      ['capture_resumed', 2],
    ],
  )
})
