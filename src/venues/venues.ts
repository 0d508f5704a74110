import type { VenueId } from '../core/ids.ts'
import { binanceDerivatives } from './binance/derivatives.ts'
import { binanceSpot } from './binance/spot.ts'
import { deribit } from './deribit/venue.ts'
import { okxDerivatives, okxSpot } from './okx/venue.ts'
import type { Venue } from './venue.ts'

/** Every venue there is. Another one is a folder beside this file and a line here. */
export const VENUES: readonly Venue[] = [binanceSpot, binanceDerivatives, okxSpot, okxDerivatives, deribit]

/** The venue of an id. Throws `RangeError` for an id that is not in the list. */
export function venueOf(id: VenueId): Venue {
  const venue = VENUES.find((candidate) => candidate.id === id)
  if (venue === undefined) throw new RangeError(`no venue ${id}`)
  return venue
}
