// What is where in the memory: a frame and its columns, then what the compiler places, then the books. The columns are those of
// src/core/columns.ts: the program fills them where they lie, and its caller reads them there.

/** A larger frame is for the strict reader. */
export const FRAME_LIMIT: usize = 0x40000
/**
 * Events and levels that a frame of this size can hold: a trade has over 64 bytes, a level over 8. Not powers of two: the first lines of
 * all columns would have one and the same place in the processor's cache then, and drive each other out with each frame.
 */
export const EVENT_LIMIT: usize = FRAME_LIMIT / 64 + 16
export const LEVEL_LIMIT: usize = FRAME_LIMIT / 8 + 128

/** Not 0: a place that is 0 is none. */
export const FRAME: usize = 0x400
/** Zeros stand behind the frame, so that nothing is found there. */
export const ROOM: usize = 16

const DOUBLES = FRAME + FRAME_LIMIT + ROOM
const DOUBLES_SIZE = EVENT_LIMIT * 8
export const VENUE_TIME = DOUBLES
export const FIRST = DOUBLES + 1 * DOUBLES_SIZE
export const LAST = DOUBLES + 2 * DOUBLES_SIZE
export const PREVIOUS = DOUBLES + 3 * DOUBLES_SIZE
export const CHECKSUM = DOUBLES + 4 * DOUBLES_SIZE
export const FILL_FIRST = DOUBLES + 5 * DOUBLES_SIZE
export const FILL_LAST = DOUBLES + 6 * DOUBLES_SIZE

/** The size of a level stands `LEVEL_LIMIT` numbers behind its price: both have their value, their decimals and their text by one index. */
export const PRICES = DOUBLES + 7 * DOUBLES_SIZE
export const SIZES = PRICES + LEVEL_LIMIT * 8

/** By number: where in the frame its text is, and how long, without the zeros at the end of its fraction; 0 where it is written otherwise. */
export const TEXTS = SIZES + LEVEL_LIMIT * 8
export const TEXT_LENGTH: u32 = 20

const INTEGERS = TEXTS + LEVEL_LIMIT * 2 * 4
const INTEGERS_SIZE = EVENT_LIMIT * 4
export const BID_START = INTEGERS
export const BID_COUNT = INTEGERS + 1 * INTEGERS_SIZE
export const ASK_START = INTEGERS + 2 * INTEGERS_SIZE
export const ASK_COUNT = INTEGERS + 3 * INTEGERS_SIZE
export const ID_START = INTEGERS + 4 * INTEGERS_SIZE
export const ID_END = INTEGERS + 5 * INTEGERS_SIZE
/** Where in the frame the symbol of an event stands, and its slot; -1: it is none that was asked for. */
export const SYMBOL_START = INTEGERS + 6 * INTEGERS_SIZE
export const SYMBOL_END = INTEGERS + 7 * INTEGERS_SIZE
export const SLOT = INTEGERS + 8 * INTEGERS_SIZE
/** Two numbers: how many levels there are, and how many events whose symbols are known. */
export const LEVELS = INTEGERS + 9 * INTEGERS_SIZE
export const KNOWN = LEVELS + 4

const BYTES = LEVELS + 16
export const KIND = BYTES
export const SIDE = BYTES + 1 * EVENT_LIMIT
export const FLAGS = BYTES + 2 * EVENT_LIMIT
export const STREAM = BYTES + 3 * EVENT_LIMIT
export const PRICE_DECIMALS = BYTES + 4 * EVENT_LIMIT
export const SIZE_DECIMALS = PRICE_DECIMALS + LEVEL_LIMIT
/** Here begins what the compiler places: scripts/wasm.ts sees to it. */
export const COLUMNS_END = SIZE_DECIMALS + LEVEL_LIMIT

/** Codes of src/core/columns.ts. */
export const SNAPSHOT: u8 = 1
export const DELTA: u8 = 2
export const TRADE: u8 = 3
export const BUY: u8 = 1
export const SELL: u8 = 2
export const RPI: u8 = 8
