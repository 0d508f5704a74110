import type { Book } from '../../src/book/book.ts'
import { Columns, KIND } from '../../src/core/columns.ts'
import { parseDecimal } from '../../src/core/decimal.ts'
import { kernel } from '../../src/core/kernel.ts'

/** Price and size as exact text. */
export type Level = readonly [price: string, size: string]

/** One book event as a decoder would fill it in; what is left out is unknown, or no levels. */
export interface EventShape {
  readonly kind?: number
  readonly first?: number
  readonly last?: number
  readonly previous?: number
  readonly checksum?: number
  readonly bids?: readonly Level[]
  readonly asks?: readonly Level[]
}

/** Appends an event to `columns` and answers its index. */
export function addEvent(columns: Columns, shape: EventShape): number {
  const at = columns.begin(shape.kind ?? KIND.delta)
  columns.first[at] = shape.first ?? Number.NaN
  columns.last[at] = shape.last ?? Number.NaN
  columns.previous[at] = shape.previous ?? Number.NaN
  columns.checksum[at] = shape.checksum ?? Number.NaN
  columns.bidStart[at] = columns.levels
  for (const level of shape.bids ?? []) addLevel(columns, level)
  columns.bidCount[at] = shape.bids?.length ?? 0
  columns.askStart[at] = columns.levels
  for (const level of shape.asks ?? []) addLevel(columns, level)
  columns.askCount[at] = shape.asks?.length ?? 0
  columns.count++
  return at
}

/** Columns with this one event, at 0. */
export function eventOf(shape: EventShape): Columns {
  const columns = new Columns(1, 4)
  addEvent(columns, shape)
  return columns
}

/** Price and size as a scan leaves them: mantissas and decimals. */
export type ScannedLevel = readonly [price: number, priceDecimals: number, size: number, sizeDecimals: number]

export interface ScannedLevels {
  readonly bids: readonly ScannedLevel[]
  readonly asks: readonly ScannedLevel[]
}

/** The kernel's columns with this one event, at 0, as a scan leaves it; its numbers are for the caller to set. */
export function scanned(kind: number, { bids, asks }: ScannedLevels): Columns {
  const { columns } = kernel()
  columns.clear()
  columns.begin(kind)
  columns.count = 1
  columns.bidCount[0] = bids.length
  columns.askStart[0] = bids.length
  columns.askCount[0] = asks.length
  for (const [at, [price, priceDecimals, size, sizeDecimals]] of [...bids, ...asks].entries()) {
    columns.prices[at] = price
    columns.priceDecimals[at] = priceDecimals
    columns.sizes[at] = size
    columns.sizeDecimals[at] = sizeDecimals
  }
  columns.levels = bids.length + asks.length
  return columns
}

/** Both sides, best first, as exact text. */
export function show(book: Book): { bids: Level[]; asks: Level[] } {
  const levels = (side: Book['bids']): Level[] =>
    Array.from({ length: side.count }, (_, depth) => [
      book.priceText(side, depth),
      book.sizeText(side, depth),
    ])
  return { bids: levels(book.bids), asks: levels(book.asks) }
}

function addLevel(columns: Columns, [price, size]: Level): void {
  const exactPrice = parseDecimal(price)
  const exactSize = parseDecimal(size)
  if (exactPrice === undefined || exactSize === undefined) throw new RangeError(`${price} ${size}`)
  columns.reserve()
  const at = columns.levels++
  columns.prices[at] = fits(exactPrice.mantissa) ? Number(exactPrice.mantissa) : Infinity
  columns.priceDecimals[at] = exactPrice.decimals
  columns.sizeDecimals[at] = exactSize.decimals
  if (fits(exactSize.mantissa)) {
    columns.sizes[at] = Number(exactSize.mantissa)
    return
  }
  columns.sizes[at] = Infinity
  columns.bigSizes ??= new Map()
  columns.bigSizes.set(at, exactSize.mantissa)
}

const fits = (mantissa: bigint): boolean => mantissa <= Number.MAX_SAFE_INTEGER

/** Event `at` by itself, as it is kept for a snapshot. */
export function copyOf(columns: Columns, at: number): Columns {
  const copy = new Columns(1, 1)
  copy.unpack(columns.pack(at))
  return copy
}
