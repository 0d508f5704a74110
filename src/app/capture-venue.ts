import { basename, resolve } from 'node:path'
import { isVenueId, VENUE_IDS, type VenueId } from '../core/ids.ts'

/** The venue of a capture: as it is named, else by the folder that it lies in; `undefined` when neither tells. */
export function venueOfCapture(file: string, named: string | undefined): VenueId | undefined {
  if (named !== undefined) return isVenueId(named) ? named : undefined
  const folder = resolve(file)
    .split('/')
    .toReversed()
    .find((part) => isVenueId(part))
  return folder ?? VENUE_IDS.find((id) => basename(file).startsWith(`${id}__`))
}

/** What to say when a venue cannot be told. */
export const unknownVenue = (file: string): string =>
  `${file}: cannot tell the venue: name it with --venue (${VENUE_IDS.join(', ')})`
