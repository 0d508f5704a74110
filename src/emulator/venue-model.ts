import type { VenueId } from '../core/ids.ts'
import { binanceModel } from './binance-model.ts'
import { deribitModel } from './deribit-model.ts'
import type { EmulatedVenue } from './model.ts'
import { okxModel } from './okx-model.ts'
import type { EmulatorOptions } from './options.ts'
import type { EmulatorRuntime } from './outlet.ts'

/** A venue over a generated market. Same runtime, seed and clients: same day. */
export function venueModel(
  venue: VenueId,
  runtime: EmulatorRuntime,
  options: EmulatorOptions = {},
): EmulatedVenue {
  switch (venue) {
    case 'binance-spot':
    case 'binance-derivatives':
      return binanceModel(venue, runtime, options)
    case 'okx-spot':
    case 'okx-derivatives':
      return okxModel(venue, runtime, options)
    case 'deribit':
      return deribitModel(runtime, options)
  }
}
