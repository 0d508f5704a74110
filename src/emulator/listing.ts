import type { VenueId } from '../core/ids.ts'
import { coinAt, type Coin } from './coins.ts'
import { fixedText } from './decimal-text.ts'
import { daysSinceEpoch } from './expiry.ts'
import { traitsOf, type Weight } from './traits.ts'

/** The smallest step of a price or size: `units / 10^decimals`. */
export interface Grain {
  readonly units: number
  readonly decimals: number
}

/** An instrument that an emulated venue lists. */
export interface Listing {
  readonly venue: VenueId
  readonly symbol: string
  /** Place in the list; the first ones are the busiest. */
  readonly index: number
  readonly base: string
  readonly quote: string
  readonly kind: 'spot' | 'perpetual' | 'future' | 'option'
  /** Sizes count quote currency (Deribit) or contracts of quote currency (OKX). */
  readonly inverse: boolean
  readonly weight: Weight
  readonly tick: Grain
  readonly lot: Grain
  /** Worth of one contract as text; `1` where sizes are base units. */
  readonly contractSize: string
  /** Expiry in epoch ms, for futures and options. */
  readonly expiryMs?: number
  readonly strike?: number
  readonly option?: 'call' | 'put'
  /** Where the price begins, in ticks. */
  readonly startTicks: number
  /** Median size of a level and of a taker order, in lots. */
  readonly levelLots: number
  readonly orderLots: number
}

/** The most instruments that a venue lists. */
export const LISTINGS_LIMIT = 5_000

const FUTURE_INDEX = 10
const INVERSE_INDEX = 11
/** From here on Deribit lists options: it has more of them than of everything else. */
const OPTION_INDEX = 60
const EXPIRY_MS = (daysSinceEpoch(2026, 12, 25) * 24 + 8) * 3_600_000

type Draft = Omit<
  Listing,
  'venue' | 'index' | 'weight' | 'startTicks' | 'levelLots' | 'orderLots' | 'tick' | 'lot'
> & {
  readonly price: number
  readonly tick: Grain
  readonly lot: Grain
  /** Dollars that one unit of size is worth. */
  readonly unitWorth: number
}

/** The first `count` instruments of a venue, busiest first. The same ones for ever, whatever `count` is. */
export function listingsOf(venue: VenueId, count: number): readonly Listing[] {
  if (count > LISTINGS_LIMIT)
    throw new RangeError(`an emulated venue lists at most ${LISTINGS_LIMIT} instruments`)
  return Array.from({ length: count }, (_, index) => listingAt(venue, index))
}

function listingAt(venue: VenueId, index: number): Listing {
  const { price, unitWorth, ...draft } = DRAFTS[venue](index)
  const weight = index < 2 ? 'major' : index < 20 ? 'mid' : 'small'
  const { levelWorth, orderWorth } = traitsOf(venue, weight)
  const lotWorth = (unitWorth * draft.lot.units) / 10 ** draft.lot.decimals
  return {
    venue,
    index,
    weight,
    ...draft,
    startTicks: Math.max(40, Math.round((price * 10 ** draft.tick.decimals) / draft.tick.units)),
    levelLots: Math.max(1, levelWorth / lotWorth),
    orderLots: Math.max(1, orderWorth / lotWorth),
  }
}

const DRAFTS: Readonly<Record<VenueId, (index: number) => Draft>> = {
  'binance-spot': binanceSpot,
  'binance-derivatives': binanceDerivatives,
  'okx-spot': okxSpot,
  'okx-derivatives': okxDerivatives,
  deribit,
}

function binanceSpot(index: number): Draft {
  const coin = coinAt(index, { utf8: true })
  return {
    ...spotOf(coin),
    symbol: `${coin.base}USDT`,
    tick: tickFor(coin, coin.base === 'BTC' ? 2 : undefined),
  }
}

function binanceDerivatives(index: number): Draft {
  const dated = index === FUTURE_INDEX
  const listed = coinAt(dated ? 0 : index, { utf8: true })
  // Coins worth next to nothing are traded by the thousand.
  const coin = listed.price < 0.0001 ? { base: `1000${listed.base}`, price: listed.price * 1_000 } : listed
  return {
    ...spotOf(coin),
    symbol: dated ? 'BTCUSDT_261225' : `${coin.base}USDT`,
    kind: dated ? 'future' : 'perpetual',
    ...(dated ? { expiryMs: EXPIRY_MS } : {}),
    tick: tickFor(coin, coin.base === 'BTC' ? 1 : undefined),
    lot: { units: 1, decimals: Math.min(3, lotDecimals(coin)) },
  }
}

function okxSpot(index: number): Draft {
  const coin = coinAt(index, { utf8: false })
  const symbol = `${coin.base}-USDT`
  return { ...spotOf(coin), symbol, tick: tickFor(coin, coin.base === 'BTC' ? 1 : undefined) }
}

function okxDerivatives(index: number): Draft {
  const inverse = index === INVERSE_INDEX
  const dated = index === FUTURE_INDEX
  const coin = coinAt(inverse || dated ? 0 : index, { utf8: false })
  const decimals = Math.max(-6, Math.min(2, Math.floor(Math.log10(coin.price)) - 2))
  const contract = 10 ** -decimals
  const tick = tickFor(coin, coin.base === 'BTC' ? 1 : undefined)
  if (inverse) {
    const lot = { units: 1, decimals: 0 }
    const worth = { contractSize: '100', unitWorth: 100 }
    const names = { symbol: 'BTC-USD-SWAP', base: 'BTC', quote: 'USD' }
    return { ...names, kind: 'perpetual', inverse, tick, lot, ...worth, price: coin.price }
  }
  return {
    symbol: dated ? 'BTC-USDT-261225' : `${coin.base}-USDT-SWAP`,
    base: coin.base,
    quote: 'USDT',
    kind: dated ? 'future' : 'perpetual',
    inverse,
    ...(dated ? { expiryMs: EXPIRY_MS } : {}),
    tick,
    lot: { units: 1, decimals: index < 2 || dated ? 2 : 0 },
    contractSize: decimals > 0 ? fixedText(1, decimals) : String(contract),
    price: coin.price,
    unitWorth: coin.price * contract,
  }
}

function deribit(index: number): Draft {
  if (index >= OPTION_INDEX) return deribitOption(index - OPTION_INDEX)
  if (index < 2 || index === FUTURE_INDEX) return deribitInverse(index)
  const coin = coinAt(index, { utf8: false })
  return {
    ...spotOf(coin),
    symbol: `${coin.base}_USDC-PERPETUAL`,
    quote: 'USDC',
    kind: 'perpetual',
    tick: tickFor(coin),
  }
}

function deribitInverse(index: number): Draft {
  const coin = coinAt(index === 1 ? 1 : 0, { utf8: false })
  const dated = index === FUTURE_INDEX
  return {
    symbol: dated ? 'BTC-25DEC26' : `${coin.base}-PERPETUAL`,
    base: coin.base,
    quote: 'USD',
    kind: dated ? 'future' : 'perpetual',
    inverse: true,
    ...(dated ? { expiryMs: EXPIRY_MS } : {}),
    tick: index === 1 ? { units: 5, decimals: 2 } : { units: 5, decimals: 1 },
    lot: { units: index === 1 ? 1 : 10, decimals: 0 },
    contractSize: index === 1 ? '1' : '10',
    price: coin.price,
    unitWorth: 1,
  }
}

function deribitOption(index: number): Draft {
  const strike = 20_000 + 500 * Math.floor(index / 2)
  const option = index % 2 === 0 ? 'call' : 'put'
  return {
    symbol: `BTC-25DEC26-${strike}-${option === 'call' ? 'C' : 'P'}`,
    base: 'BTC',
    quote: 'BTC',
    kind: 'option',
    inverse: false,
    expiryMs: EXPIRY_MS,
    strike,
    option,
    tick: { units: 1, decimals: 4 },
    lot: { units: 1, decimals: 1 },
    contractSize: '1',
    price: 0.02 + 0.00013 * (index % 500),
    unitWorth: 67_000,
  }
}

function spotOf(coin: Coin): Omit<Draft, 'symbol' | 'tick'> {
  return {
    base: coin.base,
    quote: 'USDT',
    kind: 'spot',
    inverse: false,
    lot: { units: 1, decimals: lotDecimals(coin) },
    contractSize: '1',
    price: coin.price,
    unitWorth: coin.price,
  }
}

/** Five digits of a price are told, eight decimals at most. */
function tickFor(coin: Coin, decimals?: number): Grain {
  const told = coin.base === 'ETH' ? 2 : Math.max(0, Math.min(8, 4 - Math.floor(Math.log10(coin.price))))
  return { units: 1, decimals: decimals ?? told }
}

function lotDecimals(coin: Coin): number {
  return Math.max(0, Math.min(5, Math.floor(Math.log10(coin.price)) + 1))
}
