// CRC-32C (Castagnoli, reflected 0x82f63b78; RFC 3720 B.4), sixteen bytes at a time: their table lookups do not wait for each other.

const POLYNOMIAL: u32 = 0x82f63b78
const SLICE: usize = 16
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

/** The checksum of `length` bytes at `place`; `seed` is that of the bytes before them. */
export function crc32c(place: usize, length: usize, seed: u32): u32 {
  let value = ~seed
  let at = place
  const end = place + length
  for (; at + SLICE <= end; at += SLICE) {
    // Only four bytes wait for the sixteen before.
    const rest = four(load<u32>(at, 4), 8) ^ four(load<u32>(at, 8), 4) ^ four(load<u32>(at, 12), 0)
    value = four(load<u32>(at) ^ value, 12) ^ rest
  }
  for (; at < end; at++) value = (value >> 8) ^ row(0, value ^ u32(load<u8>(at)))
  return ~value
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
