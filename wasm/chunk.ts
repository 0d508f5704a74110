// One chunk of a side: a row of places, each a key and, behind all keys, its size. Keys ascend.
//
// A key is counted from the least of its chunk, which its owner keeps, in 16 bits: one line of memory has all of them, and each is compared.
//
// A size takes 32 bits, so that two lines have all of those. What is above them stands apart, at `highs`, where a side has such sizes; 0: it
// has none.
//
// Which places are levels is a bit of each in a word that its owner keeps; the others are gaps. A level that goes leaves its key there, in
// its order, and one that comes takes the nearest gap, so that little is moved. Places that never were one have `END` for a key.

/** Places of a chunk. */
export const PLACES: i32 = 32
/** How far into a chunk the sizes begin. */
const SIZES_AT: usize = PLACES << 1
/** What a chunk takes of the memory, and what is above 32 bits of its sizes. */
export const CHUNK_BYTES: usize = SIZES_AT + (PLACES << 2)
export const HIGHS_BYTES: usize = PLACES << 2
/** The largest size of 32 bits. */
export const LOW_LIMIT: f64 = 4294967295
/** Whole numbers are exact up to here. */
export const EXACT_LIMIT: f64 = 9007199254740991
/** What stands above a size that is not exact, which its caller keeps. */
const BEYOND: u32 = 0xffffffff
/** So far from the least of a chunk a key may be. */
export const SPAN: f64 = 0xfffe
const END: i32 = i16.MAX_VALUE
/** Keys are compared with sign: the least is the lowest number. */
const LEAST: i32 = 0x8000
/** To this a double adds a whole number as its own last bits. */
const WHOLE: f64 = 4503599627370496

/** The bits of the first `count` places. */
export function firstPlaces(count: i32): u32 {
  return u32((u64(1) << count) - 1)
}

/** The key that is so far from the least, of 0 to `SPAN`. */
export function keyFor(distance: f64): i32 {
  return i32(reinterpret<u64>(distance + WHOLE)) - LEAST
}

/** How far from the least the key of place `index` is. */
export function distanceAt(places: usize, index: i32): f64 {
  return f64(keyAt(places, index) + LEAST)
}

/** The key of place `index`, as `keyFor` counts it. */
export function keyAt(places: usize, index: i32): i32 {
  return load<i16>(places + (index << 1))
}

/** The size of place `index`; infinite where it is not exact. */
export function sizeIn(places: usize, highs: usize, index: i32): f64 {
  const low = load<u32>(lowAt(places, index))
  if (highs == 0) return f64(low)
  const high = load<u32>(highAt(highs, index))
  return high == BEYOND ? Infinity : f64((u64(high) << 32) | u64(low))
}

/** Puts a size at place `index`: of at most `LOW_LIMIT` where there are no `highs`. */
export function putSize(places: usize, highs: usize, index: i32, size: f64): void {
  const whole = size <= EXACT_LIMIT ? u64(size) : u64.MAX_VALUE
  store<u32>(lowAt(places, index), u32(whole))
  if (highs != 0) store<u32>(highAt(highs, index), u32(whole >> 32))
}

/** Puts a key and its size at place `index`. */
export function setPlace(places: usize, highs: usize, index: i32, key: i32, size: f64): void {
  putKey(places, index, key)
  putSize(places, highs, index, size)
}

/** The first place whose key is not below `key`. All are compared, eight at a time: which way a search turns is not to be foreseen. */
export function search(places: usize, key: i32): i32 {
  const keys = i16x8.splat(i16(key))
  const zeroth = i16x8.add(below(places, keys), below(places + 16, keys))
  const second = i16x8.add(below(places + 32, keys), below(places + 48, keys))
  const counts = i32x4.dot_i16x8_s(i16x8.add(zeroth, second), i16x8.splat(-1))
  const both = i64x2.extract_lane(counts, 0) + i64x2.extract_lane(counts, 1)
  return i32(both) + i32(both >> 32)
}

/** For each of eight keys at `from`: minus one where it is below, else 0. */
function below(from: usize, keys: v128): v128 {
  return i16x8.lt_s(v128.load(from), keys)
}

/**
 * Makes the place of the nearest gap one where a level belongs that comes before `index`, and moves what is between; `used` has a gap.
 * Answers which place that is; the place that was the gap is in `lastGap`.
 */
export function makeGap(places: usize, highs: usize, used: u32, index: i32): i32 {
  const up = i32(ctz((u64(~used) | (u64(1) << 63)) >> index)) + index
  const down = 31 - i32(clz(~used & firstPlaces(index)))
  if (up < PLACES && (down < 0 || up - index < index - down)) {
    lastGap = up
    for (let place = up; place > index; place--) copyLevel(places, highs, place, place - 1)
    return index
  }
  lastGap = down
  for (let place = down; place < index - 1; place++) copyLevel(places, highs, place, place + 1)
  return index - 1
}

/** What `makeGap` has taken. */
export let lastGap: i32 = 0

/** Moves the levels of a chunk to its begin, all gaps behind them. */
export function pack(places: usize, highs: usize, used: u32): void {
  let to = 0
  for (let left = used; left != 0; left &= left - 1) copyLevel(places, highs, to++, i32(ctz(left)))
  empty(places, to)
}

/** Leaves gaps behind the first `count` places. */
export function empty(places: usize, count: i32): void {
  for (let index = count; index < PLACES; index++) putKey(places, index, END)
}

/** Moves `count` levels from place `first` of one chunk to place `index` of another, or of the same, but for what is above 32 bits. */
export function move(to: usize, index: i32, from: usize, first: i32, count: i32): void {
  memory.copy(to + (index << 1), from + (first << 1), count << 1)
  memory.copy(lowAt(to, index), lowAt(from, first), count << 2)
}

/** The same of what is above. */
export function moveHighs(to: usize, index: i32, from: usize, first: i32, count: i32): void {
  memory.copy(highAt(to, index), highAt(from, first), count << 2)
}

/** Counts the keys of `count` places from `index` on from a least that is higher by `rise`. */
export function recount(places: usize, index: i32, count: i32, rise: f64): void {
  const less = i32(rise)
  for (let place = index; place < index + count; place++) putKey(places, place, keyAt(places, place) - less)
}

function putKey(places: usize, index: i32, key: i32): void {
  store<i16>(places + (index << 1), i16(key))
}

function copyLevel(places: usize, highs: usize, to: i32, from: i32): void {
  putKey(places, to, keyAt(places, from))
  store<u32>(lowAt(places, to), load<u32>(lowAt(places, from)))
  if (highs != 0) store<u32>(highAt(highs, to), load<u32>(highAt(highs, from)))
}

function lowAt(places: usize, index: i32): usize {
  return places + SIZES_AT + (index << 2)
}

function highAt(highs: usize, index: i32): usize {
  return highs + (index << 2)
}
