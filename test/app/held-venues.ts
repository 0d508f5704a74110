import assert from 'node:assert/strict'
import { freePorts } from '../../scripts/programs.ts'
import { VENUE_IDS, type VenueId } from '../../src/core/ids.ts'
import type { EmulatedVenue, FaultSwitches, Peer } from '../../src/emulator/model.ts'
import { type EmulatedServer, serveVenue } from '../../src/emulator/server.ts'
import { venueModel } from '../../src/emulator/venue-model.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import type { DistantVenue, EmulatedVenues } from './emulated-venues.ts'

/** Venues that never say "too many". */
const PATIENT = {
  seed: 3,
  instruments: 2,
  depth: 200,
  speed: 10,
  binance: { connectsPerWindow: Infinity, messagesPerSecond: Infinity },
  okx: { connectsPerSecond: Infinity },
  deribit: { subscribePool: Infinity, callPool: Infinity },
}

/** What is sent in place of a frame. */
export type Tamper = (frame: string) => readonly string[]

/** Emulated venues in this process: each can be ended and begun again, told to misbehave, and what it sends changed. */
export class HeldVenues implements EmulatedVenues {
  readonly venues: readonly DistantVenue[]
  readonly #servers: Map<VenueId, EmulatedServer>
  readonly #tampers: Map<VenueId, Tamper>

  private constructor(servers: Map<VenueId, EmulatedServer>, tampers: Map<VenueId, Tamper>) {
    this.#servers = servers
    this.#tampers = tampers
    this.venues = [...servers.values()].map(({ venue: id, streamUrl: stream, restUrl: rest, model }) => {
      return { id, hosts: { stream, rest }, symbols: model.symbols }
    })
  }

  static async start(ids: readonly VenueId[] = VENUE_IDS): Promise<HeldVenues> {
    const tampers = new Map<VenueId, Tamper>()
    // None that the system gives to clients: one of them could have it when the venue is back.
    const ports = await freePorts(ids.length)
    const servers = await Promise.all(ids.map((id, at) => serve(id, tampers, ports[at] ?? assert.fail())))
    return new HeldVenues(new Map(servers.map((server) => [server.venue, server])), tampers)
  }

  faults(id: VenueId): FaultSwitches {
    return this.#server(id).model.faults
  }

  /** Cuts every WebSocket of the venue. */
  cut(id: VenueId): void {
    assert.ok(this.#server(id).cut() > 0, `${id} has sockets to cut`)
  }

  /** Changes what the venue sends from here on. */
  tamper(id: VenueId, tamper: Tamper): void {
    this.#tampers.set(id, tamper)
  }

  /** The venue is gone: nobody listens there. */
  async end(id: VenueId): Promise<void> {
    await this.#server(id).stop()
  }

  /** The venue is back, where it was, with another day. */
  async begin(id: VenueId): Promise<void> {
    this.#servers.set(id, await serve(id, this.#tampers, this.#server(id).port))
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.stop()))
  }

  #server(id: VenueId): EmulatedServer {
    const server = this.#servers.get(id)
    assert.ok(server !== undefined, `${id} is served`)
    return server
  }
}

function serve(id: VenueId, tampers: Map<VenueId, Tamper>, port: number): Promise<EmulatedServer> {
  const runtime = systemRuntime()
  const model = tampered(venueModel(id, runtime, PATIENT), (frame) => tampers.get(id)?.(frame) ?? [frame])
  return serveVenue(model, runtime.timers, { port })
}

/** The same venue, all that it sends to its clients passed through `tamper`. */
function tampered(model: EmulatedVenue, tamper: Tamper): EmulatedVenue {
  const peerOf = (peer: Peer): Peer => ({
    send: (text) => {
      for (const sent of tamper(text)) peer.send(sent)
    },
    ping: (payload) => peer.ping(payload),
    close: (code, reason) => peer.close(code, reason),
    cut: () => peer.cut(),
    freeze: () => peer.freeze?.(),
  })
  return {
    venue: model.venue,
    symbols: model.symbols,
    faults: model.faults,
    get status() {
      return model.status
    },
    connect: (path, peer) => model.connect(path, peerOf(peer)),
    request: (path, reply) => model.request(path, reply),
    truth: (symbol) => model.truth(symbol),
    watch: (symbol, hear) => model.watch(symbol, hear),
    stop: () => model.stop(),
  }
}
