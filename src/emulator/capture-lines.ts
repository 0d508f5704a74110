import type { CaptureLine } from '../core/capture.ts'
import type { VenueId } from '../core/ids.ts'
import { listingFrom, SeenDecimals } from './capture-listing.ts'
import { splitPath } from './json.ts'
import type { Listing } from './listing.ts'
import type { Spec } from './source.ts'

/** A line of a capture that is played: a frame of a stream, or the answer to a book request. `t`: epoch ms. */
export type PlayedLine =
  | { readonly kind: 'frame'; readonly t: number | null; readonly spec: Spec; readonly text: string }
  | { readonly kind: 'depth'; readonly t: number | null; readonly symbol: string; readonly text: string }

/** A capture made ready for playing. */
export interface ReadCapture {
  readonly lines: readonly PlayedLine[]
  readonly streams: ReadonlyMap<string, Spec>
  readonly listings: readonly Listing[]
}

/** Frames of a symbol that are looked at for its decimals. */
const LOOKED_AT = 100

const BINANCE_STREAM = /^\{"stream":"([^"]+)"/
const BINANCE_BOOK = /^depth(@\d+ms)?$/
const OKX_ARG = /^\{"arg":\{"channel":"([^"]+)","instId":"([^"]+)"/
const OKX_BOOKS: ReadonlySet<string> = new Set(['books', 'books-l2-tbt', 'books50-l2-tbt'])
const DERIBIT_CHANNEL = /"method":"subscription","params":\{"channel":"(([a-z_]+)\.([^".]+)(?:\.[^"]+)?)"/

/** Sorts out what of a capture is played. Outbound frames, acknowledgements and other REST answers are not. */
export function readCapture(venue: VenueId, capture: Iterable<CaptureLine>): ReadCapture {
  const lines: PlayedLine[] = []
  const streams = new Map<string, Spec>()
  const seen = new Map<string, { readonly decimals: SeenDecimals; frames: number }>()
  for (const line of capture) {
    const played = playedLine(venue, line, streams)
    if (played === undefined) continue
    lines.push(played)
    const symbol = played.kind === 'frame' ? played.spec.symbol : played.symbol
    const known = seen.get(symbol) ?? { decimals: new SeenDecimals(), frames: 0 }
    seen.set(symbol, known)
    const isBook = played.kind === 'depth' || played.spec.channel === 'book'
    if (isBook && known.frames++ < LOOKED_AT) known.decimals.look(played.text)
  }
  const listings = [...seen].map(([symbol, { decimals }], index) =>
    listingFrom(venue, symbol, index, decimals),
  )
  return { lines, streams, listings }
}

function playedLine(venue: VenueId, line: CaptureLine, streams: Map<string, Spec>): PlayedLine | undefined {
  const { t, raw: text } = line
  if (line.dir === 'out') return undefined
  if (line.src === 'rest') {
    const { route, query } = splitPath(line.conn)
    const symbol = query.get('symbol')
    return route.endsWith('/depth') && symbol !== null ? { kind: 'depth', t, symbol, text } : undefined
  }
  const found = specOf(venue, text)
  if (found === undefined) return undefined
  const spec = streams.get(found.key) ?? found
  streams.set(spec.key, spec)
  return { kind: 'frame', t, spec, text }
}

function specOf(venue: VenueId, text: string): Spec | undefined {
  if (venue.startsWith('binance')) return binanceSpec(text)
  return venue === 'deribit' ? deribitSpec(text) : okxSpec(text)
}

function binanceSpec(text: string): Spec | undefined {
  const key = BINANCE_STREAM.exec(text)?.[1]
  const at = key?.indexOf('@') ?? -1
  if (key === undefined || at < 1) return undefined
  const variant = key.slice(at + 1)
  const isTrade = variant === 'trade' || variant === 'aggTrade'
  const channel = BINANCE_BOOK.test(variant) ? 'book' : isTrade ? 'trade' : undefined
  return { key, symbol: key.slice(0, at).toUpperCase(), channel }
}

function okxSpec(text: string): Spec | undefined {
  const [, variant, symbol] = OKX_ARG.exec(text) ?? []
  if (variant === undefined || symbol === undefined) return undefined
  const isTrade = variant === 'trades' || variant === 'trades-all'
  return {
    key: `${variant}:${symbol}`,
    symbol,
    channel: OKX_BOOKS.has(variant) ? 'book' : isTrade ? 'trade' : undefined,
  }
}

function deribitSpec(text: string): Spec | undefined {
  const [, key, kind, symbol] = DERIBIT_CHANNEL.exec(text) ?? []
  if (key === undefined || symbol === undefined) return undefined
  return { key, symbol, channel: kind === 'book' ? 'book' : kind === 'trades' ? 'trade' : undefined }
}
