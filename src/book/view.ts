// A book as its numbers tell of it: the object of a book is one of these, and what `FollowedBooks` answers is another.
import type { Columns } from '../core/columns.ts'
import { type Decimals, kernel, type Sides } from '../core/kernel.ts'

/** Where the levels of a book are, what they count in, and how far down they are known. */
export interface BookView extends Sides, Decimals {
  /** Levels a side that the venue keeps filled; `Infinity`: it does not, or it sends the full depth. */
  readonly rolling: number
  /** Beyond these prices levels were not told or were forgotten, scaled; NaN: none were. */
  readonly bidCut: number
  readonly askCut: number
}

/** The venue's number of the last update; NaN: it named none, or there was none. */
export const sequenceOf = ({ bidPlace }: Sides): number => kernel().noteOf(bidPlace)

/** Venue time of the last update; NaN: the venue named none. */
export const venueTimeOf = ({ askPlace }: Sides): number => kernel().noteOf(askPlace)

/** The book stands at this update from now on. Kept beside the sides: a field of an object is one more thing in memory to wait for. */
export function standAt({ bidPlace, askPlace }: Sides, sequence: number, venueTimeUs: number): void {
  kernel().setNote(bidPlace, sequence)
  kernel().setNote(askPlace, venueTimeUs)
}

/** The same for event `at`. */
export function standAtEvent(sides: Sides, columns: Columns, at: number): void {
  standAt(sides, columns.last[at] ?? Number.NaN, columns.venueTimeUs[at] ?? Number.NaN)
}

/** Scaled price of the best bid; NaN where there is none. */
export const bestBidOf = ({ bidPlace }: Sides): number => kernel().bestKey(bidPlace)

/** Scaled price of the best ask; NaN where there is none. */
export const bestAskOf = ({ askPlace }: Sides): number => 0 - kernel().bestKey(askPlace)

/** True when the best bid is at or over the best ask: a sound book shows it for one update at most, or in an auction. */
export const isCrossed = (sides: Sides): boolean => bestBidOf(sides) >= bestAskOf(sides)

/** Levels of the side that has more. */
export const longestOf = ({ bidPlace, askPlace }: Sides): number =>
  Math.max(kernel().countOf(bidPlace), kernel().countOf(askPlace))

/** How many bids are at their bound or better; NaN: they have none. */
export const boundBids = ({ bidPlace, bidCut, rolling }: BookView): number =>
  boundDepth(bidPlace, bidCut, rolling)

/** The same of the asks. */
export const boundAsks = ({ askPlace, askCut, rolling }: BookView): number =>
  boundDepth(askPlace, -askCut, rolling)

function boundDepth(place: number, cut: number, rolling: number): number {
  if (Number.isNaN(cut)) return kernel().countOf(place) < rolling ? Number.NaN : rolling
  return Math.min(kernel().depthOf(place, cut), rolling)
}
