import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Collector } from '../../src/app/collector.ts'
import { inspectJournal } from '../../src/app/journal.ts'
import { VENUE_IDS } from '../../src/core/ids.ts'
import { serveVenue } from '../../src/emulator/server.ts'
import { venueModel } from '../../src/emulator/venue-model.ts'
import type { InstrumentStreams } from '../../src/pipeline/streams.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import type { SystemEvent } from '../../src/telemetry/events.ts'
import { memoryIo } from '../cli/memory-io.ts'
import { configOf } from '../config/bad-config.ts'
import { type Json, journalLines } from '../journal/journal-records.ts'
import { smallDisk } from './tmpfs.ts'
import { venueConfig } from './venue-config.ts'

const DISK_BYTES = 8 * 1024 * 1024
const BOOKS = 68
const LARGE_DISK_BYTES = 32 * 1024 * 1024
/** The disk stays full for so long. */
const FULL_MS = 2_000
const LIMIT_MS = 20_000

test('a full disk costs no book and nothing that was written; what was not recorded is one gap a stream', async (t) => {
  using disk = smallDisk(DISK_BYTES)
  if (disk === undefined) {
    t.skip('this process may not mount a small disk')
    return
  }
  const runtime = systemRuntime()
  const model = venueModel('okx-spot', runtime, { seed: 4, instruments: 3, depth: 50 })
  const server = await serveVenue(model, runtime.timers)
  const folder = join(disk.folder, 'journal')
  const config = venueConfig(
    'okx-spot',
    server,
    { instruments: model.symbols },
    { journal: { folder, free_bytes: 0 } },
  )
  const events: SystemEvent[] = []
  const collector = new Collector(config, runtime, (event) => events.push(event))
  const [collection] = collector.collections
  assert.ok(collection !== undefined)
  const { counts, streams } = collection
  const live = (): number => streams().filter(({ book }) => book.sync.isLive).length
  collector.start()
  await until(() => live() === 3 && counts.trades > 20, 'books are live')

  const ballast = fillDisk(disk.folder)
  await until(() => collector.journal.isHeld, 'the journal says that it cannot write')
  const written = journalLines(folder)
  const { frames } = counts
  await later(FULL_MS)
  assert.ok(counts.frames > frames + 20, 'frames are still read')
  assert.equal(live(), 3, 'books are kept')
  assert.equal(counts.snapshots, 3, 'and were not fetched anew')
  assert.deepEqual(journalLines(folder), written, 'nothing that was written is harmed')

  for (const path of ballast) rmSync(path)
  await until(() => !collector.journal.isHeld, 'it goes on by itself')
  const trades = counts.trades
  await until(() => counts.trades > trades + 20, 'records are written again')
  await collector.stop()
  await server.stop()

  const lines = journalLines(folder)
  assert.deepEqual(lines.slice(0, written.length), written)
  const told = memoryIo()
  assert.equal(await inspectJournal({ action: 'verify', folder, segments: [] }, told.io), 0, told.out())
  const gaps = lines.map((line): Json => JSON.parse(line)).filter((record) => record['type'] === 'gap')
  assert.deepEqual([...new Set(gaps.map((gap) => gap['cause']))], ['unrecorded'])
  const booksWithGap = gaps.filter((gap) => gap['channel'] === 'book').map((gap) => String(gap['instrument']))
  assert.deepEqual(booksWithGap.toSorted(), [...model.symbols].toSorted())
  assert.ok(counts.unrecorded > 0)
  const types = events.map(({ type }) => type).filter((type) => type.startsWith('journal_'))
  assert.deepEqual(types, ['journal_held', 'journal_resumed'])
})

test('a disk that has room for the books of one venue only holds both again, and nothing piles up in memory', async (t) => {
  using disk = smallDisk(LARGE_DISK_BYTES)
  if (disk === undefined) {
    t.skip('this process may not mount a small disk')
    return
  }
  const runtime = systemRuntime()
  // The full books of the first venue are more than a batch of the journal, and more than the room that there will be.
  const models = [
    venueModel('okx-spot', runtime, { seed: 4, instruments: 64, depth: 400 }),
    venueModel('deribit', runtime, { seed: 4, instruments: 4, depth: 100 }),
  ]
  const servers = await Promise.all(models.map((model) => serveVenue(model, runtime.timers)))
  const section = ({ venue, streamUrl, restUrl, model }: (typeof servers)[number]): [string, Json] => [
    venue,
    { stream_url: streamUrl, rest_url: restUrl, instruments: model.symbols },
  ]
  const off = VENUE_IDS.map((venue): [string, Json] => [venue, { enabled: false }])
  const venues = Object.fromEntries([...off, ...servers.map(section)])
  const folder = join(disk.folder, 'journal')
  const config = configOf(JSON.stringify({ venues, journal: { folder, free_bytes: 0 } }))
  const collector = new Collector(config, runtime, () => undefined)
  const books = (): readonly InstrumentStreams[] => collector.collections.flatMap(({ streams }) => streams())
  const made = (): number => collector.collections.reduce((sum, { counts }) => sum + counts.records, 0)
  collector.start()
  await until(() => books().filter(({ book }) => book.sync.isLive).length === BOOKS, 'books are live')

  const ballast = fillDisk(disk.folder)
  await until(() => collector.journal.isHeld, 'it holds')
  await later(FULL_MS)
  // Room for the one venue; then it is full again, in the middle of going on.
  for (const path of ballast.splice(0, 10)) rmSync(path)
  const before = made()
  await until(() => made() > before && collector.journal.isHeld, 'it has gone on, and holds again')
  const held = made()
  await later(FULL_MS)
  assert.ok(collector.journal.isHeld)
  assert.equal(made(), held, 'no record is made while it holds')

  for (const path of ballast) rmSync(path)
  await until(() => !collector.journal.isHeld, 'it goes on by itself')
  await later(FULL_MS)
  assert.equal(books().filter(({ book }) => book.sync.isLive).length, BOOKS)
  await collector.stop()
  await Promise.all(servers.map((server) => server.stop()))
  const told = memoryIo()
  assert.equal(await inspectJournal({ action: 'verify', folder, segments: [] }, told.io), 0, told.out())
})

/** Fills a disk to the last block. Answers the files that do. */
function fillDisk(folder: string): string[] {
  const paths: string[] = []
  assert.throws(() => {
    for (let part = 0; ; part++) {
      const path = join(folder, `ballast${part}`)
      paths.push(path)
      writeFileSync(path, new Uint8Array(64 * 1024))
    }
  }, /ENOSPC/)
  return paths
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Polled: what is waited for is a state of the whole, not one event. */
async function until(isSo: () => boolean, what: string): Promise<void> {
  const untilMs = Date.now() + LIMIT_MS
  while (!isSo()) {
    assert.ok(Date.now() < untilMs, what)
    await later(20)
  }
}
