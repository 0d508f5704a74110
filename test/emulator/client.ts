import type { VenueId } from '../../src/core/ids.ts'
import type { Connection, EmulatedVenue, Peer, Reply } from '../../src/emulator/model.ts'
import type { EmulatorOptions } from '../../src/emulator/options.ts'
import { venueModel } from '../../src/emulator/venue-model.ts'
import { Simulation } from '../../src/runtime/sim.ts'

/** A client of a model without a transport: keeps what it is told. Answers pings unless told not to. */
export class Client implements Peer {
  readonly frames: string[] = []
  readonly pings: string[] = []
  closed: { readonly code: number; readonly reason: string } | undefined
  wasCut = false
  isFrozen = false
  answersPings = true
  connection: Connection | undefined

  get isOpen(): boolean {
    return this.closed === undefined && !this.wasCut
  }

  send(text: string): void {
    this.frames.push(text)
  }

  ping(payload: string): void {
    this.pings.push(payload)
    if (this.answersPings) this.connection?.pong(payload)
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason }
    this.connection?.ended()
  }

  cut(): void {
    this.wasCut = true
    this.connection?.ended()
  }

  freeze(): void {
    this.isFrozen = true
  }

  say(message: unknown): void {
    this.connection?.receive(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** The frames since the last call. */
  take(): string[] {
    return this.frames.splice(0)
  }
}

/** Connects to a model; throws when it refuses. */
export function connect(model: EmulatedVenue, path: string): Client {
  const client = new Client()
  const connection = model.connect(path, client)
  if ('refused' in connection) throw new Error(`refused with ${connection.refused}`)
  client.connection = connection
  return client
}

/** The answer to a request, when it comes at once. */
export function ask(model: EmulatedVenue, path: string): Reply | undefined {
  let answer: Reply | undefined
  model.request(path, (reply) => {
    answer = reply
  })
  return answer
}

export interface Emulated {
  readonly sim: Simulation
  readonly model: EmulatedVenue
}

export function emulate(venue: VenueId, options: EmulatorOptions = {}): Emulated {
  const sim = new Simulation({ seed: options.seed ?? 1 })
  return { sim, model: venueModel(venue, sim, { instruments: 6, ...options }) }
}

/** Path of the sockets that carry books, and of those that carry trades. */
export const PATHS: Readonly<Record<VenueId, { readonly book: string; readonly trade: string }>> = {
  'binance-spot': { book: '/stream', trade: '/stream' },
  'binance-derivatives': { book: '/public/stream', trade: '/market/stream' },
  'okx-spot': { book: '/ws/v5/public', trade: '/ws/v5/public' },
  'okx-derivatives': { book: '/ws/v5/public', trade: '/ws/v5/public' },
  deribit: { book: '/ws/api/v2', trade: '/ws/api/v2' },
}

/** Asks for a channel of a symbol in the venue's own way. */
export function subscribe(client: Client, venue: VenueId, channel: 'book' | 'trade', symbol: string): void {
  if (venue.startsWith('okx')) {
    client.say({
      op: 'subscribe',
      args: [{ channel: channel === 'book' ? 'books' : 'trades', instId: symbol }],
    })
  } else if (venue === 'deribit') {
    const key = `${channel === 'book' ? 'book' : 'trades'}.${symbol}.100ms`
    client.say({ jsonrpc: '2.0', id: 1, method: 'public/subscribe', params: { channels: [key] } })
  } else {
    const key = `${symbol.toLowerCase()}@${channel === 'book' ? 'depth@100ms' : 'aggTrade'}`
    client.say({ method: 'SUBSCRIBE', params: [key], id: 1 })
  }
}
