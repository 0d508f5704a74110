import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Simulation } from '../../src/runtime/sim.ts'
import { WatchedChild } from '../../src/supervisor/child.ts'
import { ScriptedProcesses } from './scripted-processes.ts'

test('the evidence of a process that has a venue in its name goes by a name that a file may have', async () => {
  const simulation = new Simulation({ seed: 7 })
  const kept: string[] = []
  const child = new WatchedChild(
    {
      name: 'collector/okx-spot',
      role: 'collector',
      process: () => ({ args: ['collect'], nodeArgs: [], input: 'config', isOutputShared: false }),
      windows: { stallingMs: 5_000, unhealthyMs: 10_000, killMs: 15_000 },
      crashLimit: 5,
    },
    {
      processes: new ScriptedProcesses(),
      runtime: simulation,
      emit: () => undefined,
      keep: (name) => void kept.push(name),
      onReport: () => undefined,
      onMessage: () => undefined,
      onLine: () => undefined,
    },
  )
  child.start()
  await simulation.advance(15_000)
  assert.equal(kept.length, 1)
  assert.match(kept[0] ?? '', /^collector-okx-spot-\d+\.txt$/)
})
