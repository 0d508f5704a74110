import assert from 'node:assert/strict'
import { test } from 'node:test'
import { line, NOW, record, Rig } from './rig.ts'

test('writes are as far apart as asked for, and as the options say again afterwards', async () => {
  const rig = new Rig()
  const journal = rig.open()
  const appendTo = async (text: string, ms: number): Promise<number> => {
    journal.append(line(text), NOW)
    await rig.simulation.advance(ms)
    return rig.lines().length
  }
  assert.equal(await appendTo('1', 0), 1)
  journal.flushEvery(50)
  assert.equal(await appendTo('2', 49), 1)
  await rig.simulation.advance(1)
  assert.equal(rig.lines().length, 2)
  journal.flushEvery(undefined)
  assert.equal(await appendTo('3', 19), 2)
  await rig.simulation.advance(1)
  assert.deepEqual(
    rig.lines(),
    ['1', '2', '3'].map((text) => record(text)),
  )
})
