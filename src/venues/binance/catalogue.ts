import { DecodeError } from '../../core/errors.ts'
import type { MarketType, VenueId } from '../../core/ids.ts'
import type { Instrument, InstrumentState } from '../../core/instrument.ts'
import { Reader } from '../reader.ts'
import type { Catalogue, RestRequest } from '../venue.ts'

/** What sets a row of one venue's list apart: the market type, and the end of its common name. */
interface Kind {
  readonly marketType: MarketType
  readonly suffix: string
}

/** How one venue lists its instruments. `kindOf` answers `undefined` for what is no instrument of ours. */
export interface Listing {
  readonly venue: VenueId
  readonly request: RestRequest
  kindOf(row: Reader): Kind | undefined
}

/** `exchangeInfo` of spot (sheet section 8); permission sets are most of the body and not needed. */
export const spotListing: Listing = {
  venue: 'binance-spot',
  request: { path: '/api/v3/exchangeInfo?showPermissionSets=false', weight: 20 },
  kindOf: () => ({ marketType: 'spot', suffix: '' }),
}

/** `exchangeInfo` of USD-M (sheet section 10). */
export const derivativesListing: Listing = {
  venue: 'binance-derivatives',
  request: { path: '/fapi/v1/exchangeInfo', weight: 1 },
  kindOf: (row) => {
    const delivery = /_(\d{6})$/.exec(row.text('symbol'))?.[1]
    if (delivery !== undefined) return { marketType: 'future', suffix: `-${delivery}` }
    const type = row.optionalText('contractType') ?? ''
    return type.includes('PERPETUAL') ? { marketType: 'perpetual', suffix: '' } : undefined
  },
}

/** Statuses of both venues. One that is not listed here is `halted`: silence is then no fault. */
const STATES: Readonly<Record<string, InstrumentState>> = {
  TRADING: 'trading',
  DELIVERED: 'ended',
  CLOSE: 'ended',
}

/** The instrument list of a venue. A row that lacks what an instrument needs is left out; a list of none but such is refused. */
export function binanceCatalogue(listing: Listing): Catalogue {
  return {
    requests: () => [listing.request],
    read: (body) => {
      const rows = Reader.parse(body).at('symbols').items()
      const instruments: Instrument[] = []
      let fault: DecodeError | undefined
      for (const row of rows) {
        const read = instrumentOf(row, listing)
        if (read instanceof DecodeError) fault ??= read
        else if (read !== undefined) instruments.push(read)
      }
      if (instruments.length === 0 && fault !== undefined) throw fault
      return instruments
    },
  }
}

function instrumentOf(row: Reader, listing: Listing): Instrument | DecodeError | undefined {
  try {
    const kind = listing.kindOf(row)
    return kind === undefined ? undefined : readInstrument(row, listing.venue, kind)
  } catch (cause) {
    if (cause instanceof DecodeError) return cause
    throw cause
  }
}

/**
 *     {"symbol":"BTCUSDT_261225","pair":"BTCUSDT","contractType":"CURRENT_QUARTER","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT",
 *       "filters":[{"filterType":"PRICE_FILTER","tickSize":"0.10"},{"filterType":"LOT_SIZE","stepSize":"0.001"}]}
 *
 * `pricePrecision` and `quantityPrecision` are not tick and lot.
 */
function readInstrument(row: Reader, venue: VenueId, { marketType, suffix }: Kind): Instrument {
  const base = row.text('baseAsset')
  const quote = row.text('quoteAsset')
  return {
    venue,
    symbol: row.text('symbol'),
    name: `${base}-${quote}${suffix}`,
    marketType,
    base,
    quote,
    tickSize: filter(row, 'PRICE_FILTER').decimal('tickSize'),
    lotSize: filter(row, 'LOT_SIZE').decimal('stepSize'),
    sizeUnit: 'base',
    contractSize: '1',
    contractCurrency: base,
    state: STATES[row.text('status')] ?? 'halted',
  }
}

function filter(row: Reader, type: string): Reader {
  const found = row
    .at('filters')
    .items()
    .find((item) => item.optionalText('filterType') === type)
  if (found === undefined) throw new DecodeError('missing_field', `missing ${type} in ${row.path}.filters`)
  return found
}
