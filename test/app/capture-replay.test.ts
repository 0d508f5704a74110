import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { CaptureVerifier } from '../../src/app/verify-capture.ts'
import { readCaptures } from '../../src/app/capture-reader.ts'
import { Collector } from '../../src/app/collector.ts'
import { replayCapture } from '../../src/app/replay-capture.ts'
import { VENUE_IDS, type VenueId } from '../../src/core/ids.ts'
import { serveVenue } from '../../src/emulator/server.ts'
import { venueModel } from '../../src/emulator/venue-model.ts'
import { KEEP_ALL } from '../../src/journal/retention.ts'
import { PACKINGS } from '../../src/runtime/pack.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import { venueOf } from '../../src/venues/venues.ts'
import { type Json, journalRecords } from '../journal/journal-records.ts'
import { venueConfig } from './venue-config.ts'

const COLLECT_MS = 2_500

for (const [index, venue] of VENUE_IDS.entries()) {
  const packing = PACKINGS[index % PACKINGS.length] ?? 'none'
  test(`${venue}: a raw capture (${packing}) replays into the records that were written, a reconnect included`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'marketprism-replay-'))
    await collect(venue, packing, folder)
    const files = listFiles(join(folder, 'capture', venue))
    assert.ok(files.length > 0)
    const live = journalRecords(join(folder, 'journal'))
    assert.ok(live.length > 20, `${live.length} records`)
    await replay(venue, files, join(folder, 'one'))
    await replay(venue, files, join(folder, 'two'))
    assert.deepEqual(journalRecords(join(folder, 'one')).map(withoutRun), live.map(withoutRun))
    assert.equal(bytesOf(join(folder, 'one')), bytesOf(join(folder, 'two')))
    const verifier = new CaptureVerifier(venueOf(venue))
    for await (const { line, number } of readCaptures(files)) verifier.take(line, number)
    const report = verifier.finish('live')
    assert.deepEqual(report.refused, {})
    assert.equal(new Set(report.symbols.map(({ symbol }) => symbol)).size, 2)
    rmSync(folder, { recursive: true })
  })
}

async function collect(venue: VenueId, compression: string, folder: string): Promise<void> {
  const runtime = systemRuntime()
  const server = await serveVenue(
    venueModel(venue, runtime, { seed: 9, instruments: 2, depth: 50 }),
    runtime.timers,
  )
  const config = venueConfig(
    venue,
    server,
    { instruments: server.model.symbols },
    {
      journal: { folder: join(folder, 'journal') },
      capture: { enabled: true, folder: join(folder, 'capture'), compression },
      publish: { books: { enabled: false } },
    },
  )
  const collector = new Collector(config, runtime, () => undefined)
  collector.start()
  await later(COLLECT_MS)
  server.cut()
  await later(COLLECT_MS)
  await collector.stop()
  await server.stop()
}

async function replay(venue: VenueId, files: readonly string[], folder: string): Promise<void> {
  await replayCapture(
    {
      venue: venueOf(venue),
      files,
      publish: () => ({ deltas: true, depth: 0, everyMs: 1_000 }),
      levelLimit: 10_000,
      journal: {
        folder,
        segmentBytes: 64_000_000,
        segmentMs: Infinity,
        flushMs: 5,
        fsyncMs: Infinity,
        limits: KEEP_ALL,
        places: () => [],
      },
    },
    systemRuntime(),
  )
}

const listFiles = (folder: string): string[] =>
  readdirSync(folder)
    .toSorted()
    .map((name) => join(folder, name))

const bytesOf = (folder: string): string =>
  listFiles(folder)
    .filter((path) => path.includes('.ndjson'))
    .map((path) => readFileSync(path, 'utf8'))
    .join('')

/** All of a record but the name of the run that wrote it. */
const withoutRun = (record: Json): Json => ({ ...record, session: '' })

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
