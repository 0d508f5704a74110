import type { Channel } from '../core/ids.ts'
import type { Instrument } from '../core/instrument.ts'

/** What a feed is asked to collect: an instrument by its symbol or its common name. */
export interface WantedInstrument {
  readonly instrument: string
  readonly channels: readonly Channel[]
}

/** An instrument that was found, and what is collected of it. */
export interface ResolvedInstrument {
  readonly instrument: Instrument
  readonly channels: readonly Channel[]
}

export interface Resolution {
  /** In the order of asking; each instrument once, with all channels that were asked for. */
  readonly found: readonly ResolvedInstrument[]
  readonly unknown: readonly Unknown[]
}

/** What was asked for and is not listed, with the nearest name that is. */
export interface Unknown {
  readonly name: string
  readonly hint: string | undefined
}

/** Finds the wanted instruments in a venue's list. A symbol counts more than a name, and case means nothing. */
export function resolveInstruments(
  listed: readonly Instrument[],
  wanted: readonly WantedInstrument[],
): Resolution {
  const bySymbol = new Map<string, Instrument>()
  const byName = new Map<string, Instrument>()
  for (const instrument of listed) {
    if (instrument.state === 'ended') continue
    bySymbol.set(instrument.symbol.toUpperCase(), instrument)
    const name = instrument.name.toUpperCase()
    const other = byName.get(name)
    if (other === undefined || rank(instrument) < rank(other)) byName.set(name, instrument)
  }
  const found = new Map<string, { instrument: Instrument; channels: Set<Channel> }>()
  const unknown: Unknown[] = []
  for (const { instrument: name, channels } of wanted) {
    const instrument = bySymbol.get(name.toUpperCase()) ?? byName.get(name.toUpperCase())
    if (instrument === undefined) unknown.push({ name, hint: nearest(name, listed) })
    else {
      const entry = found.get(instrument.symbol) ?? { instrument, channels: new Set() }
      for (const channel of channels) entry.channels.add(channel)
      found.set(instrument.symbol, entry)
    }
  }
  return {
    found: [...found.values()].map(({ instrument, channels }) => ({ instrument, channels: [...channels] })),
    unknown,
  }
}

/** Where several instruments share a name: what trades comes first, then what never expires. */
function rank({ state, marketType }: Instrument): number {
  const types = ['spot', 'perpetual', 'future', 'option', 'index']
  return (state === 'trading' ? 0 : types.length) + types.indexOf(marketType)
}

/** Longer words are not compared: no venue has longer symbols. */
const WORD_LIMIT = 40

/** The listed symbol or name that is nearest to `text`; `undefined` when none is near. */
export function nearest(text: string, listed: readonly Instrument[]): string | undefined {
  const wanted = text.toUpperCase()
  if (wanted.length > WORD_LIMIT) return undefined
  let best: string | undefined
  let least = Math.max(1, Math.floor(bare(wanted).length / 4)) + 0.5
  for (const { symbol, name, state } of listed) {
    if (state === 'ended') continue
    for (const word of [symbol, name]) {
      const far = distance(wanted, word.toUpperCase(), least)
      if (far >= least) continue
      least = far
      best = word
    }
  }
  return best
}

/** Edits between two words; separators cost next to nothing. Anything from `limit` on is only said to be that far. */
function distance(a: string, b: string, limit: number): number {
  const from = bare(a)
  const to = bare(b)
  if (from === to) return a === b ? 0 : 0.1
  if (Math.abs(from.length - to.length) >= limit) return limit
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const swap = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? limit
}

const bare = (word: string): string => word.replaceAll(/[^A-Z0-9]/g, '')
