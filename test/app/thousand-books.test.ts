import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Collector } from '../../src/app/collector.ts'
import { serveVenue } from '../../src/emulator/server.ts'
import { venueModel } from '../../src/emulator/venue-model.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import { journalRecords } from '../journal/journal-records.ts'
import { venueConfig } from './venue-config.ts'

const BOOKS = 1_000
const LIMIT_MS = 30_000

test('over real sockets, one lost frame among 1,000 books costs one recovery of one book, and one gap record', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'marketprism-thousand-'))
  const runtime = systemRuntime()
  const model = venueModel('deribit', runtime, { seed: 5, instruments: BOOKS, depth: 20 })
  const server = await serveVenue(model, runtime.timers)
  const keys = { instruments: model.symbols, channels: ['book'] }
  const config = venueConfig('deribit', server, keys, { journal: { folder } })
  const collector = new Collector(config, runtime, () => undefined)
  collector.start()
  const [collection] = collector.collections
  assert.ok(collection !== undefined)
  const { counts, streams } = collection
  const live = (): number => streams().filter(({ book }) => book.sync.isLive).length
  await until(() => live() === BOOKS, 'all books are live')
  const before = { snapshots: counts.snapshots, epochs: streams().map(({ book }) => book.epoch) }

  const symbol = model.symbols[0] ?? ''
  model.faults.set({ name: 'drop', symbol, channel: 'book', times: 1 })
  await until(() => counts.gaps === 1 && live() === BOOKS, 'the book is lost and live again')
  const after = { snapshots: counts.snapshots, epochs: streams().map(({ book }) => book.epoch) }
  await collector.stop()
  await server.stop()
  const gaps = journalRecords(folder).filter((record) => record['type'] === 'gap')
  rmSync(folder, { recursive: true })

  assert.equal(before.snapshots, BOOKS)
  assert.equal(after.snapshots, BOOKS + 1, 'one recovery')
  const resynced = after.epochs.flatMap((epoch, slot) => (epoch === before.epochs[slot] ? [] : [slot]))
  assert.deepEqual(
    resynced.map((slot) => model.symbols[slot]),
    [symbol],
  )
  assert.deepEqual(
    gaps.map((gap) => [gap['instrument'], gap['cause'], gap['repaired_by']]),
    [[symbol, 'sequence', 'snapshot']],
  )
})

/** Polled: what is waited for is a state of the whole, not one event. */
async function until(isSo: () => boolean, what: string): Promise<void> {
  const untilMs = Date.now() + LIMIT_MS
  while (!isSo()) {
    assert.ok(Date.now() < untilMs, what)
    await new Promise((later) => setTimeout(later, 10))
  }
}
