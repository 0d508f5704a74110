import { Columns } from '../core/columns.ts'
import { SCAN_PROGRAM } from './scan-program.ts'
import type { Symbols } from './symbols.ts'

/** What the compiled program exports: functions, its memory, and the places of what is in it. */
type Exports = Readonly<Record<string, unknown>>
/** Reads the frame of `length` bytes; answers how many events it has, 0 for none of use, -1 for one that is not of the usual shape. */
export type Scan = (length: number) => number

const UNUSUAL = -1

/**
 * Reads the frames of the shape in which a venue writes most of its data, by their bytes: `Venue.scan`. The templates are in wasm/, one
 * file a venue family, because the digits of prices and sizes are read eight at a time there; docs/decisions tells what that gains.
 *
 * The program fills the columns where they lie in its memory, and they are good until the next call. It is compiled at the first frame.
 */
export class Scanner {
  readonly #choose: (program: Program) => Scan
  #program: Program | undefined
  #scan: Scan = () => UNUSUAL

  /** `choose` picks the function of a venue. */
  constructor(choose: (program: Program) => Scan) {
    this.#choose = choose
  }

  /** What the frame says; `undefined` for one that is for the strict reader. */
  scan(frame: Uint8Array, symbols: Symbols): Columns | undefined {
    const program = (this.#program ??= this.#start())
    if (frame.length > program.frame.length) return undefined
    program.frame.set(frame)
    const count = this.#scan(frame.length)
    if (count === UNUSUAL) return undefined
    const { columns } = program
    columns.count = count
    columns.levels = program.levels[0] ?? 0
    columns.unknown = 0
    columns.ignored = count === 0 ? 1 : 0
    return count === 0 ? columns : resolved(program, symbols)
  }

  #start(): Program {
    const program = new Program()
    this.#scan = this.#choose(program)
    return program
  }
}

/** One instance of the compiled program: its memory holds one frame and its columns. */
export class Program {
  readonly #exports: Exports
  readonly frame: Uint8Array
  readonly columns = new Columns(1, 1)
  readonly levels: Int32Array
  readonly symbolStart: Int32Array
  readonly symbolEnd: Int32Array

  constructor() {
    const module = new WebAssembly.Module(Buffer.from(SCAN_PROGRAM, 'base64'))
    this.#exports = new WebAssembly.Instance(module).exports
    const events = this.#number('EVENT_LIMIT')
    const levels = this.#number('LEVEL_LIMIT')
    const { columns } = this
    this.frame = this.#bytes('FRAME', this.#number('FRAME_LIMIT'))
    this.levels = this.#integers('LEVELS', 1)
    this.symbolStart = this.#integers('SYMBOL_START', events)
    this.symbolEnd = this.#integers('SYMBOL_END', events)
    columns.kind = this.#bytes('KIND', events)
    columns.slot = this.#integers('SLOT', events)
    columns.venueTimeUs = this.#doubles('VENUE_TIME', events)
    columns.first = this.#doubles('FIRST', events)
    columns.last = this.#doubles('LAST', events)
    columns.previous = this.#doubles('PREVIOUS', events)
    columns.checksum = this.#doubles('CHECKSUM', events)
    columns.bidStart = this.#integers('BID_START', events)
    columns.bidCount = this.#integers('BID_COUNT', events)
    columns.askStart = this.#integers('ASK_START', events)
    columns.askCount = this.#integers('ASK_COUNT', events)
    columns.side = this.#bytes('SIDE', events)
    columns.flags = this.#bytes('FLAGS', events)
    columns.stream = this.#bytes('STREAM', events)
    columns.idStart = this.#integers('ID_START', events)
    columns.idEnd = this.#integers('ID_END', events)
    columns.fillFirst = this.#doubles('FILL_FIRST', events)
    columns.fillLast = this.#doubles('FILL_LAST', events)
    columns.prices = this.#doubles('PRICES', levels)
    columns.priceDecimals = this.#bytes('PRICE_DECIMALS', levels)
    columns.sizes = this.#doubles('SIZES', levels)
    columns.sizeDecimals = this.#bytes('SIZE_DECIMALS', levels)
  }

  /** The function of that name. Throws `RangeError` where the program has none. */
  call(name: string): (...given: readonly number[]) => number {
    const exported = this.#exports[name]
    if (!isFunction(exported)) throw new RangeError(`the scanner has no function ${name}`)
    return exported
  }

  #bytes(name: string, length: number): Uint8Array {
    return new Uint8Array(this.#memory(), this.#number(name), length)
  }

  #integers(name: string, length: number): Int32Array {
    return new Int32Array(this.#memory(), this.#number(name), length)
  }

  #doubles(name: string, length: number): Float64Array {
    return new Float64Array(this.#memory(), this.#number(name), length)
  }

  #memory(): ArrayBuffer {
    const { memory } = this.#exports
    if (!(memory instanceof WebAssembly.Memory)) throw new RangeError('the scanner has no memory')
    return memory.buffer
  }

  #number(name: string): number {
    const exported = this.#exports[name]
    if (!(exported instanceof WebAssembly.Global)) throw new RangeError(`the scanner has no number ${name}`)
    return Number(exported.value)
  }
}

const isFunction = (value: unknown): value is (...given: readonly number[]) => number =>
  typeof value === 'function'

/** Finds the slots of the symbols. Events of others than are asked for do not count; where there are both, the strict reader sorts them. */
function resolved(program: Program, symbols: Symbols): Columns | undefined {
  const { columns, frame, symbolStart, symbolEnd } = program
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
