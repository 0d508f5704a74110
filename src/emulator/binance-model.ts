import { openBinance, SPOT_HABITS, USDM_HABITS, type BinanceHabits } from './binance-control.ts'
import { BinanceWriter, FORM } from './binance-frames.ts'
import { BinanceRest } from './binance-rest.ts'
import { Faults } from './faults.ts'
import { Front, type Protocol } from './front.ts'
import { listingsOf } from './listing.ts'
import type { SymbolMarket } from './market.ts'
import { MarketSource } from './market-source.ts'
import type { EmulatedVenue } from './model.ts'
import type { EmulatorRuntime, Outlet } from './outlet.ts'
import type { Source } from './source.ts'
import { type EmulatorOptions, withDefaults } from './options.ts'

/** Binance spot or USD-M over a generated market. */
export function binanceModel(
  venue: 'binance-spot' | 'binance-derivatives',
  runtime: EmulatorRuntime,
  options: EmulatorOptions = {},
): EmulatedVenue {
  const settings = withDefaults(options)
  const usdm = venue === 'binance-derivatives'
  const faults = new Faults(runtime.random)
  const writer = new BinanceWriter(usdm, runtime.clock)
  const listings = listingsOf(venue, settings.instruments)
  const source = new MarketSource(listings, writer, faults, settings)
  const depth = (symbol: string, limit: number, answer: (body: string) => void): boolean => {
    const market = source.market(symbol)
    if (market === undefined) return false
    if (runtime.random.next() < settings.snapshotInside)
      market.passNumbers(1 + Math.floor(runtime.random.next() * 3))
    const isStale = faults.strikes('stale_snapshot', { symbol, channel: 'book' }) !== undefined
    const nowMs = Math.floor(runtime.clock.now() / 1_000)
    answer(depthBody(isStale ? market.opening() : market, { limit, usdm, writer, nowMs }))
    return true
  }
  const rest = new BinanceRest({ usdm, listings, runtime, depth })
  const habits = { ...(usdm ? USDM_HABITS : SPOT_HABITS), ...settings.binance }
  return new Front(venue, runtime, { faults, source, protocol: binanceProtocol(habits, rest, source) })
}

/** The protocol of Binance over any source. */
export function binanceProtocol(habits: BinanceHabits, rest: BinanceRest, source: Source): Protocol {
  return {
    open: (path, outlet) => openBinance(path, outlet, source, habits),
    answer: (path, reply) => {
      rest.answer(path, reply)
    },
    refusal: (fault, retryAfterS) => rest.refusal(fault, retryAfterS),
    announceMaintenance: (outlet) => {
      if (!habits.usdm) announceShutdown(outlet)
    },
    closingMs: habits.usdm ? 0 : 10_000,
    connects: { count: habits.connectsPerWindow, perMs: 300_000, open: Infinity },
  }
}

/**
 * Sent unasked before a spot server goes away (sheet binance-spot, section 3):
 *
 *     {"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}
 */
function announceShutdown(outlet: Outlet): void {
  const nowUs = outlet.runtime.clock.now()
  const time = (outlet.form & FORM.micros) === 0 ? Math.floor(nowUs / 1_000) : nowUs
  const payload = `{"e":"serverShutdown","E":${time}}`
  const isCombined = (outlet.form & FORM.combined) !== 0
  outlet.control(isCombined ? `{"stream":"!serverShutdown","data":${payload}}` : payload)
}

/**
 * The answer of `/depth` (sheets binance-spot and binance-derivatives, sections 4 and 5):
 *
 *     {"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]}
 */
function depthBody(
  market: SymbolMarket,
  { limit, usdm, writer, nowMs }: { limit: number; usdm: boolean; writer: BinanceWriter; nowMs: number },
): string {
  const { listing } = market
  const rows = (side: SymbolMarket['bids']): string =>
    Array.from({ length: Math.min(limit, side.count) }, (_, rank) => {
      return `["${writer.price(listing, side.ticks(rank))}","${writer.size(listing, side.lots(rank))}"]`
    }).join(',')
  const times = usdm ? `"E":${nowMs},"T":${nowMs - 1},` : ''
  return `{"lastUpdateId":${market.sequence},${times}"bids":[${rows(market.bids)}],"asks":[${rows(market.asks)}]}`
}
