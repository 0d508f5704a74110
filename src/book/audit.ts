import { POW10 } from '../core/decimal.ts'
import type { Book } from './book.ts'
import type { Side } from './side.ts'

/** Differences that an audit tells of: the first few say what is wrong, the rest only that more is. */
export const DIFFERENCE_LIMIT = 10

/** A level on which two books disagree, as exact text. A size is `undefined` where that book has no such level. */
export interface Difference {
  readonly side: 'bid' | 'ask'
  readonly price: string
  readonly ours: string | undefined
  readonly theirs: string | undefined
}

/** What an audit found. `levels` is how many of the reference's levels, both sides, were within what both books know. */
export type AuditResult =
  | { readonly name: 'equal'; readonly levels: number }
  /** The first differences from the top of the bids, then of the asks; `count` is how many there are. */
  | {
      readonly name: 'different'
      readonly levels: number
      readonly count: number
      readonly differences: readonly Difference[]
    }
  /** The books stand at different sequence numbers, or one has none: nothing follows from their levels. */
  | { readonly name: 'incomparable'; readonly ours: number; readonly theirs: number }

/** Compares a live book with a reference of the same sequence, as far down as both are known. Changes neither. */
export function audit(ours: Book, theirs: Book): AuditResult {
  if (ours.sequence !== theirs.sequence) {
    return { name: 'incomparable', ours: ours.sequence, theirs: theirs.sequence }
  }
  const found: Found = { levels: 0, count: 0, differences: [] }
  compareSide('bid', ours, theirs, found)
  compareSide('ask', ours, theirs, found)
  const { levels, count, differences } = found
  return count === 0 ? { name: 'equal', levels } : { name: 'different', levels, count, differences }
}

interface Found {
  levels: number
  count: number
  readonly differences: Difference[]
}

/** One book's side, with a place in it. */
interface Walk {
  readonly book: Book
  readonly side: Side
  /** Worst price vouched for, scaled; NaN: all are. */
  readonly bound: number
  depth: number
}

function walk(book: Book, name: 'bid' | 'ask'): Walk {
  return name === 'bid'
    ? { book, side: book.bids, bound: book.bidBound, depth: 0 }
    : { book, side: book.asks, bound: book.askBound, depth: 0 }
}

/** Walks down both sides together, until one of them is no longer known. */
function compareSide(name: 'bid' | 'ask', ours: Book, theirs: Book, found: Found): void {
  const own = walk(ours, name)
  const other = walk(theirs, name)
  while (own.depth < own.side.count || other.depth < other.side.count) {
    const nearer = nearerOf(name, own, other)
    const at = nearer === 'other' ? other : own
    if (!isKnown(name, own, at) || !isKnown(name, other, at)) return
    if (nearer !== 'own') found.levels++
    const price = at.book.priceText(at.side, at.depth)
    const ownSize = nearer === 'other' ? undefined : own.book.sizeText(own.side, own.depth++)
    const otherSize = nearer === 'own' ? undefined : other.book.sizeText(other.side, other.depth++)
    if (ownSize === otherSize) continue
    found.count++
    if (found.differences.length < DIFFERENCE_LIMIT) {
      found.differences.push({ side: name, price, ours: ownSize, theirs: otherSize })
    }
  }
}

/** Whose next level is nearer to the top. */
function nearerOf(name: 'bid' | 'ask', own: Walk, other: Walk): 'own' | 'other' | 'both' {
  if (own.depth >= own.side.count) return 'other'
  if (other.depth >= other.side.count) return 'own'
  const order = comparePrices(
    { mantissa: own.side.price(own.depth), decimals: own.book.priceDecimals },
    { mantissa: other.side.price(other.depth), decimals: other.book.priceDecimals },
  )
  if (order === 0) return 'both'
  return order > 0 === (name === 'bid') ? 'own' : 'other'
}

/** True when `of` vouches for the price of the level at which `at` stands. */
function isKnown(name: 'bid' | 'ask', of: Walk, at: Walk): boolean {
  if (Number.isNaN(of.bound)) return true
  const order = comparePrices(
    { mantissa: at.side.price(at.depth), decimals: at.book.priceDecimals },
    { mantissa: of.bound, decimals: of.book.priceDecimals },
  )
  return name === 'bid' ? order >= 0 : order <= 0
}

/** A price of one book: books count in units of their own. */
interface ScaledPrice {
  readonly mantissa: number
  readonly decimals: number
}

/** Negative, 0 or positive, as `one` is below, equal to or above `other`. Exact. */
function comparePrices(one: ScaledPrice, other: ScaledPrice): number {
  const decimals = Math.max(one.decimals, other.decimals)
  const a = one.mantissa * (POW10[decimals - one.decimals] ?? Number.NaN)
  const b = other.mantissa * (POW10[decimals - other.decimals] ?? Number.NaN)
  if (Math.abs(a) <= Number.MAX_SAFE_INTEGER || Math.abs(b) <= Number.MAX_SAFE_INTEGER) return a - b
  if (!Number.isFinite(a) || !Number.isFinite(b)) return a === b ? 0 : a - b
  const exact =
    BigInt(one.mantissa) * 10n ** BigInt(decimals - one.decimals) -
    BigInt(other.mantissa) * 10n ** BigInt(decimals - other.decimals)
  return Number(exact)
}
