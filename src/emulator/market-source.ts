import type { Channel } from '../core/ids.ts'
import { type Fill, STEP_MS, SymbolMarket } from './market.ts'
import type { Faults } from './faults.ts'
import type { Listing } from './listing.ts'
import type { TruthBook } from './model.ts'
import type { Outlet } from './outlet.ts'
import type { Source, Spec } from './source.ts'
import { BookChange } from './true-side.ts'

/** A stream that a venue offers: which one, and how often it is told. */
export interface StreamSpec extends Spec {
  readonly channel: Channel
  /** Steps of 100 ms between two frames of a book. Trades are told every step. */
  readonly everySteps: number
  readonly variant: string
}

/** Writes the frames of a venue. `form` is the client's (`Outlet.form`). */
export interface Writer {
  find(key: string): StreamSpec | undefined
  book(spec: StreamSpec, market: SymbolMarket, change: BookChange, form: number): string
  /** The fills of one interval, in as many frames as the venue makes of them. */
  trades(spec: StreamSpec, market: SymbolMarket, fills: readonly Fill[], form: number): readonly string[]
  /** What a new subscriber gets first. */
  greeting?(spec: StreamSpec, market: SymbolMarket): readonly string[]
  /** What is sent after `quietMs` without a change of the book. */
  readonly quietMs?: number
  quiet?(spec: StreamSpec, market: SymbolMarket): string
}

export interface MarketOptions {
  readonly seed: number
  /** Levels a side at most; each class of instruments has its own limit besides. */
  readonly depth: number
  /** Days pass so many times faster: steps and trades, not ping intervals. */
  readonly speed: number
}

interface Stream {
  readonly spec: StreamSpec
  readonly outlets: Set<Outlet>
  /** For streams slower than a step: what has changed since the last frame. */
  readonly held: BookChange
  steps: number
  quietSinceUs: number
}

interface ActiveMarket {
  readonly market: SymbolMarket
  readonly streams: Map<string, Stream>
  readonly slice: number
}

/** A step is spread over so many slices of symbols, so that not all books change in the same millisecond. */
export const SLICES = 4
const SLICE_US = (STEP_MS * 1_000) / SLICES
/** After a stall no more than a second is made up for. */
const CATCH_UP_SLICES = 10 * SLICES

/** Markets made as they are asked for, stepped while anyone is subscribed to them. */
export class MarketSource implements Source {
  readonly symbols: readonly string[]
  readonly #listings: ReadonlyMap<string, Listing>
  readonly #markets = new Map<string, SymbolMarket>()
  readonly #active = new Map<string, ActiveMarket>()
  readonly #watchers = new Map<string, Set<(truth: TruthBook) => void>>()
  readonly #writer: Writer
  readonly #faults: Faults
  readonly #options: MarketOptions
  #begunUs: number | undefined
  #slices = 0

  constructor(listings: readonly Listing[], writer: Writer, faults: Faults, options: MarketOptions) {
    this.symbols = listings.map(({ symbol }) => symbol)
    this.#listings = new Map(listings.map((listing) => [listing.symbol, listing]))
    this.#writer = writer
    this.#faults = faults
    this.#options = options
  }

  /** The market of a symbol, made when it is first asked for. */
  market(symbol: string): SymbolMarket | undefined {
    const made = this.#markets.get(symbol)
    if (made !== undefined) return made
    const listing = this.#listings.get(symbol)
    if (listing === undefined) return undefined
    const market = new SymbolMarket(listing, this.#options.seed, this.#options.depth)
    this.#markets.set(symbol, market)
    return market
  }

  find(key: string): StreamSpec | undefined {
    const spec = this.#writer.find(key)
    return spec !== undefined && this.#listings.has(spec.symbol) ? spec : undefined
  }

  join(key: string, outlet: Outlet): void {
    const spec = this.find(key)
    const market = spec === undefined ? undefined : this.market(spec.symbol)
    if (spec === undefined || market === undefined) return
    const active = this.#activate(spec.symbol, market)
    const stream = active.streams.get(key) ?? newStream(spec)
    active.streams.set(key, stream)
    // Who joins starts from the present state: what is held back belongs to those who were there before.
    if (!stream.held.isEmpty) this.#tell(stream, market, stream.held)
    stream.held.clear()
    stream.outlets.add(outlet)
    const told = this.#faults.strikes('stale_snapshot', spec) === undefined ? market : market.opening()
    for (const frame of this.#writer.greeting?.(spec, told) ?? [])
      outlet.data(spec.symbol, spec.channel, frame)
  }

  leave(key: string, outlet: Outlet): void {
    const spec = this.find(key)
    const active = spec === undefined ? undefined : this.#active.get(spec.symbol)
    const stream = active?.streams.get(key)
    if (spec === undefined || active === undefined || stream === undefined) return
    stream.outlets.delete(outlet)
    if (stream.outlets.size === 0) active.streams.delete(key)
    if (active.streams.size === 0) this.#active.delete(spec.symbol)
  }

  truth(symbol: string): TruthBook | undefined {
    return this.market(symbol)?.truth()
  }

  watch(symbol: string, hear: (truth: TruthBook) => void): () => void {
    const watchers = this.#watchers.get(symbol) ?? new Set()
    this.#watchers.set(symbol, watchers)
    watchers.add(hear)
    return () => {
      watchers.delete(hear)
      if (watchers.size === 0) this.#watchers.delete(symbol)
    }
  }

  advance(steadyUs: number): void {
    this.#begunUs ??= steadyUs
    const due = Math.floor(((steadyUs - this.#begunUs) * this.#options.speed) / SLICE_US)
    if (due - this.#slices > CATCH_UP_SLICES) this.#slices = due - CATCH_UP_SLICES
    while (this.#slices < due) {
      const slice = this.#slices++ % SLICES
      for (const active of this.#active.values()) if (active.slice === slice) this.#step(active, steadyUs)
    }
  }

  #activate(symbol: string, market: SymbolMarket): ActiveMarket {
    const known = this.#active.get(symbol)
    if (known !== undefined) return known
    const active = { market, streams: new Map<string, Stream>(), slice: market.listing.index % SLICES }
    this.#active.set(symbol, active)
    return active
  }

  #step(active: ActiveMarket, steadyUs: number): void {
    const { market } = active
    const reset = { symbol: market.listing.symbol, channel: 'book' } as const
    if (!this.#faults.isIdle && this.#faults.strikes('sequence_reset', reset) !== undefined)
      market.resetSequence()
    const { change, fills } = market.step()
    for (const stream of active.streams.values()) {
      if (stream.spec.channel === 'trade') this.#tellTrades(stream, market, fills)
      else this.#tellChange(stream, market, change)
      if (stream.spec.channel === 'book')
        this.#tellQuiet(stream, market, change === undefined ? steadyUs : undefined)
    }
    if (change === undefined) return
    const watchers = this.#watchers.get(market.listing.symbol)
    if (watchers === undefined) return
    const truth = market.truth()
    for (const hear of watchers) hear(truth)
  }

  #tellChange(stream: Stream, market: SymbolMarket, change: BookChange | undefined): void {
    const { everySteps } = stream.spec
    if (everySteps === 1) {
      if (change !== undefined) this.#tell(stream, market, change)
      return
    }
    if (change !== undefined) stream.held.merge(change)
    stream.steps++
    if (stream.steps < everySteps) return
    stream.steps -= everySteps
    if (stream.held.isEmpty) return
    this.#tell(stream, market, stream.held)
    stream.held.clear()
  }

  #tell(stream: Stream, market: SymbolMarket, change: BookChange): void {
    const { symbol, channel } = stream.spec
    const texts: string[] = []
    for (const outlet of stream.outlets) {
      texts[outlet.form] ??= this.#writer.book(stream.spec, market, change, outlet.form)
      outlet.data(symbol, channel, texts[outlet.form] ?? '')
    }
  }

  #tellTrades(stream: Stream, market: SymbolMarket, fills: readonly Fill[]): void {
    if (fills.length === 0) return
    const { symbol, channel } = stream.spec
    const frames: (readonly string[])[] = []
    for (const outlet of stream.outlets) {
      const own = (frames[outlet.form] ??= this.#writer.trades(stream.spec, market, fills, outlet.form))
      for (const frame of own) outlet.data(symbol, channel, frame)
    }
  }

  /** `quietUs` is the time of a step without a change, `undefined` a step with one. */
  #tellQuiet(stream: Stream, market: SymbolMarket, quietUs: number | undefined): void {
    const { quietMs } = this.#writer
    if (quietMs === undefined) return
    if (quietUs === undefined || Number.isNaN(stream.quietSinceUs))
      stream.quietSinceUs = quietUs ?? Number.NaN
    else if (quietUs - stream.quietSinceUs >= quietMs * 1_000) {
      stream.quietSinceUs = quietUs
      const text = this.#writer.quiet?.(stream.spec, market) ?? ''
      for (const outlet of stream.outlets) outlet.data(stream.spec.symbol, 'book', text)
    }
  }
}

function newStream(spec: StreamSpec): Stream {
  return { spec, outlets: new Set(), held: new BookChange(), steps: 0, quietSinceUs: Number.NaN }
}
