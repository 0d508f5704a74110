import { Columns } from './columns.ts'
import { KERNEL_PROGRAM } from './kernel-program.ts'

/** A function of the program. Places in its memory are given and answered as numbers of 32 bits, with or without sign. */
type Call = (...given: readonly number[]) => number

/** In what decimals a book counts. */
export interface Decimals {
  readonly priceDecimals: number
  readonly sizeDecimals: number
}

/** The sides of a book, by their places. */
export interface Sides {
  readonly bidPlace: number
  readonly askPlace: number
}

/** Room for text to begin with: a full book of a thousand levels a side. */
const TEXT_BYTES = 64 * 1024

/**
 * The part of the hot path that is compiled from wasm/: the templates of the venues, their symbols, the levels of books, the text of
 * numbers, levels and records, checksums. It has one memory: a frame, the columns that a scan fills, all books, a text. Places in it are
 * bytes from its begin. docs/decisions/0006 tells what it gains.
 *
 * Memory that grows leaves no view of it valid: every array here and of `columns` is to be read anew after each call that may take
 * memory: `newBook`, `setLevel`, `setEvent`, `scaleKeys`, `reserveText`, `newSymbols`, `findSymbol`, `addSymbol`, `keepTexts`.
 */
export class Kernel {
  readonly #exports: Readonly<Record<string, unknown>>
  readonly #memory: WebAssembly.Memory
  readonly #newBook: Call
  readonly #setLevel: Call
  readonly #setEvent: Call
  readonly #scaleKeys: Call
  readonly #newRoom: Call
  readonly #newSymbols: Call
  readonly #findSymbol: Call
  readonly #addSymbol: Call
  readonly #freeBook: Call
  readonly #freeRoom: Call
  readonly #freeSymbols: Call
  /** Gives back what was taken for an owner that nobody has any more. */
  readonly #owners = new FinalizationRegistry<{ readonly free: Call; readonly place: number }>(
    ({ free, place }) => free(place),
  )

  /** A scan by the templates of a venue family: it reads the frame of so many bytes, with these symbols (see `newSymbols`); answers its events, 0 for none of use, -1 for one that is not of the usual shape. */
  readonly binance: Call
  readonly okx: Call
  readonly deribit: Call

  /** The CRC-32C of so many bytes at the begin of `frame`, which are changed; the second argument is that of the bytes before them. */
  readonly crcOfFrame: Call

  readonly clearSide: Call
  readonly trimSide: Call
  /** Of level `depth` of a side, 0 being the best: its key, and its size (`Infinity`: beyond 2^53). NaN: there is no such level. */
  readonly keyOf: Call
  readonly sizeOf: Call
  readonly depthOf: Call
  /** Write a number, or levels of a side, at a place of the memory; answer the place behind. */
  readonly writeInteger: Call
  readonly writeDecimal: Call
  readonly writeSide: Call
  /** Write a change of a book, or a trade, as a record: see wasm/record.ts. */
  readonly writeDelta: Call
  readonly writeTrade: Call
  readonly #countOffset: number
  readonly #bigOffset: number
  readonly #noteOffset: number
  readonly #bestUsedOffset: number
  readonly #bestLeastOffset: number
  readonly #asksOffset: number
  readonly #bestPlacesOffset: number
  readonly #further: number

  /** Bytes of a frame that a scan reads, or a checksum takes at a time. */
  readonly frameLimit: number
  /** Where a scan reads the frame, and a checksum its bytes: who writes here calls one of both, since records are written from it. */
  frame = new Uint8Array()
  /** What a scan fills; good until the next. */
  readonly columns = new Columns(1, 1)
  /** Two numbers: how many levels a scan has read, and how many events of known symbols. */
  totals = new Int32Array()
  /** By event: where in the frame its symbol stands. */
  symbolStart = new Int32Array()
  symbolEnd = new Int32Array()
  /** Where text is written: `textPlace` is its begin. Nothing of it is kept. */
  text = new Uint8Array()
  textPlace = 0
  #textBytes = 0
  /** Bytes that the text of a number, and of a level, takes at most. */
  readonly numberTextLimit: number
  readonly levelTextLimit: number
  /** All of the memory. */
  doubles = new Float64Array()
  #integers = new Int32Array()
  #shorts = new Int16Array()

  constructor() {
    const module = new WebAssembly.Module(Buffer.from(KERNEL_PROGRAM, 'base64'))
    this.#exports = new WebAssembly.Instance(module).exports
    const { memory } = this.#exports
    if (!(memory instanceof WebAssembly.Memory)) throw new RangeError('the kernel has no memory')
    this.#memory = memory
    this.#newBook = this.#call('newBook')
    this.#setLevel = this.#call('setLevel')
    this.#setEvent = this.#call('setEvent')
    this.binance = this.#call('binance')
    this.okx = this.#call('okx')
    this.deribit = this.#call('deribit')
    this.crcOfFrame = this.#call('crcOfFrame')
    this.clearSide = this.#call('clearSide')
    this.trimSide = this.#call('trimSide')
    this.#scaleKeys = this.#call('scaleKeys')
    this.keyOf = this.#call('keyOf')
    this.sizeOf = this.#call('sizeOf')
    this.depthOf = this.#call('depthOf')
    this.writeInteger = this.#call('writeInteger')
    this.writeDecimal = this.#call('writeDecimal')
    this.writeSide = this.#call('writeSide')
    this.writeDelta = this.#call('writeDelta')
    this.writeTrade = this.#call('writeTrade')
    this.#newRoom = this.#call('newRoom')
    this.#newSymbols = this.#call('newSymbols')
    this.#findSymbol = this.#call('findSymbol')
    this.#addSymbol = this.#call('addSymbol')
    this.frameLimit = this.#number('FRAME_LIMIT')
    this.numberTextLimit = this.#number('NUMBER_TEXT_LIMIT')
    this.levelTextLimit = this.#number('LEVEL_TEXT_LIMIT')
    this.#countOffset = this.#number('COUNT')
    this.#bigOffset = this.#number('BIG')
    this.#noteOffset = this.#number('NOTE')
    this.#bestUsedOffset = this.#number('BEST_USED')
    this.#bestLeastOffset = this.#number('BEST_LEAST')
    this.#asksOffset = this.#number('ASKS')
    this.#bestPlacesOffset = this.#number('BEST_PLACES')
    this.#further = this.#number('FURTHER')
    this.#freeBook = this.#call('freeBook')
    this.#freeRoom = this.#call('freeRoom')
    this.#freeSymbols = this.#call('freeSymbols')
    this.reserveText(TEXT_BYTES)
  }

  /** Makes room for `bytes` of text. What is written stays, maybe at another place. */
  reserveText(bytes: number): void {
    if (bytes <= this.#textBytes) return
    this.#textBytes = Math.max(bytes, this.#textBytes * 2)
    this.textPlace = this.#newRoom(this.textPlace, this.#textBytes) >>> 0
    this.#look()
  }

  /** The sides of a book without levels, for as long as there is what is answered. */
  newBook(): Sides {
    const bidPlace = this.#newBook() >>> 0
    const sides = { bidPlace, askPlace: this.askPlaceOf(bidPlace) }
    this.#owners.register(sides, { free: this.#freeBook, place: bidPlace })
    this.#lookIfGrown()
    return sides
  }

  /** Keeps texts, and before them their lengths (32 bits each), for as long as there is `owner`; answers where. */
  keepTexts(owner: object, texts: readonly Uint8Array[]): number {
    const lengths = new Uint8Array(Uint32Array.from(texts, ({ length }) => length).buffer)
    const all = Buffer.concat([lengths, ...texts])
    const place = this.#newRoom(0, all.length) >>> 0
    this.#owners.register(owner, { free: this.#freeRoom, place })
    this.#lookIfGrown()
    new Uint8Array(this.#memory.buffer).set(all, place)
    return place
  }

  /** A table without symbols, for as long as there is `owner`; answers its place. */
  newSymbols(owner: object): number {
    const table = this.#newSymbols() >>> 0
    this.#owners.register(owner, { free: this.#freeSymbols, place: table })
    this.#lookIfGrown()
    return table
  }

  /** The slot of the symbol in `bytes` from `start` to `end`; -1 where the table has none. Overwrites the text. */
  findSymbol(table: number, bytes: Uint8Array, start: number, end: number): number {
    this.#putText(bytes, start, end)
    return this.#findSymbol(table, this.textPlace, end - start)
  }

  /** Adds a symbol that the table has not; its slot is how many it had. Overwrites the text. */
  addSymbol(table: number, symbol: Uint8Array): void {
    this.#putText(symbol, 0, symbol.length)
    this.#addSymbol(table, this.textPlace, symbol.length)
    this.#lookIfGrown()
  }

  /** Where the asks of a book are whose bids are there. */
  askPlaceOf(bidPlace: number): number {
    return bidPlace + this.#asksOffset
  }

  /** How many levels a side has. */
  countOf(side: number): number {
    return this.#integers[(side + this.#countOffset) >>> 2] ?? 0
  }

  /** The key of the best level; NaN where a side has none. A call into the program would take longer. */
  bestKey(side: number): number {
    const best = this.#bestOf(side)
    if (best < 0) return Number.NaN
    const least = this.doubles[(side + this.#bestLeastOffset) >>> 3] ?? Number.NaN
    // As its chunk counts it: from the lowest number of 16 bits.
    const places = side + this.#bestPlacesOffset + (side & this.#asksOffset) * this.#further
    return least + ((this.#shorts[(places >>> 1) + best] ?? 0) + 2 ** 15)
  }

  /** The place of the best level in its chunk; -1 where a side has none. */
  #bestOf(side: number): number {
    return 31 - Math.clz32(this.#integers[(side + this.#bestUsedOffset) >>> 2] ?? 0)
  }

  /** A number that the owner of a side keeps beside it; 0 to begin with. */
  noteOf(side: number): number {
    return this.doubles[(side + this.#noteOffset) >>> 3] ?? Number.NaN
  }

  setNote(side: number, note: number): void {
    this.doubles[(side + this.#noteOffset) >>> 3] = note
  }

  /** Says whether a side has a size beyond 2^53: `setEvent` leaves it to the caller then. */
  markBig(side: number, isBig: boolean): void {
    this.#integers[(side + this.#bigOffset) >>> 2] = isBig ? 1 : 0
  }

  /** Sets the size at a key, that is the price of a bid or minus the price of an ask; answers a code of `SET`. */
  setLevel(side: number, key: number, size: number): number {
    const outcome = this.#setLevel(side, key, size)
    this.#lookIfGrown()
    return outcome
  }

  /**
   * Sets the levels of event `at` of `columns` but for the first `done`, bids before asks. Answers how many are done: less than all where
   * the next is finer than the book's numbers, or too large to be exact, or the side has a size that is.
   */
  setEvent(book: Sides & Decimals, at: number, done: number): number {
    const { bidPlace, askPlace, priceDecimals, sizeDecimals } = book
    const now = this.#setEvent(bidPlace, askPlace, at, done, priceDecimals, sizeDecimals)
    this.#lookIfGrown()
    return now
  }

  /** Multiplies all keys of a side. */
  scaleKeys(side: number, factor: number): void {
    this.#scaleKeys(side, factor)
    this.#lookIfGrown()
  }

  /** A loop: of a few bytes it costs less than a view of them. */
  #putText(bytes: Uint8Array, start: number, end: number): void {
    this.reserveText(end - start)
    for (let at = start; at < end; at++) this.text[at - start] = bytes[at] ?? 0
  }

  #lookIfGrown(): void {
    if (this.doubles.length === 0) this.#look()
  }

  #look(): void {
    const { columns } = this
    const { buffer } = this.#memory
    const events = this.#number('EVENT_LIMIT')
    const levels = this.#number('LEVEL_LIMIT')
    this.doubles = new Float64Array(buffer)
    this.#integers = new Int32Array(buffer)
    this.#shorts = new Int16Array(buffer)
    this.frame = this.#bytes('FRAME', this.frameLimit)
    this.text = new Uint8Array(buffer, this.textPlace, this.#textBytes)
    this.totals = this.#whole('LEVELS', 2)
    this.symbolStart = this.#whole('SYMBOL_START', events)
    this.symbolEnd = this.#whole('SYMBOL_END', events)
    columns.kind = this.#bytes('KIND', events)
    columns.slot = this.#whole('SLOT', events)
    columns.venueTimeUs = this.#real('VENUE_TIME', events)
    columns.first = this.#real('FIRST', events)
    columns.last = this.#real('LAST', events)
    columns.previous = this.#real('PREVIOUS', events)
    columns.checksum = this.#real('CHECKSUM', events)
    columns.bidStart = this.#whole('BID_START', events)
    columns.bidCount = this.#whole('BID_COUNT', events)
    columns.askStart = this.#whole('ASK_START', events)
    columns.askCount = this.#whole('ASK_COUNT', events)
    columns.side = this.#bytes('SIDE', events)
    columns.flags = this.#bytes('FLAGS', events)
    columns.stream = this.#bytes('STREAM', events)
    columns.idStart = this.#whole('ID_START', events)
    columns.idEnd = this.#whole('ID_END', events)
    columns.fillFirst = this.#real('FILL_FIRST', events)
    columns.fillLast = this.#real('FILL_LAST', events)
    columns.prices = this.#real('PRICES', levels)
    columns.priceDecimals = this.#bytes('PRICE_DECIMALS', levels)
    columns.sizes = this.#real('SIZES', levels)
    columns.sizeDecimals = this.#bytes('SIZE_DECIMALS', levels)
  }

  #call(name: string): Call {
    const exported = this.#exports[name]
    if (!isCall(exported)) throw new RangeError(`the kernel has no function ${name}`)
    return exported
  }

  #number(name: string): number {
    const exported = this.#exports[name]
    if (!(exported instanceof WebAssembly.Global)) throw new RangeError(`the kernel has no number ${name}`)
    return Number(exported.value)
  }

  #bytes(name: string, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.buffer, this.#number(name), length)
  }

  #whole(name: string, length: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.#memory.buffer, this.#number(name), length)
  }

  #real(name: string, length: number): Float64Array<ArrayBuffer> {
    return new Float64Array(this.#memory.buffer, this.#number(name), length)
  }
}

const isCall = (value: unknown): value is Call => typeof value === 'function'

/** One for the process: books, columns and text have to be in one memory, and a process decodes one frame at a time. */
let started: Kernel | undefined

/** The kernel of this process, compiled when it is first asked for. */
export function kernel(): Kernel {
  return (started ??= new Kernel())
}
