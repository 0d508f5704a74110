// CRC-32C (Castagnoli, reflected 0x82f63b78; RFC 3720 B.4). The bytes are a polynomial, the first its highest powers, and the checksum is what
// remains of it when it is divided by that of CRC-32C. Most of it is folded first: y^209 + y^144 + y^54 + y^39 + y^14 + 1 with y = x^128 can be
// divided without rest (it is the 128th power of what it is with y = x, where that is a matter of trying), so each block of sixteen bytes may be
// added to five others behind it in its stead, which takes no table. What is left goes sixteen bytes at a time, by tables: their lookups do not
// wait for each other.

const POLYNOMIAL: u32 = 0x82f63b78
const SLICE: usize = 16
/** How far behind a block those are that it is added to. */
const FIRST: usize = (209 - 144) * SLICE
const SECOND: usize = (209 - 54) * SLICE
const THIRD: usize = (209 - 39) * SLICE
const FOURTH: usize = (209 - 14) * SLICE
const REACH: usize = 209 * SLICE
/** Below this it would not pay. */
const LONG: usize = 2 * REACH
const ROW: usize = 1024
const TABLES = tables()

/** Row `n` has the checksum of each byte that `n` zero bytes follow. */
function tables(): usize {
  const place = heap.alloc(SLICE * ROW)
  for (let byte: u32 = 0; byte < 256; byte++) {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = (value >> 1) ^ (value & 1 ? POLYNOMIAL : 0)
    store<u32>(place + (byte << 2), value)
  }
  for (let at = place + ROW; at < place + SLICE * ROW; at += 4) {
    const before = load<u32>(at - ROW)
    store<u32>(at, (before >> 8) ^ load<u32>(place + ((before & 255) << 2)))
  }
  return place
}

/** The checksum of `length` bytes at `place`, which are changed; `seed` is that of the bytes before them. */
export function crc32c(place: usize, length: usize, seed: u32): u32 {
  const end = place + length
  if (length < LONG) return ~rest(place, end, ~seed)
  // To begin with a value is to add it to the first four bytes.
  store<u32>(place, load<u32>(place) ^ ~seed)
  return ~rest(fold(place, end), end, 0)
}

/** Adds each block to the five, as long as all five are there; answers where those begin that are left. */
function fold(place: usize, end: usize): usize {
  let at = place
  for (; at + REACH + SLICE <= end; at += SLICE) {
    const block = v128.load(at)
    add(at + FIRST, block)
    add(at + SECOND, block)
    add(at + THIRD, block)
    add(at + FOURTH, block)
    add(at + REACH, block)
  }
  return at
}

function add(place: usize, block: v128): void {
  v128.store(place, v128.xor(v128.load(place), block))
}

/** By tables: what remains of the bytes from `place` to `end`, behind others of which `before` remains. */
function rest(place: usize, end: usize, before: u32): u32 {
  let value = before
  let at = place
  for (; at + SLICE <= end; at += SLICE) {
    // Only four bytes wait for the sixteen before.
    const others = four(load<u32>(at, 4), 8) ^ four(load<u32>(at, 8), 4) ^ four(load<u32>(at, 12), 0)
    value = four(load<u32>(at) ^ value, 12) ^ others
  }
  for (; at < end; at++) value = (value >> 8) ^ row(0, value ^ u32(load<u8>(at)))
  return value
}

/** What four bytes add that `behind` others of the slice follow. */
function four(bytes: u32, behind: usize): u32 {
  return (
    row(behind + 3, bytes) ^
    row(behind + 2, bytes >> 8) ^
    row(behind + 1, bytes >> 16) ^
    row(behind, bytes >> 24)
  )
}

function row(number: usize, byte: u32): u32 {
  return load<u32>(TABLES + number * ROW + (usize(byte & 255) << 2))
}
