import type { Columns } from '../core/columns.ts'
import { type Kernel, kernel } from '../core/kernel.ts'
import type { Symbols } from './symbols.ts'

/** Calls the templates of a venue for a frame of so many bytes, with the place of the symbols: see `Kernel.binance`. */
export type Scan = (program: Kernel, length: number, symbols: number) => number

const UNUSUAL = -1

/**
 * Reads frames of the shape in which a venue writes most of its data, by their bytes: what `Venue.scan` is made of. The templates are
 * in wasm/, one file a venue family, because the digits of a price or size are read at once there.
 *
 * Answers what the frame says, good until the next scan of any venue; `undefined` for a frame that is for the strict reader.
 */
export const scanner =
  (scan: Scan) =>
  (frame: Uint8Array, symbols: Symbols): Columns | undefined => {
    const program = kernel()
    if (frame.length > program.frame.length) return undefined
    program.frame.set(frame)
    const count = scan(program, frame.length, symbols.place)
    if (count === UNUSUAL) return undefined
    const { columns, totals } = program
    columns.count = count
    columns.levels = totals[0] ?? 0
    columns.unknown = 0
    columns.ignored = count === 0 ? 1 : 0
    return totals[1] === count ? columns : withStrangers(program, symbols)
  }

/** Events of other symbols than are asked for do not count; where there are both, the strict reader sorts them. */
function withStrangers(program: Kernel, symbols: Symbols): Columns | undefined {
  const { columns } = program
  const { count } = columns
  if (symbols.isOpen) {
    for (let at = 0; at < count; at++) {
      // A symbol that is added may have the memory grow: nothing that was looked at before is good then.
      const symbol = program.frame.slice(program.symbolStart[at], program.symbolEnd[at])
      const slot = symbols.resolve(symbol, 0, symbol.length)
      columns.slot[at] = slot
    }
    return columns
  }
  if (program.totals[1] !== 0) return undefined
  columns.unknown = count
  columns.count = 0
  columns.levels = 0
  return columns
}
