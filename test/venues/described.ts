import assert from 'node:assert/strict'
import { BUY, type Columns, type Control, KIND, SELL, TRADE_FLAG_NAMES } from '../../src/core/columns.ts'
import { DECIMALS_LIMIT, formatDecimal } from '../../src/core/decimal.ts'
import { DecodeError } from '../../src/core/errors.ts'
import type { Symbols } from '../../src/venues/symbols.ts'
import type { Venue } from '../../src/venues/venue.ts'
import { isScanned } from './scanned.ts'

type LevelText = readonly [price: string, size: string]

/** One event in words, as fixtures state it; what the venue does not name is absent. */
export interface DescribedEvent {
  readonly kind: 'snapshot' | 'delta' | 'trade'
  readonly symbol: string
  readonly time_us?: number
  readonly first?: number
  readonly last?: number
  readonly previous?: number
  readonly checksum?: number
  readonly bids?: readonly LevelText[]
  readonly asks?: readonly LevelText[]
  readonly stream?: string
  readonly id?: string
  readonly price?: string
  readonly size?: string
  readonly side?: 'buy' | 'sell'
  readonly flags?: readonly string[]
  readonly fill_first?: number
  readonly fill_last?: number
}

/** What a frame says, in words; or why it was refused. */
export interface Described {
  readonly events: readonly DescribedEvent[]
  readonly control: readonly Control[]
  readonly unknown: number
  readonly ignored: number
}

export type Outcome = Described | { readonly refused: string }

/** What a decoder reads from, and into. */
export interface Bench {
  readonly venue: Venue
  readonly symbols: Symbols
  readonly out: Columns
}

/**
 * Decodes `frame` and puts it in words. Anything thrown but `DecodeError` goes through; half an event fails either way, and so does a
 * scanner that reads something else.
 */
export function outcomeOf(bench: Bench, frame: Uint8Array): Outcome {
  const { venue, symbols, out } = bench
  isScanned(venue, symbols, frame)
  try {
    venue.decode(frame, symbols, out)
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    checkSound(out, symbols)
    return { refused: cause.code }
  }
  checkSound(out, symbols)
  return describe(bench, frame)
}

/** The events in `out` in words. */
export function describe({ venue, symbols, out }: Bench, frame: Uint8Array): Described {
  const events = Array.from({ length: out.count }, (_, at) =>
    out.kind[at] === KIND.trade
      ? describeTrade({ venue, symbols, out }, at, frame)
      : describeBook(out, at, symbols),
  )
  return { events, control: plain(out.control), unknown: out.unknown, ignored: out.ignored }
}

/** Without members that are undefined: fixtures leave them out. */
const plain = (control: readonly Control[]): readonly Control[] =>
  JSON.parse(JSON.stringify(control)) as readonly Control[]

function describeBook(out: Columns, at: number, symbols: Symbols): DescribedEvent {
  return {
    kind: out.kind[at] === KIND.snapshot ? 'snapshot' : 'delta',
    symbol: symbols.nameOf(out.slot[at] ?? -1),
    ...known('time_us', out.venueTimeUs[at]),
    ...known('first', out.first[at]),
    ...known('last', out.last[at]),
    ...known('previous', out.previous[at]),
    ...known('checksum', out.checksum[at]),
    bids: levels(out, out.bidStart[at] ?? 0, out.bidCount[at] ?? 0),
    asks: levels(out, out.askStart[at] ?? 0, out.askCount[at] ?? 0),
  }
}

function describeTrade({ venue, symbols, out }: Bench, at: number, frame: Uint8Array): DescribedEvent {
  const [level] = levels(out, out.bidStart[at] ?? 0, 1)
  const flags = TRADE_FLAG_NAMES.filter((_, bit) => ((out.flags[at] ?? 0) & (1 << bit)) !== 0)
  return {
    kind: 'trade',
    symbol: symbols.nameOf(out.slot[at] ?? -1),
    ...known('time_us', out.venueTimeUs[at]),
    ...known('last', out.last[at]),
    stream: venue.tradeStreams[out.stream[at] ?? -1] ?? '',
    id: new TextDecoder().decode(frame.subarray(out.idStart[at], out.idEnd[at])),
    price: level?.[0] ?? '',
    size: level?.[1] ?? '',
    side: out.side[at] === SELL ? 'sell' : 'buy',
    ...(flags.length > 0 && { flags }),
    ...known('fill_first', out.fillFirst[at]),
    ...known('fill_last', out.fillLast[at]),
  }
}

function levels(out: Columns, start: number, count: number): readonly LevelText[] {
  return Array.from({ length: count }, (_, index) => {
    const at = start + index
    const size = out.bigSizes?.get(at) ?? out.sizes[at] ?? Number.NaN
    return [
      formatDecimal(out.prices[at] ?? Number.NaN, out.priceDecimals[at] ?? 0),
      formatDecimal(size, out.sizeDecimals[at] ?? 0),
    ]
  })
}

function known(name: string, figure: number | undefined): object {
  return figure === undefined || Number.isNaN(figure) ? {} : { [name]: figure }
}

/** Every event that counts must be whole: of a known symbol, with levels that are there, exact, and not negative. */
export function checkSound(out: Columns, symbols: Symbols): void {
  for (let at = 0; at < out.count; at++) {
    const [kind = 0, slot = -1, timeUs = -1] = [out.kind[at], out.slot[at], out.venueTimeUs[at]]
    assert.ok(kind >= KIND.snapshot && kind <= KIND.trade, 'a kind of event')
    assert.ok(slot >= 0 && slot < symbols.size, 'a known symbol')
    assert.ok(Number.isNaN(timeUs) || Number.isSafeInteger(timeUs), 'a time')
    if (kind === KIND.trade) checkTrade(out, at)
    else {
      checkLevels(out, out.bidStart[at], out.bidCount[at])
      checkLevels(out, out.askStart[at], out.askCount[at])
    }
  }
}

function checkTrade(out: Columns, at: number): void {
  const [side = 0, idStart = 1, idEnd = 0] = [out.side[at], out.idStart[at], out.idEnd[at]]
  assert.ok(side === BUY || side === SELL, 'a side')
  assert.ok(idStart < idEnd, 'an id')
  checkLevels(out, out.bidStart[at], 1)
}

function checkLevels(out: Columns, start = -1, count = -1): void {
  assert.ok(start >= 0 && count >= 0 && start + count <= out.levels, 'levels that were read')
  for (let level = start; level < start + count; level++) {
    const [price, size = -1] = [out.prices[level], out.sizes[level]]
    const [priceDecimals = 99, sizeDecimals = 99] = [out.priceDecimals[level], out.sizeDecimals[level]]
    assert.ok(Math.max(priceDecimals, sizeDecimals) <= DECIMALS_LIMIT, 'decimals that a book can count in')
    assert.ok(Number.isSafeInteger(price), 'an exact price')
    assert.ok(size >= 0, 'a size that is not negative')
    if (size === Infinity) assert.notEqual(out.bigSizes?.get(level), undefined, 'an exact size')
    else assert.ok(Number.isSafeInteger(size), 'an exact size')
  }
}
