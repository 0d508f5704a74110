import assert from 'node:assert/strict'
import { readConfig } from '../../src/config/loader.ts'
import type { Config } from '../../src/config/schema.ts'
import { VENUE_IDS, type VenueId } from '../../src/core/ids.ts'

/** Where an emulated venue listens. */
export interface Listening {
  readonly streamUrl: string
  readonly restUrl: string
}

/** A configuration of one venue at `server`, with `keys` of its section and `others` of the whole document. */
export function venueConfig(
  venue: VenueId,
  { streamUrl, restUrl }: Listening,
  keys: Readonly<Record<string, unknown>>,
  others: Readonly<Record<string, unknown>>,
): Config {
  const section = { stream_url: streamUrl, rest_url: restUrl, ...keys }
  const venues = Object.fromEntries(VENUE_IDS.map((id) => [id, id === venue ? section : { enabled: false }]))
  const outcome = readConfig(new TextEncoder().encode(JSON.stringify({ venues, ...others })))
  assert.ok('config' in outcome, JSON.stringify(outcome))
  return outcome.config
}
