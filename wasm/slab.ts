// Room for sides, one behind the other: what each message touches of thousands of books lies on few pages then, which the processor remembers
// where to find.
import { CHUNK_BYTES } from './chunk'

/** What the processor reads at once. */
export const LINE: usize = 64
/** What stands at a side, and a chunk. */
export const SIDE_BYTES: usize = LINE + CHUNK_BYTES
const SIDES: usize = 32

/** The room that is free, as a chain: at each is where the next is. */
let free: usize = 0

/** Room for a side. */
export function takeRoom(): usize {
  if (free == 0) addSlab()
  const room = free
  free = load<usize>(room)
  return room
}

export function giveRoom(room: usize): void {
  store<usize>(room, free)
  free = room
}

function addSlab(): void {
  const first = (heap.alloc(SIDES * SIDE_BYTES + LINE) + LINE - 1) & ~(LINE - 1)
  for (let side = SIDES; side > 0; side--) giveRoom(first + (side - 1) * SIDE_BYTES)
}
