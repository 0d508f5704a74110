// Recordings of real traffic that benches play, where they are there.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { VenueId } from '../src/core/ids.ts'
import { capturesFolder } from '../test/captures.ts'

/** Captures of a venue that are played as one. */
export interface Recording {
  readonly name: string
  readonly venue: VenueId
  /** Names of the captures. */
  readonly captures: readonly string[]
}

/** Traffic of 2024-08-08. */
export const SPOT_2024: Recording = {
  name: 'spot BTC 2024',
  venue: 'binance-spot',
  captures: ['2024-08-08-btcusdt.ndjson.gz'],
}
export const USD_M_2024: Recording = {
  name: 'USD-M BTC+ETH 2024',
  venue: 'binance-derivatives',
  captures: ['2024-08-08-btcusdt.ndjson.gz', '2024-08-08-ethusdt.ndjson.gz'],
}

export const NO_RECORDINGS = 'The recordings are not here: MARKETPRISM_CAPTURES names their folder.'

/** The folder that has the captures of `recording`; `undefined` where there are no recordings. Throws where only some are there. */
export function folderOf({ venue, captures }: Recording): string | undefined {
  const folder = capturesFolder()
  if (folder === undefined) return undefined
  const missing = captures.map((capture) => join(folder, venue, capture)).find((file) => !existsSync(file))
  if (missing === undefined) return folder
  throw new Error(`${missing} is not there: MARKETPRISM_CAPTURES names the folder of all recordings`)
}
