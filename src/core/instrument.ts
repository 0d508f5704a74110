import type { MarketType, VenueId } from './ids.ts'

/** What a size counts: base currency, quote currency, or contracts of `contractSize`. */
export type SizeUnit = 'base' | 'quote' | 'contracts'

/**
 * Where an instrument stands in its life. `trading` is the only state in which silence of a busy channel is a fault;
 * `auction` may show a crossed book (OKX preopen and call auctions); `halted` comes back; `ended` does not.
 */
export type InstrumentState = 'trading' | 'auction' | 'halted' | 'ended'

/** One instrument as its venue lists it. Decimals are exact text. */
export interface Instrument {
  readonly venue: VenueId
  /** The venue's own spelling: `BTCUSDT`, `BTC-USDT-SWAP`, `BTC-PERPETUAL`. */
  readonly symbol: string
  /** The common form: `BTC-USDT`, with expiry (`-261225`) and strike (`-100000-C`) where there are any. */
  readonly name: string
  readonly marketType: MarketType
  readonly base: string
  readonly quote: string
  readonly tickSize: string
  readonly lotSize: string
  readonly sizeUnit: SizeUnit
  /** How much one contract is worth, in `contractCurrency`; `'1'` where sizes are base units; `undefined` where nobody says. */
  readonly contractSize: string | undefined
  /** The currency in which `contractSize` counts: the base for linear contracts, USD for inverse ones. */
  readonly contractCurrency: string | undefined
  readonly state: InstrumentState
}
