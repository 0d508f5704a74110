// One chunk of a side: a row of places, each a key and, behind all keys, its size. Keys ascend.
//
// A place whose size is 0 is a gap: a level that goes leaves its key there, in its order, and one that comes takes the nearest gap, so
// that little is moved. The gaps behind the last level have `END` for a key.

/** Places of a chunk: their keys, then their sizes. */
export const PLACES: i32 = 32
export const SIZE_OFFSET: usize = PLACES << 3
export const CHUNK_BYTES: usize = SIZE_OFFSET * 2
const END: f64 = Infinity

/** The first place whose key is not below `key`. All are compared, two at a time: which way a binary search turns is not to be foreseen. */
export function search(places: usize, key: f64): usize {
  const keys = f64x2.splat(key)
  let even = i64x2.splat(0)
  let odd = i64x2.splat(0)
  for (let place = places; place < places + SIZE_OFFSET; place += 32) {
    even = i64x2.sub(even, f64x2.lt(v128.load(place), keys))
    odd = i64x2.sub(odd, f64x2.lt(v128.load(place, 16), keys))
  }
  const below = i64x2.add(even, odd)
  return places + (usize(i64x2.extract_lane(below, 0) + i64x2.extract_lane(below, 1)) << 3)
}

/** Moves the nearest gap to where what comes before `place` belongs; there is one. Answers where it is. */
export function makeGap(places: usize, place: usize): usize {
  const end = places + SIZE_OFFSET
  let up = place
  let down = place - 8
  while (up < end && !isGap(up) && down >= places && !isGap(down)) {
    up += 8
    down -= 8
  }
  while (up < end && !isGap(up) && down < places) up += 8
  if (up < end && isGap(up)) {
    for (; up > place; up -= 8) copyLevel(up, up - 8)
    return place
  }
  while (!isGap(down)) down -= 8
  for (; down < place - 8; down += 8) copyLevel(down, down + 8)
  return down
}

/** Moves the levels of a chunk to its begin, all gaps behind them. */
export function pack(places: usize): void {
  let to = places
  for (let from = places; from < places + SIZE_OFFSET; from += 8) {
    if (isGap(from)) continue
    copyLevel(to, from)
    to += 8
  }
  empty(places, i32((to - places) >> 3))
}

/** Leaves gaps behind the first `count` levels. */
export function empty(places: usize, count: i32): void {
  for (let place = places + (count << 3); place < places + SIZE_OFFSET; place += 8) {
    store<f64>(place, END)
    setSize(place, 0)
  }
}

export function move(to: usize, from: usize, count: i32): void {
  memory.copy(to, from, count << 3)
  memory.copy(to + SIZE_OFFSET, from + SIZE_OFFSET, count << 3)
}

export function isGap(place: usize): bool {
  return load<f64>(place, SIZE_OFFSET) == 0
}

export function setSize(place: usize, size: f64): void {
  store<f64>(place, size, SIZE_OFFSET)
}

function copyLevel(to: usize, from: usize): void {
  store<f64>(to, load<f64>(from))
  store<f64>(to, load<f64>(from, SIZE_OFFSET), SIZE_OFFSET)
}

/** The last level before `place`; there is one. */
export function lastLevel(place: usize): usize {
  do place -= 8
  while (isGap(place))
  return place
}
