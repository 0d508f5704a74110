import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isVenueId, VENUE_IDS, type VenueId } from '../../src/core/ids.ts'
import { serveVenue } from '../../src/emulator/server.ts'
import { venueModel } from '../../src/emulator/venue-model.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import type { Hosts } from '../../src/venues/venue.ts'

/** Venues that never say "too many", over markets that move ten times as fast as real ones. */
const PATIENT = {
  seed: 3,
  instruments: 2,
  depth: 20,
  speed: 10,
  binance: { connectsPerWindow: Infinity, messagesPerSecond: Infinity },
  okx: { connectsPerSecond: Infinity },
  deribit: { subscribePool: Infinity, callPool: Infinity },
}

/** What may differ from `PATIENT`. */
export interface Market {
  /** Instruments that each venue lists, busiest first. */
  readonly instruments?: number
  /** Levels a side at most. */
  readonly depth?: number
  /** So many times as fast as real markets. */
  readonly speed?: number
}

/** An emulated venue in another process. */
export interface DistantVenue {
  readonly id: VenueId
  readonly hosts: Hosts
  readonly symbols: readonly string[]
}

/** The five venues in a process of their own, so that what the collector keeps can be told from what they keep. */
export interface EmulatedVenues {
  readonly venues: readonly DistantVenue[]
  stop(): Promise<void>
}

/** Starts them and waits until all listen. They end with this process, however it ends. */
export async function startEmulatedVenues(market: Market = {}): Promise<EmulatedVenues> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(market)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  const [told] = await Promise.race([once(child, 'message'), ended])
  assert.ok(Array.isArray(told), 'the emulated venues listen')
  return {
    venues: told.map((venue: unknown) => readVenue(venue)),
    async stop() {
      child.disconnect()
      await ended
    },
  }
}

function readVenue(told: unknown): DistantVenue {
  const { id, stream, rest, symbols } = Object(told)
  assert.ok(isVenueId(id) && typeof stream === 'string' && typeof rest === 'string' && Array.isArray(symbols))
  return { id, hosts: { stream, rest }, symbols: symbols.map(String) }
}

async function serveUntilLeft(market: Market): Promise<void> {
  const runtime = systemRuntime()
  const serve = (id: VenueId) =>
    serveVenue(venueModel(id, runtime, { ...PATIENT, ...market }), runtime.timers)
  const servers = await Promise.all(VENUE_IDS.map((id) => serve(id)))
  const told = servers.map(({ venue: id, streamUrl: stream, restUrl: rest, model: { symbols } }) => {
    return { id, stream, rest, symbols }
  })
  process.send?.(told)
  await once(process, 'disconnect')
  await Promise.all(servers.map((server) => server.stop()))
}

if (import.meta.main) await serveUntilLeft(JSON.parse(process.argv[2] ?? '{}'))
