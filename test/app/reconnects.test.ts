import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { VENUE_IDS, type VenueId } from '../../src/core/ids.ts'
import { type EmulatedServer, serveVenue } from '../../src/emulator/server.ts'
import { venueModel } from '../../src/emulator/venue-model.ts'
import { Feed } from '../../src/feed/feed.ts'
import { SocketRegistry } from '../../src/feed/registry.ts'
import { FEED_TIMING } from '../../src/feed/timing.ts'
import { Pipeline } from '../../src/pipeline/pipeline.ts'
import type { Runtime } from '../../src/runtime/runtime.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import { Counts } from '../../src/telemetry/counts.ts'
import { venueOf } from '../../src/venues/venues.ts'

const RECONNECTS = 1_000
/** Code is compiled and pools are filled before anything is counted. */
const WARM_UP = 200
const GROWTH_LIMIT_BYTES = 100
const LIVE_LIMIT_MS = 5_000
/** Idle REST connections are closed by then: the server keeps them for 5 s. */
const IDLE_MS = 6_500
/** Neither the venue's limits nor our patience are what is tested here. */
const EAGER = {
  ...FEED_TIMING,
  backoff: { firstMs: 1, maxMs: 4 },
  recovery: { firstMs: 5, maxMs: 50 },
  stableMs: 0,
}
/** A venue that never says "too many". */
const PATIENT = {
  seed: 3,
  instruments: 2,
  depth: 20,
  binance: { connectsPerWindow: Infinity, messagesPerSecond: Infinity },
  okx: { connectsPerSecond: Infinity },
  deribit: { subscribePool: Infinity, callPool: Infinity },
}

interface Reading {
  readonly sockets: number
  readonly descriptors: number
  readonly timers: number
  readonly resources: string
  readonly heapBytes: number
}

test(`${RECONNECTS} forced reconnects leave nothing behind`, async () => {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  assert.ok(typeof collect === 'function')
  const venues = await Promise.all(VENUE_IDS.map((id) => openVenue(id, systemRuntime())))
  const read = async (): Promise<Reading> => {
    await Promise.all(venues.map((venue) => venue.live()))
    await new Promise((settled) => setTimeout(settled, IDLE_MS))
    collect()
    collect()
    const kinds = process.getActiveResourcesInfo().toSorted()
    return {
      sockets: venues.reduce((sum, { registry }) => sum + registry.counts().actual, 0),
      descriptors: readdirSync('/proc/self/fd').length,
      timers: kinds.filter((kind) => kind === 'Timeout').length,
      resources: kinds.filter((kind) => kind !== 'Timeout').join(' '),
      heapBytes: process.memoryUsage().heapUsed,
    }
  }
  await reconnect(venues, WARM_UP)
  const before = await read()
  await reconnect(venues, RECONNECTS)
  const after = await read()
  const cuts = venues.reduce((sum, venue) => sum + venue.cuts(), 0)
  const peaks = venues.map(({ registry }) => [registry.counts().peak, registry.counts().desired])
  await Promise.all(venues.map((venue) => venue.close()))

  assert.ok(cuts >= RECONNECTS + WARM_UP)
  assert.equal(after.sockets, before.sockets, 'sockets')
  assert.equal(after.descriptors, before.descriptors, 'descriptors')
  assert.equal(after.resources, before.resources, 'handles')
  // A snapshot that is on its way and a text ping that is due come and go by one a venue.
  assert.ok(
    Math.abs(after.timers - before.timers) <= venues.length,
    `${before.timers} timers before, ${after.timers} after`,
  )
  for (const [peak = 0, desired = 0] of peaks)
    assert.ok(peak <= desired * 2, `${peak} sockets of ${desired} wanted`)
  const growth = (after.heapBytes - before.heapBytes) / RECONNECTS
  assert.ok(growth < GROWTH_LIMIT_BYTES, `${growth.toFixed(0)} bytes of heap a reconnect`)
})

interface OpenVenue {
  readonly registry: SocketRegistry
  readonly sockets: number
  cut(): void
  /** Sockets cut so far. */
  cuts(): number
  live(): Promise<void>
  close(): Promise<void>
}

/** Cuts the sockets of the venues, over and over, `times` sockets in all; each time all books come back. */
async function reconnect(venues: readonly OpenVenue[], times: number): Promise<void> {
  const sockets = venues.reduce((sum, venue) => sum + venue.sockets, 0)
  for (let done = 0; done < times; done += sockets) {
    for (const venue of venues) venue.cut()
    await Promise.all(venues.map((venue) => venue.live()))
  }
}

async function openVenue(id: VenueId, runtime: Runtime): Promise<OpenVenue> {
  const server = await serveVenue(venueModel(id, runtime, PATIENT), runtime.timers)
  const registry = new SocketRegistry(runtime.sockets, runtime.clock)
  const feed = openFeed(id, server, { runtime, registry })
  feed.start()
  let cutNumber = 0
  let cuts = 0
  const isLive = (): boolean => {
    const { counts, sessions } = feed.status()
    const isBack = sessions.every(({ state, number }) => state === 'live' && number > cutNumber)
    return isBack && counts.books === 2 && counts.booksLive === 2
  }
  const live = async (): Promise<void> => {
    const untilMs = Date.now() + LIVE_LIMIT_MS
    // Polled, because what is waited for is a state of the system, not one event.
    while (!isLive()) {
      assert.ok(Date.now() < untilMs, `${id} is live again: ${JSON.stringify(feed.status())}`)
      await new Promise((later) => setTimeout(later, 5))
    }
  }
  await live()
  return {
    registry,
    sockets: registry.counts().desired,
    cut() {
      const numbers = feed.status().sessions.map(({ number }) => number)
      cutNumber = Math.max(...numbers)
      cuts += numbers.length
      server.cut()
    },
    cuts: () => cuts,
    live,
    async close() {
      await feed.stop()
      await server.stop()
    },
  }
}

function openFeed(
  id: VenueId,
  server: EmulatedServer,
  { runtime, registry }: { readonly runtime: Runtime; readonly registry: SocketRegistry },
): Feed {
  const real = venueOf(id)
  const plenty = { count: 1_000_000, perMs: 1 }
  const venue = { ...real, limits: { ...real.limits, connects: plenty, requests: plenty, weight: plenty } }
  const wanted = server.model.symbols.map((instrument) => ({
    instrument,
    channels: ['book', 'trade'] as const,
  }))
  const choice = { book: venue.options.book[0] ?? '', trade: venue.options.trade[0] ?? '' }
  const hosts = { stream: server.streamUrl, rest: server.restUrl }
  return new Feed(
    { venue, hosts, wanted, choice, snapshotDepth: 50, registry, timing: EAGER },
    runtime,
    () => undefined,
    (symbols, instruments, recovery) =>
      new Pipeline(
        {
          venue,
          symbols,
          instruments,
          session: 'test',
          publish: () => ({ deltas: true, depth: 0, everyMs: 1_000 }),
          levelLimit: 10_000,
        },
        {
          timers: runtime.timers,
          append: () => undefined,
          recovery,
          emit: () => undefined,
          counts: new Counts(),
        },
      ),
  )
}
