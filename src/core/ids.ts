/** The five venues: each a protocol endpoint of its own, with its own hosts and limits. */
export const VENUE_IDS = [
  'binance-spot',
  'binance-derivatives',
  'okx-spot',
  'okx-derivatives',
  'deribit',
] as const
export type VenueId = (typeof VENUE_IDS)[number]

export type Exchange = 'binance' | 'okx' | 'deribit'

export const MARKET_TYPES = ['spot', 'perpetual', 'future', 'option', 'index'] as const
export type MarketType = (typeof MARKET_TYPES)[number]

/** A kind of stream. */
export const CHANNELS = ['book', 'trade'] as const
export type Channel = (typeof CHANNELS)[number]

/** A channel of an instrument, named by the venue's own symbol. */
export interface Subscription {
  readonly channel: Channel
  readonly symbol: string
}

/** The exchange behind a venue. */
export function exchangeOf(venue: VenueId): Exchange {
  if (venue === 'deribit') return 'deribit'
  return venue.startsWith('okx') ? 'okx' : 'binance'
}

/** True for one of the five venue ids. */
export const isVenueId = (text: string): text is VenueId => VENUE_IDS.some((id) => id === text)
