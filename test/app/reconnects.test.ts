import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Feed } from '../../src/feed/feed.ts'
import { SocketRegistry } from '../../src/feed/registry.ts'
import { FEED_TIMING } from '../../src/feed/timing.ts'
import { Pipeline } from '../../src/pipeline/pipeline.ts'
import type { Runtime } from '../../src/runtime/runtime.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import { Counts } from '../../src/telemetry/counts.ts'
import { venueOf } from '../../src/venues/venues.ts'
import { type DistantVenue, startEmulatedVenues } from './emulated-venues.ts'
import { passLeakGate } from './leak-gate.ts'

const RECONNECTS = 1_000
/** Feedback and shapes have settled before anything is counted. */
const WARM_UP = 1_500
const LIVE_LIMIT_MS = 10_000
/** Idle REST connections are closed long before: the server keeps them for 5 s. */
const IDLE_LIMIT_MS = 20_000
/** Neither the venue's limits nor our patience are what is tested here. */
const EAGER = {
  ...FEED_TIMING,
  backoff: { firstMs: 1, maxMs: 4 },
  recovery: { firstMs: 5, maxMs: 50 },
  stableMs: 0,
}

test(`${RECONNECTS} forced reconnects leave nothing behind`, async (context) => {
  const runtime = systemRuntime()
  const emulated = await startEmulatedVenues()
  const venues = emulated.venues.map((venue) => openVenue(venue, runtime))
  context.after(async () => {
    await Promise.all(venues.map((venue) => venue.close()))
    await emulated.stop()
  })
  await Promise.all(venues.map((venue) => venue.live()))
  const { reconnects, growth, leaks } = await passLeakGate({
    warmUp: WARM_UP,
    reconnects: RECONNECTS,
    reconnect: (times) => reconnect(venues, times),
    known: () => venues.reduce((sum, { registry }) => sum + registry.counts().actual, 0),
    idleMs: IDLE_LIMIT_MS,
    // A snapshot that is on its way and a text ping that is due come and go by one a venue.
    timersSlack: venues.length,
  })
  context.diagnostic(`bytes a reconnect: ${JSON.stringify(growth)}`)
  assert.ok(reconnects >= RECONNECTS, `${reconnects} sockets cut`)
  assert.deepEqual(leaks, [])
  const peaks = venues.map(({ registry }) => [registry.counts().peak, registry.counts().desired])
  for (const [peak = 0, desired = 0] of peaks)
    assert.ok(peak <= desired * 2, `${peak} sockets of ${desired} wanted`)
})

interface OpenVenue {
  readonly registry: SocketRegistry
  /** Cuts all its sockets; answers how many. */
  cut(): Promise<number>
  /** Resolves when every socket has come back and every book is live. */
  live(): Promise<void>
  close(): Promise<void>
}

/** Cuts the sockets of the venues, over and over, until `times` were cut; each time all books come back. Answers how many were. */
async function reconnect(venues: readonly OpenVenue[], times: number): Promise<number> {
  let done = 0
  while (done < times) {
    const cuts = await Promise.all(venues.map((venue) => venue.cut()))
    await Promise.all(venues.map((venue) => venue.live()))
    done += cuts.reduce((sum, count) => sum + count, 0)
  }
  return done
}

function openVenue(distant: DistantVenue, runtime: Runtime): OpenVenue {
  const registry = new SocketRegistry(runtime.sockets, runtime.clock)
  const feed = openFeed(distant, { runtime, registry })
  feed.start()
  let cutNumber = 0
  const isLive = (): boolean => {
    const { counts, sessions } = feed.status()
    const isBack = sessions.every(({ state, number }) => state === 'live' && number > cutNumber)
    return isBack && counts.books === 2 && counts.booksLive === 2
  }
  const live = async (): Promise<void> => {
    const untilMs = Date.now() + LIVE_LIMIT_MS
    // Polled, because what is waited for is a state of the system, not one event.
    while (!isLive()) {
      assert.ok(Date.now() < untilMs, `${distant.id} is live again: ${JSON.stringify(feed.status())}`)
      await new Promise((later) => setTimeout(later, 5))
    }
  }
  return {
    registry,
    async cut() {
      const numbers = feed.status().sessions.map(({ number }) => number)
      cutNumber = Math.max(...numbers)
      const url = `${distant.hosts.rest}/emulator/cut`
      const { body } = await runtime.http.get({ url, deadlineMs: LIVE_LIMIT_MS, bodyLimitBytes: 1_000 })
      assert.equal(Buffer.from(body).toString(), `{"cut":${numbers.length}}`)
      return numbers.length
    },
    live,
    close: () => feed.stop(),
  }
}

function openFeed(
  { id, hosts, symbols: wantedSymbols }: DistantVenue,
  { runtime, registry }: { readonly runtime: Runtime; readonly registry: SocketRegistry },
): Feed {
  const real = venueOf(id)
  const plenty = { count: 1_000_000, perMs: 1 }
  const venue = { ...real, limits: { ...real.limits, connects: plenty, requests: plenty, weight: plenty } }
  const wanted = wantedSymbols.map((instrument) => ({
    instrument,
    channels: ['book', 'trade'] as const,
  }))
  const choice = { book: venue.options.book[0] ?? '', trade: venue.options.trade[0] ?? '' }
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
