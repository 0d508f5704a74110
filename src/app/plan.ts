import type { Config } from '../config/schema.ts'
import { selectedVenues, type VenueSelection } from '../config/selection.ts'
import type { Channel, VenueId } from '../core/ids.ts'
import { venueOf } from '../venues/venues.ts'
import { EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { counted, size } from './screen.ts'

/** What one venue of a configuration leads to. Bytes are planning figures, not promises. */
export interface VenuePlan {
  readonly venue: VenueId
  readonly stream_host: string
  readonly rest_host: string
  readonly instruments: number
  readonly sockets: readonly { readonly path: string; readonly subscriptions: readonly string[] }[]
  /** Requests that subscribe, and how long pacing makes them take at least. */
  readonly subscribe_requests: number
  readonly subscribe_seconds: number
  /** Request weight of the start: instrument lists and, where they come by REST, snapshots; and the limit of a window. */
  readonly start_weight: number
  readonly weight_limit: { readonly count: number; readonly per_seconds: number }
  readonly start_seconds: number
  readonly received_bytes_a_day: number
  readonly journal_bytes_a_day: number
}

/**
 * Bytes a day that one stream of a major instrument (BTC, ETH) receives: frames a second times mean size, from the recorded
 * traffic of 2024 and the venues' own speeds; other instruments bring about a tenth.
 */
const DAY_BYTES: Readonly<Record<VenueId, Readonly<Record<Channel, number>>>> = {
  'binance-spot': { book: 1.5e9, trade: 0.45e9 },
  'binance-derivatives': { book: 3e9, trade: 0.1e9 },
  'okx-spot': { book: 0.9e9, trade: 0.1e9 },
  'okx-derivatives': { book: 0.9e9, trade: 0.15e9 },
  deribit: { book: 0.6e9, trade: 0.05e9 },
}
const MAJOR = /^(BTC|ETH)/
const MINOR_SHARE = 0.1
/** A record says where, when and in which order; the levels are those of the frame. */
const JOURNAL_SHARE = 1.3

/** Prints what `start` would open for this configuration. Opens nothing. */
export async function showPlan(config: Config, options: { readonly json: boolean }, io: Io): Promise<number> {
  const plans = selectedVenues(config).map((selection) => planVenue(selection))
  for (const plan of plans) {
    io.stdout.write(options.json ? `${JSON.stringify(plan)}\n` : `${planLines(plan).join('\n')}\n\n`)
  }
  if (!options.json) io.stdout.write(`${totalLine(plans)}\n`)
  return EXIT.ok
}

/** The plan of one venue. Opens nothing. */
export function planVenue(selection: VenueSelection): VenuePlan {
  const venue = venueOf(selection.venue)
  const { limits, snapshot } = venue
  const choice = { book: selection.bookStream, trade: selection.tradeStream }
  const subscriptions = selection.instruments.flatMap((symbol) =>
    selection.channels.map((channel) => ({ channel, symbol })),
  )
  const sockets = venue.plan(subscriptions, choice)
  const requests = sockets.map(({ subscriptions: planned }) => {
    let id = 0
    return venue.subscribe(
      planned.map(({ key }) => key),
      () => ++id,
    ).length
  })
  const depth = selection.snapshotDepth ?? 0
  const books = selection.channels.includes('book') ? selection.instruments : []
  const weights = books.map((symbol) => snapshot?.request(symbol, depth).weight ?? 0)
  const startWeight = sum(weights) + sum(venue.catalogue.requests().map(({ weight }) => weight))
  const received = sum(subscriptions.map(({ channel, symbol }) => dayBytes(selection.venue, channel, symbol)))
  return {
    venue: selection.venue,
    stream_host: selection.streamUrl ?? venue.hosts.stream,
    rest_host: selection.restUrl ?? venue.hosts.rest,
    instruments: selection.instruments.length,
    sockets: sockets.map(({ path, subscriptions: planned }) => ({
      path,
      subscriptions: planned.map(({ key }) => key),
    })),
    subscribe_requests: sum(requests),
    subscribe_seconds: seconds(Math.max(0, ...requests) - 1, limits.requests),
    start_weight: startWeight,
    weight_limit: { count: limits.weight.count, per_seconds: limits.weight.perMs / 1_000 },
    start_seconds: seconds(startWeight, limits.weight),
    received_bytes_a_day: Math.round(received),
    journal_bytes_a_day: Math.round(received * JOURNAL_SHARE),
  }
}

function dayBytes(venue: VenueId, channel: Channel, symbol: string): number {
  return DAY_BYTES[venue][channel] * (MAJOR.test(symbol) ? 1 : MINOR_SHARE)
}

function planLines(plan: VenuePlan): readonly string[] {
  const { sockets } = plan
  return [
    `${plan.venue}: ${counted(plan.instruments, 'instrument')}, ${counted(sockets.length, 'socket')} to ${plan.stream_host}`,
    ...sockets.map(({ path, subscriptions }, index) => {
      const shown = subscriptions.slice(0, 4).join(' ')
      const more = subscriptions.length > 4 ? ` and ${subscriptions.length - 4} more` : ''
      return `  socket ${index + 1} ${path}: ${counted(subscriptions.length, 'subscription')}: ${shown}${more}`
    }),
    `  ${counted(plan.subscribe_requests, 'subscribe request')}, paced over ${plan.subscribe_seconds} s`,
    `  start: weight ${plan.start_weight} of ${plan.weight_limit.count} per ${plan.weight_limit.per_seconds} s at ${plan.rest_host}, at least ${plan.start_seconds} s`,
    `  about ${size(plan.received_bytes_a_day)} a day received, ${size(plan.journal_bytes_a_day)} a day in the journal`,
  ]
}

function totalLine(plans: readonly VenuePlan[]): string {
  const sockets = sum(plans.map((plan) => plan.sockets.length))
  const journal = sum(plans.map((plan) => plan.journal_bytes_a_day))
  const instruments = sum(plans.map((plan) => plan.instruments))
  return `in all ${counted(instruments, 'instrument')} on ${counted(sockets, 'socket')} (at most ${sockets * 2} while sockets are replaced), about ${size(journal)} a day in the journal`
}

/** How long `count` takes at a rate; what fits in one window takes no time. */
function seconds(count: number, rate: { readonly count: number; readonly perMs: number }): number {
  const windows = Math.max(0, Math.ceil(count / rate.count) - 1)
  return (windows * rate.perMs) / 1_000
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
