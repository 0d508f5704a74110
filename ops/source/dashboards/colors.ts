import { VENUE_IDS, type VenueId } from '../../../src/core/ids.ts'

// Okabe and Ito, "Color Universal Design": told apart by those who see fewer colors, too. An exchange has neighboring hues.
const VENUE_COLORS: Readonly<Record<VenueId, string>> = {
  'binance-spot': '#E69F00',
  'binance-derivatives': '#D55E00',
  'okx-spot': '#56B4E9',
  'okx-derivatives': '#0072B2',
  deribit: '#009E73',
}

const PROCESS_COLORS: Readonly<Record<string, string>> = {
  supervisor: '#999999',
  collector: '#56B4E9',
  delivery: '#CC79A7',
}

/** Which series have which color, by a pattern of their names in Grafana's form; the last that fits counts. */
export const SERIES_COLORS: readonly (readonly [pattern: string, color: string])[] = [
  ...Object.entries(PROCESS_COLORS).map(([name, color]) => [`/^${name}( |$)/`, color] as const),
  ...VENUE_IDS.map((id) => [`/(^|\\/)${id}( |$)/`, VENUE_COLORS[id]] as const),
]
