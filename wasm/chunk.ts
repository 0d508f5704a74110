// One chunk of a side: a row of places, each a key and, behind all keys, its size. Keys ascend.
//
// Which places are levels is a bit of each in a word that its owner keeps; the others are gaps. A level that goes leaves its key there, in
// its order, and one that comes takes the nearest gap, so that little is moved. Places that never were one have `END` for a key.

/** Places of a chunk: their keys, then their sizes. */
export const PLACES: i32 = 32
export const SIZE_OFFSET: usize = PLACES << 3
export const CHUNK_BYTES: usize = SIZE_OFFSET * 2
const END: f64 = Infinity
const HALF: i32 = PLACES / 2

/** The bits of the first `count` places. */
export function firstPlaces(count: i32): u32 {
  return u32((u64(1) << count) - 1)
}

/**
 * The first place whose key is not below `key`. Half of the places are compared, two at a time: which way a binary search turns is not to be
 * foreseen.
 */
export function search(places: usize, key: f64): i32 {
  const upper = i32(load<f64>(places, (HALF - 1) << 3) < key) * HALF
  const from = places + (upper << 3)
  const keys = f64x2.splat(key)
  const zeroth = v128.add<i64>(below(from, keys), below(from + 16, keys))
  const second = v128.add<i64>(below(from + 32, keys), below(from + 48, keys))
  const fourth = v128.add<i64>(below(from + 64, keys), below(from + 80, keys))
  const sixth = v128.add<i64>(below(from + 96, keys), below(from + 112, keys))
  const all = v128.add<i64>(v128.add<i64>(zeroth, second), v128.add<i64>(fourth, sixth))
  return upper - i32(i64x2.extract_lane(all, 0) + i64x2.extract_lane(all, 1))
}

/** For each of two keys at `from`: minus one where it is below, else 0. */
function below(from: usize, keys: v128): v128 {
  return f64x2.lt(v128.load(from), keys)
}

/**
 * Makes the place of the nearest gap one where a level belongs that comes before `index`, and moves what is between; `used` has a gap.
 * Answers which place that is; the place that was the gap is in `lastGap`.
 */
export function makeGap(places: usize, used: u32, index: i32): i32 {
  const up = i32(ctz((u64(~used) | (u64(1) << 63)) >> index)) + index
  const down = 31 - i32(clz(~used & firstPlaces(index)))
  if (up < PLACES && (down < 0 || up - index < index - down)) {
    lastGap = up
    for (let place = places + (up << 3); place > places + (index << 3); place -= 8)
      copyLevel(place, place - 8)
    return index
  }
  lastGap = down
  for (let place = places + (down << 3); place < places + ((index - 1) << 3); place += 8)
    copyLevel(place, place + 8)
  return index - 1
}

/** What `makeGap` has taken. */
export let lastGap: i32 = 0

/** Moves the levels of a chunk to its begin, all gaps behind them. */
export function pack(places: usize, used: u32): void {
  let to = places
  for (let left = used; left != 0; left &= left - 1) {
    copyLevel(to, places + (ctz(left) << 3))
    to += 8
  }
  empty(places, i32(popcnt(used)))
}

/** Leaves gaps behind the first `count` places. */
export function empty(places: usize, count: i32): void {
  for (let place = places + (count << 3); place < places + SIZE_OFFSET; place += 8) store<f64>(place, END)
}

export function move(to: usize, from: usize, count: i32): void {
  memory.copy(to, from, count << 3)
  memory.copy(to + SIZE_OFFSET, from + SIZE_OFFSET, count << 3)
}

export function setSize(place: usize, size: f64): void {
  store<f64>(place, size, SIZE_OFFSET)
}

function copyLevel(to: usize, from: usize): void {
  store<f64>(to, load<f64>(from))
  store<f64>(to, load<f64>(from, SIZE_OFFSET), SIZE_OFFSET)
}
