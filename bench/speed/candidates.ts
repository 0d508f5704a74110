// What is measured: ways to take the same messages, from parsing alone to the whole path.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Book } from '../../src/book/book.ts'
import { FollowedBooks } from '../../src/book/followed-books.ts'
import { BookSync } from '../../src/book/sync.ts'
import { bestAskOf, bestBidOf, type BookView } from '../../src/book/view.ts'
import { Columns, KIND } from '../../src/core/columns.ts'
import type { VenueId } from '../../src/core/ids.ts'
import type { Instrument } from '../../src/core/instrument.ts'
import { epochMicros } from '../../src/core/units.ts'
import { Journal } from '../../src/journal/journal.ts'
import { KEEP_ALL } from '../../src/journal/retention.ts'
import { Pipeline } from '../../src/pipeline/pipeline.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import { Counts } from '../../src/telemetry/counts.ts'
import { Symbols } from '../../src/venues/symbols.ts'
import type { Venue } from '../../src/venues/venue.ts'
import { venueOf } from '../../src/venues/venues.ts'
import type { Item } from './inputs.ts'
import { ccxt, tardis } from './peers.ts'

/** Takes messages one after the other. */
export interface Candidate {
  readonly take: (item: Item) => void
  /** Sum of the best prices after all messages: what candidates with books have to agree on. */
  readonly digest?: () => number
  readonly close?: () => Promise<void> | void
}

export const CANDIDATES: Readonly<Record<string, (venue: VenueId, items: readonly Item[]) => Candidate>> = {
  parse: () => ({ take: ({ bytes }) => JSON.parse(bytes.toString()) }),
  strict: (id) => decoding(venueOf(id), { isScanned: false }),
  decode: (id) => decoding(venueOf(id), { isScanned: true }),
  book: (id) => keeping(venueOf(id)),
  journal: (id, items) => recording(venueOf(id), items),
  tardis: (id) => tardis(id),
  ccxt: (id, items) => ccxt(id, symbolsOf(venueOf(id), items)),
}

const NOT_HEARD = { joined: () => undefined, applied: () => undefined }
const AT_US = epochMicros(1_764_000_000_000_000)

/** Reads every message: by the scanner where it takes it, or by the strict reader only. */
function decoding(venue: Venue, { isScanned }: { readonly isScanned: boolean }): Candidate {
  const symbols = new Symbols([], { open: true })
  const columns = new Columns()
  return {
    take({ bytes, symbol }) {
      if (symbol !== undefined) venue.snapshot?.read(bytes, symbols.add(symbol), columns)
      else if (!isScanned || venue.scan?.(bytes, symbols) === undefined) venue.decode(bytes, symbols, columns)
    },
  }
}

/** Decodes, and keeps verified books: chain, checksum, snapshot and all. */
function keeping(venue: Venue): Candidate {
  const symbols = new Symbols([], { open: true })
  const decoded = new Columns()
  const books: BookSync[] = []
  const followed = new FollowedBooks(venue.link)
  let digest = 0
  const bookOf = (slot: number): BookSync =>
    (books[slot] ??= new BookSync(venue.link, new Book(), followed.hearing(slot)))
  const add = (book: BookView): void => {
    const bid = bestBidOf(book)
    const ask = bestAskOf(book)
    if (bid === bid && ask === ask) digest += (bid + ask) / 10 ** book.priceDecimals
  }
  const best = (slot: number): void => {
    const book = followed.at(slot)
    if (book !== undefined) add(book)
    else if (bookOf(slot).isLive) add(bookOf(slot).book)
  }
  return {
    take({ bytes, symbol }) {
      if (symbol !== undefined) {
        const slot = symbols.add(symbol)
        venue.snapshot?.read(bytes, slot, decoded)
        bookOf(slot).answer(decoded, 0, venue.window, NOT_HEARD)
        best(slot)
        return
      }
      let columns = venue.scan?.(bytes, symbols)
      if (columns === undefined) {
        venue.decode(bytes, symbols, decoded)
        columns = decoded
      }
      for (let at = 0; at < columns.count; at++) {
        const kind = columns.kind[at]
        if (kind === KIND.trade) continue
        const slot = columns.slot[at] ?? 0
        if (kind !== KIND.delta) bookOf(slot).snapshot(columns, at, venue.window, NOT_HEARD)
        else if (!followed.apply(columns, at)) bookOf(slot).delta(columns, at, AT_US)
        best(slot)
      }
    },
    digest: () => digest,
  }
}

/** All that a collector does with a frame that has data, down to the journal on the disk: every change and every trade is recorded. */
function recording(venue: Venue, items: readonly Item[]): Candidate {
  const symbols = new Symbols(symbolsOf(venue, items))
  const runtime = systemRuntime()
  const folder = mkdtempSync(join(tmpdir(), 'marketprism-bench-'))
  const journal = new Journal(
    {
      folder,
      segmentBytes: 64 * 1024 * 1024,
      segmentMs: 600_000,
      flushMs: 2,
      fsyncMs: 200,
      limits: KEEP_ALL,
      places: () => [],
    },
    runtime,
    { emit: () => undefined },
  )
  const counts = new Counts()
  const instruments = Array.from({ length: symbols.size }, (_, slot) =>
    instrument(venue, symbols.nameOf(slot)),
  )
  const pipeline = new Pipeline(
    {
      venue,
      symbols,
      instruments,
      session: 'bench',
      publish: () => ({ deltas: true, depth: 0, everyMs: 100 }),
      levelLimit: 5_000,
    },
    {
      timers: runtime.timers,
      append: (line, receiveTimeUs) => journal.append(line, receiveTimeUs),
      recovery: { recover: () => undefined, recovered: () => undefined, renew: () => undefined },
      emit: () => undefined,
      counts,
    },
  )
  const streams = instruments.flatMap((_, slot) => [
    { slot, channel: 'book' as const },
    { slot, channel: 'trade' as const },
  ])
  pipeline.carries(1, streams)
  return {
    take({ bytes, symbol }) {
      const receiveTimeUs = runtime.clock.now()
      if (symbol === undefined) pipeline.frame(1, bytes, receiveTimeUs)
      else
        pipeline.snapshot(symbols.add(symbol), {
          body: bytes,
          // A book that is not known to its end asks for another snapshot after a while, and nobody answers here.
          window: Infinity,
          receiveTimeUs,
        })
    },
    digest: () => counts.records,
    async close() {
      const { gaps, refused } = counts
      if (gaps + refused > 0)
        throw new Error(`${gaps} gaps, ${refused} frames refused: less was recorded than there was`)
      pipeline.stop(runtime.clock.now())
      await journal.close()
      rmSync(folder, { recursive: true })
    },
  }
}

function symbolsOf(venue: Venue, items: readonly Item[]): readonly string[] {
  const symbols = new Symbols([], { open: true })
  const columns = new Columns()
  for (const { bytes, symbol } of items) {
    if (symbol !== undefined) symbols.add(symbol)
    else if (venue.scan?.(bytes, symbols) === undefined) venue.decode(bytes, symbols, columns)
  }
  return Array.from({ length: symbols.size }, (_, slot) => symbols.nameOf(slot))
}

function instrument(venue: Venue, symbol: string): Instrument {
  return {
    venue: venue.id,
    symbol,
    name: symbol,
    marketType: venue.id.endsWith('spot') ? 'spot' : 'perpetual',
    base: symbol,
    quote: '',
    tickSize: '0.01',
    lotSize: '0.00001',
    sizeUnit: 'base',
    contractSize: undefined,
    contractCurrency: undefined,
    state: 'trading',
  }
}
