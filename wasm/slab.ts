// Rooms for books and for chunks, those of a kind one behind the other: what each message touches of thousands of books lies on few pages
// then, which the processor remembers where to find; and each begins with a line of memory, so that it is on no more lines than it needs.
import { CHUNK_BYTES, HIGHS_BYTES } from './chunk'

/** What the processor reads at once. */
export const LINE: usize = 64
/** What stands at a side: half of a line, whose other half is of the other side. */
export const HEAD_BYTES: usize = LINE / 2
/** A book: both of these, the best chunk of each side, and a line of what leads to the others. */
export const BOOK_BYTES: usize = LINE * 2 + CHUNK_BYTES * 2
/** Rooms that are made together. */
const ROOMS: usize = 32

/** Rooms of one size, which is so many lines. */
export class Slab {
  /** The room that is free, as a chain: at each is where the next is. */
  free: usize = 0

  constructor(readonly bytes: usize) {}

  take(): usize {
    if (this.free == 0) this.add()
    const room = this.free
    this.free = load<usize>(room)
    return room
  }

  give(room: usize): void {
    store<usize>(room, this.free)
    this.free = room
  }

  private add(): void {
    const first = (heap.alloc(ROOMS * this.bytes + LINE) + LINE - 1) & ~(LINE - 1)
    for (let room = ROOMS; room > 0; room--) this.give(first + (room - 1) * this.bytes)
  }
}

export const books = new Slab(BOOK_BYTES)
export const chunks = new Slab(CHUNK_BYTES)
/** Those of sides with sizes of more than 32 bits. */
export const wideChunks = new Slab(CHUNK_BYTES + HIGHS_BYTES)
