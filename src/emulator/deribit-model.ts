import {
  DERIBIT_HABITS,
  type DeribitHabits,
  DeribitTalk,
  maintenanceNotice,
  type Calls,
} from './deribit-control.ts'
import { amountText, DeribitWriter, priceText } from './deribit-frames.ts'
import { deribitCalls, DeribitRest } from './deribit-rest.ts'
import { Faults } from './faults.ts'
import { Front, type Protocol } from './front.ts'
import { splitPath } from './json.ts'
import { listingsOf } from './listing.ts'
import type { SymbolMarket } from './market.ts'
import { MarketSource } from './market-source.ts'
import type { EmulatedVenue } from './model.ts'
import { type EmulatorOptions, withDefaults } from './options.ts'
import type { EmulatorRuntime, Outlet } from './outlet.ts'
import type { Source } from './source.ts'
import type { TrueSide } from './true-side.ts'

/** Deribit over a generated market. */
export function deribitModel(runtime: EmulatorRuntime, options: EmulatorOptions = {}): EmulatedVenue {
  const settings = withDefaults(options)
  const faults = new Faults(runtime.random)
  const listings = listingsOf('deribit', settings.instruments)
  const source = new MarketSource(listings, new DeribitWriter(runtime.clock), faults, settings)
  const calls = deribitCalls({
    listings,
    runtime,
    book: (symbol, depth) => {
      const market = source.market(symbol)
      if (market === undefined) return undefined
      const isStale = faults.strikes('stale_snapshot', { symbol, channel: 'book' }) !== undefined
      return bookMembers(isStale ? market.opening() : market, depth)
    },
  })
  const habits = { ...DERIBIT_HABITS, ...settings.deribit }
  const protocol = deribitProtocol(habits, { calls, runtime, source })
  return new Front('deribit', runtime, { faults, source, protocol })
}

/** The protocol of Deribit over any source. */
export function deribitProtocol(
  habits: DeribitHabits,
  { calls, runtime, source }: { calls: Calls; runtime: EmulatorRuntime; source: Source },
): Protocol {
  const rest = new DeribitRest(calls, runtime)
  const talks = new WeakMap<Outlet, DeribitTalk>()
  return {
    open: (path, outlet) => {
      if (splitPath(path).route !== '/ws/api/v2') return { refused: 404, headers: {}, body: '' }
      const talk = new DeribitTalk(outlet, source, habits, calls)
      talks.set(outlet, talk)
      return talk
    },
    answer: (path, reply) => {
      reply(rest.answer(path))
    },
    refusal: (fault) => rest.refusal(fault),
    announceMaintenance: (outlet) => {
      if (talks.get(outlet)?.hearsPlatform === true) outlet.control(maintenanceNotice())
    },
    closingMs: 5_000,
    connects: { count: Infinity, perMs: 1_000, open: habits.openLimit },
  }
}

function bookMembers(market: SymbolMarket, depth: number): string {
  const { listing, bids, asks, sequence } = market
  const rows = (side: TrueSide): string =>
    Array.from({ length: Math.min(depth, side.count) }, (_, rank) => {
      return `[${priceText(listing, side.ticks(rank))},${amountText(listing, side.lots(rank))}]`
    }).join(',')
  return `"change_id":${sequence},"bids":[${rows(bids)}],"asks":[${rows(asks)}]`
}
