import type { Columns } from '../core/columns.ts'
import { type Kernel, kernel } from '../core/kernel.ts'
import type { Symbols } from './symbols.ts'

/** Calls the templates of a venue for a frame of so many bytes: see `Kernel.binance`. */
export type Scan = (program: Kernel, length: number) => number

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
    const count = scan(program, frame.length)
    if (count === UNUSUAL) return undefined
    const { columns } = program
    columns.count = count
    columns.levels = program.levels[0] ?? 0
    columns.unknown = 0
    columns.ignored = count === 0 ? 1 : 0
    return count === 0 ? columns : resolved(program, symbols)
  }

/** Finds the slots of the symbols. Events of others than are asked for do not count; where there are both, the strict reader sorts them. */
function resolved({ columns, frame, symbolStart, symbolEnd }: Kernel, symbols: Symbols): Columns | undefined {
  const { count } = columns
  let known = 0
  let slot = -1
  for (let at = 0; at < count; at++) {
    const start = symbolStart[at] ?? 0
    if (at === 0 || start !== symbolStart[at - 1]) slot = symbols.resolve(frame, start, symbolEnd[at] ?? 0)
    columns.slot[at] = slot
    if (slot !== -1) known++
  }
  if (known === count) return columns
  if (known > 0) return undefined
  columns.unknown = count
  columns.count = 0
  columns.levels = 0
  return columns
}
