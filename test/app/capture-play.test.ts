import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readCapture } from '../../src/app/capture-reader.ts'
import { Collector } from '../../src/app/collector.ts'
import { fullDepthDigest } from '../../src/book/digest.ts'
import type { CaptureLine } from '../../src/core/capture.ts'
import { isVenueId, type VenueId } from '../../src/core/ids.ts'
import { captureModel } from '../../src/emulator/capture-model.ts'
import { serveVenue } from '../../src/emulator/server.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import { capturesFolder } from '../captures.ts'
import { type Json, journalRecords } from '../journal/journal-records.ts'
import { type Listening, venueConfig } from './venue-config.ts'

const SPEED = 20
/** After the last frame was sent, everything has arrived and is written within this time. */
const SETTLE_MS = 1_000

interface ExpectedBook {
  readonly symbol: string
  readonly updates_applied: number
  readonly full_depth_sha256?: string
}

interface Expected {
  readonly venue: VenueId
  readonly capture: string
  readonly symbols: readonly ExpectedBook[]
  readonly trades: readonly { readonly stream: string; readonly symbol: string; readonly count: number }[]
}

const folder = capturesFolder()
const temporary = mkdtempSync(join(tmpdir(), 'marketprism-play-'))
after(() => rmSync(temporary, { recursive: true }))

test(
  'captures over real sockets',
  { skip: folder === undefined && 'no captures here', concurrency: 3 },
  async (group) => {
    assert.ok(folder !== undefined)
    const expectations = readdirSync(join(folder, 'expected'))
      .filter((name) => name.endsWith('.json'))
      .map((name): Expected => JSON.parse(readFileSync(join(folder, 'expected', name), 'utf8')))
    assert.ok(expectations.length > 0)
    await Promise.all(
      expectations.map((expected) =>
        group.test(
          `${expected.venue}/${expected.capture} at ${SPEED} times its speed ends with the same books, each record once`,
          () => play(expected, folder),
        ),
      ),
    )
  },
)

async function play(expected: Expected, captures: string): Promise<void> {
  const { venue, capture } = expected
  assert.ok(isVenueId(venue))
  const lines: CaptureLine[] = []
  for await (const { line } of readCapture(join(captures, venue, capture))) lines.push(line)
  const runtime = systemRuntime()
  const { promise, resolve } = Promise.withResolvers<void>()
  const server = await serveVenue(
    captureModel({ venue, lines, done: resolve }, runtime, { speed: SPEED }),
    runtime.timers,
  )
  const data = join(temporary, `${venue}-${capture}`)
  const collector = new Collector(configOf(expected, lines, { server, data }), runtime, () => undefined)
  collector.start()
  await promise
  await new Promise((settled) => setTimeout(settled, SETTLE_MS))
  const [collection] = collector.collections
  const digests = new Map(
    collection
      ?.streams()
      .map(({ instrument, book }) => [
        instrument.symbol,
        book.sync.isLive ? fullDepthDigest(book.sync.book, createHash('sha256')).digest('hex') : undefined,
      ]),
  )
  const gaps = collection?.counts.gaps
  await collector.stop()
  await server.stop()
  for (const book of expected.symbols) {
    assert.equal(
      digests.get(book.symbol),
      book.full_depth_sha256,
      `${book.symbol}: the whole book at the end`,
    )
  }
  assert.equal(gaps, 0)
  assertRecords(expected, journalRecords(data))
}

/** The streams that the capture has are those that are asked for. */
function configOf(
  { venue, symbols, trades }: Expected,
  lines: readonly CaptureLine[],
  to: { readonly server: Listening; readonly data: string },
): ConstructorParameters<typeof Collector>[0] {
  const raw = lines.find(({ raw: text }) => /@depth|books|book\./.test(text))?.raw ?? ''
  const bookStream = /depth@0ms|depth@100ms|books-l2-tbt|books/.exec(raw)?.[0] ?? 'raw'
  const tradeStream = trades[0]?.stream ?? (venue === 'deribit' ? 'raw' : undefined)
  const keys = {
    instruments: [...new Set(symbols.map(({ symbol }) => symbol))],
    book_stream: bookStream,
    ...(tradeStream === undefined ? {} : { trade_stream: tradeStream }),
    ...(venue.startsWith('binance') ? { snapshot_depth: venue === 'binance-spot' ? 5_000 : 1_000 } : {}),
  }
  return venueConfig(venue, to.server, keys, {
    journal: { folder: to.data },
    publish: { books: { enabled: false } },
  })
}

/** Every update and every trade of the capture is in the journal, and none twice. */
function assertRecords(expected: Expected, records: readonly Json[]): void {
  const ids = records.map((record) => record['id'])
  assert.equal(new Set(ids).size, ids.length, 'no record twice')
  const count = (type: string, symbol: string): number =>
    records.filter((record) => record['type'] === type && record['instrument'] === symbol).length
  for (const { symbol, updates_applied } of expected.symbols) {
    assert.equal(count('orderbook_delta', symbol), updates_applied, `${symbol}: deltas`)
  }
  for (const trades of expected.trades) {
    if (!expected.symbols.some(({ symbol }) => symbol === trades.symbol)) continue
    assert.equal(count('trade', trades.symbol), trades.count, `${trades.symbol}: trades`)
  }
}
