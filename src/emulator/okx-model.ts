import { Faults } from './faults.ts'
import { Front, type Protocol } from './front.ts'
import { listingsOf } from './listing.ts'
import { MarketSource } from './market-source.ts'
import type { EmulatedVenue } from './model.ts'
import { OKX_HABITS, type OkxHabits, OkxTalk, openOkx } from './okx-control.ts'
import { OkxWriter, OKX_WINDOW, windowRows } from './okx-frames.ts'
import { OkxRest } from './okx-rest.ts'
import { type EmulatorOptions, withDefaults } from './options.ts'
import type { EmulatorRuntime, Outlet } from './outlet.ts'
import type { Source } from './source.ts'

/** OKX spot or swaps over a generated market. */
export function okxModel(
  venue: 'okx-spot' | 'okx-derivatives',
  runtime: EmulatorRuntime,
  options: EmulatorOptions = {},
): EmulatedVenue {
  const settings = withDefaults(options)
  const habits = { ...OKX_HABITS, ...settings.okx }
  const faults = new Faults(runtime.random)
  const writer = new OkxWriter(runtime.clock, habits)
  const listings = listingsOf(venue, settings.instruments)
  const source = new MarketSource(listings, writer, faults, {
    ...settings,
    depth: Math.min(settings.depth, OKX_WINDOW),
  })
  const rest = new OkxRest({
    listings,
    runtime,
    book: (symbol, size) => {
      const market = source.market(symbol)
      if (market === undefined) return undefined
      const isStale = faults.strikes('stale_snapshot', { symbol, channel: 'book' }) !== undefined
      const { listing, asks, bids, sequence } = isStale ? market.opening() : market
      const levels = `"asks":[${windowRows(listing, asks, size)}],"bids":[${windowRows(listing, bids, size)}]`
      return `{${levels},"ts":"${Math.floor(runtime.clock.now() / 1_000)}","seqId":${sequence}}`
    },
  })
  return new Front(venue, runtime, { faults, source, protocol: okxProtocol(habits, rest, source) })
}

/** The protocol of OKX over any source. */
export function okxProtocol(habits: OkxHabits, rest: OkxRest, source: Source): Protocol {
  const talks = new WeakMap<Outlet, OkxTalk>()
  return {
    open: (path, outlet) => {
      const talk = openOkx(path, outlet, source, habits)
      if (talk instanceof OkxTalk) talks.set(outlet, talk)
      return talk
    },
    answer: (path, reply) => {
      reply(rest.answer(path))
    },
    refusal: (fault) => rest.refusal(fault),
    announceMaintenance: (outlet) => talks.get(outlet)?.announceUpgrade(),
    closingMs: habits.closingMs,
    connects: { count: habits.connectsPerSecond, perMs: 1_000, open: Infinity },
  }
}
