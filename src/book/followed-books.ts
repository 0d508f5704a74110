import type { Columns } from '../core/columns.ts'
import { kernel } from '../core/kernel.ts'
import type { Book } from './book.ts'
import { type FollowHearing, hasChecksum, type LinkRule } from './sync.ts'
import { type BookView, sequenceOf, standAtEvent } from './view.ts'

const FIRST_ROOM = 64
/** Where no side can be. */
const NOWHERE = 0

/**
 * The books of a venue that have only to be followed, by slot: all that their next delta needs, in columns. Objects of thousands of books are
 * in no cache, and on the way through them to the levels memory is waited for again and again; a line of a column has those of many books.
 */
export class FollowedBooks {
  readonly #rule: LinkRule
  readonly #kernel = kernel()
  #bidPlace = new Int32Array(FIRST_ROOM)
  #priceDecimals = new Uint8Array(FIRST_ROOM)
  #sizeDecimals = new Uint8Array(FIRST_ROOM)
  readonly #bounds = new Bounds()
  /** The book in hand. One object for all: no delta makes another. */
  readonly #view = new FollowedBook(this.#bounds)
  /** The slot of that book, while it is as it was looked at. */
  #viewed: number | undefined

  constructor(rule: LinkRule) {
    this.#rule = rule
  }

  /** For the sync of the book at `slot`. */
  hearing(slot: number): FollowHearing {
    while (slot >= this.#bidPlace.length) this.#grow()
    return (book) => {
      this.#viewed = undefined
      if (book === undefined) this.#bidPlace[slot] = NOWHERE
      else this.#put(slot, book)
    }
  }

  /**
   * Applies delta `at` where its book is followed and it is the next. False: the delta is for the sync of its book; some of its levels may
   * be set by then, and are set again.
   */
  apply(columns: Columns, at: number): boolean {
    if (columns !== this.#kernel.columns) return false
    const book = this.at(columns.slot[at] ?? 0)
    if (book === undefined) return false
    const verdict = this.#rule.judge(sequenceOf(book), columns, at, true)
    if (verdict !== 'next' || hasChecksum(this.#rule, columns, at)) return false
    const levels = (columns.bidCount[at] ?? 0) + (columns.askCount[at] ?? 0)
    if (this.#kernel.setEvent(book, at, 0) < levels) return false
    standAtEvent(book, columns, at)
    return true
  }

  /** Whether the book at `slot` is followed. */
  has(slot: number): boolean {
    return (this.#bidPlace[slot] ?? NOWHERE) !== NOWHERE
  }

  /** The book at `slot`, good until that of another slot is asked for; `undefined`: it is not followed. */
  at(slot: number): BookView | undefined {
    const view = this.#view
    if (slot === this.#viewed) return view
    const bidPlace = this.#bidPlace[slot] ?? NOWHERE
    if (bidPlace === NOWHERE) return undefined
    view.bidPlace = bidPlace
    view.askPlace = this.#kernel.askPlaceOf(bidPlace)
    view.priceDecimals = this.#priceDecimals[slot] ?? 0
    view.sizeDecimals = this.#sizeDecimals[slot] ?? 0
    view.slot = slot
    this.#viewed = slot
    return view
  }

  #put(slot: number, book: Book): void {
    this.#bidPlace[slot] = book.bidPlace
    this.#priceDecimals[slot] = book.priceDecimals
    this.#sizeDecimals[slot] = book.sizeDecimals
    this.#bounds.put(slot, book)
  }

  #grow(): void {
    const room = this.#bidPlace.length * 2
    this.#bidPlace = filled(new Int32Array(room), this.#bidPlace)
    this.#priceDecimals = filled(new Uint8Array(room), this.#priceDecimals)
    this.#sizeDecimals = filled(new Uint8Array(room), this.#sizeDecimals)
    this.#bounds.grow(room)
  }
}

/** How far down the books are known, by slot: not all that a delta needs. */
class Bounds {
  rolling = new Float64Array(FIRST_ROOM)
  bidCut = new Float64Array(FIRST_ROOM)
  askCut = new Float64Array(FIRST_ROOM)

  put(slot: number, book: BookView): void {
    this.rolling[slot] = book.rolling
    this.bidCut[slot] = book.bidCut
    this.askCut[slot] = book.askCut
  }

  grow(room: number): void {
    this.rolling = filled(new Float64Array(room), this.rolling)
    this.bidCut = filled(new Float64Array(room), this.bidCut)
    this.askCut = filled(new Float64Array(room), this.askCut)
  }
}

/** A book of these by its slot. Its bounds are looked up only where somebody asks: each is one more line of memory. */
class FollowedBook implements BookView {
  slot = 0
  bidPlace = NOWHERE
  askPlace = NOWHERE
  priceDecimals = 0
  sizeDecimals = 0
  readonly #bounds: Bounds

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  get rolling(): number {
    return this.#bounds.rolling[this.slot] ?? Infinity
  }

  get bidCut(): number {
    return this.#bounds.bidCut[this.slot] ?? Number.NaN
  }

  get askCut(): number {
    return this.#bounds.askCut[this.slot] ?? Number.NaN
  }
}

function filled<Column extends Int32Array | Uint8Array | Float64Array>(
  column: Column,
  former: Column,
): Column {
  column.set(former)
  return column
}
