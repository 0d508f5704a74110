// One side of a book: its levels, sorted so that the best is last, in chunks. A frame names some dozen prices near each other, most of them
// near the top, and the search begins in the chunk where the last one ended.
//
// A key is the price of a bid, and minus the price of an ask: ascending either way. Keys and sizes are integers, scaled by the caller.
import {
  EXACT_LIMIT,
  firstPlaces,
  keyAt,
  keyFor,
  lastGap,
  LOW_LIMIT,
  makeGap,
  PLACES,
  putSize,
  search,
  setPlace,
  sizeIn,
  SPAN,
} from './chunk'
import {
  bestPlaces,
  BIG,
  chunkOf,
  chunksOf,
  clearSide,
  COUNT,
  entryFor,
  entryOf,
  FEW,
  highsOf,
  isWide,
  join,
  keyIn,
  lastPlace,
  leastOf,
  levelsOf,
  makeReach,
  makeRoom,
  makeWide,
  placesOf,
  readOf,
  removeChunk,
  sets,
  setUsed,
  TOP,
  USED,
  usedOf,
  wasSet,
  withoutLast,
} from './directory'
import { integerOf } from './events'
import {
  ASK_COUNT,
  ASK_START,
  BID_COUNT,
  BID_START,
  PRICE_DECIMALS,
  PRICES,
  SIZE_DECIMALS,
  SIZES,
} from './memory'

/**
 * Of the level of a side that was read last: how often levels were set by then, its chunk, the depth of the best one of that, its own, and
 * the places of the chunk up to its own. Whoever reads two sides in turns goes on with both.
 */
const READ_SETS: usize = 0
const READ_CHUNK: usize = 8
const READ_BEST: usize = 12
const READ_DEPTH: usize = 16
const READ_LEFT: usize = 20

const POW10 = memory.data<f64>([
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
])

/** Every place of a chunk is a level. */
const ALL: u32 = 0xffffffff

/** What `setLevel` did. Codes of src/book/side.ts. */
const MISSING: i32 = 0
const INSERTED: i32 = 1
const UPDATED: i32 = 2
const DELETED: i32 = 3

/** Sets the size at a key, a whole number or infinite; size 0 removes the level. */
export function setLevel(side: usize, key: f64, size: f64): i32 {
  if (size > LOW_LIMIT && !isWide(side)) makeWide(side)
  const entry = entryFor(side, key)
  // By its bits: of a double that is no NaN it is known at once.
  const is = u32(reinterpret<u64>(size) != 0)
  const distance = key - leastOf(entry)
  if (!(distance >= 0 && distance <= SPAN)) {
    if (!is) return MISSING
    makeReach(side, entry, key)
    return setLevel(side, key, size)
  }
  const counted = keyFor(distance)
  // Where the best chunk is need not be read: a branch is foreseen, and its places are asked for beside its entry then.
  const places = entry == side + TOP ? bestPlaces(side) : placesOf(entry)
  const index = search(places, counted)
  const wasKey = i32(index < PLACES) & i32(keyAt(places, index) == counted)
  if (!wasKey) {
    if (!is) return MISSING
    insert(side, entry, index, key, size)
    return INSERTED
  }
  // Whether a level comes or goes is not to be foreseen: both are counted without a branch.
  const used = usedOf(entry)
  const was = (used >> index) & 1
  putSize(places, highsOf(side, places), index, size)
  store<u32>(entry, used ^ ((was ^ is) << index), USED)
  store<i32>(side, load<i32>(side, COUNT) + i32(is - was), COUNT)
  wasSet()
  if (is < was && levelsOf(entry) < FEW) join(side, chunkOf(side, entry))
  return was ? DELETED - is : is
}

/**
 * Sets the levels of event `at` of the columns but for the first `done`, bids before asks, whose decimals are to become these. Answers how
 * many levels are done: less than all where the number of the next is finer or too large to be exact, which is for the caller to set.
 */
export function setEvent(
  bids: usize,
  asks: usize,
  at: i32,
  done: i32,
  priceDecimals: i32,
  sizeDecimals: i32,
): i32 {
  const bidCount = integerOf(BID_COUNT, at)
  const askCount = integerOf(ASK_COUNT, at)
  const bidStart = integerOf(BID_START, at)
  const askStart = integerOf(ASK_START, at) - bidCount
  let set = done
  if (set < bidCount) {
    set = setLevels(bids, 1, bidStart + set, bidStart + bidCount, priceDecimals, sizeDecimals) - bidStart
    if (set < bidCount) return set
  }
  return (
    setLevels(asks, -1, askStart + set, askStart + bidCount + askCount, priceDecimals, sizeDecimals) -
    askStart
  )
}

/** Sets levels `from` to `to` of the columns: `sign` is 1 for bids and -1 for asks. Answers the first that is not set; `to` where all are. */
function setLevels(side: usize, sign: f64, from: i32, to: i32, priceDecimals: i32, sizeDecimals: i32): i32 {
  // Only a side with room for larger sizes has one that is too large: the others need not be asked, on a line of their own.
  if (isWide(side) && load<i32>(side, BIG) != 0) return from
  for (let level = from; level < to; level++) {
    const priceMore = priceDecimals - i32(load<u8>(PRICE_DECIMALS + level))
    const sizeMore = sizeDecimals - i32(load<u8>(SIZE_DECIMALS + level))
    if ((priceMore | sizeMore) < 0) return level
    const price = load<f64>(PRICES + (level << 3)) * load<f64>(POW10 + (priceMore << 3))
    const size = load<f64>(SIZES + (level << 3)) * load<f64>(POW10 + (sizeMore << 3))
    if (!(price <= EXACT_LIMIT && size <= EXACT_LIMIT)) return level
    setLevel(side, price * sign, size)
  }
  return to
}

/** The size of level `depth`, 0 being the best; infinite where it is not exact, NaN where there is no such level. */
export function sizeOf(side: usize, depth: i32): f64 {
  if (depth < 0 || depth >= load<i32>(side, COUNT)) return NaN
  const places = placesOf(entryOfLevel(side, depth))
  return sizeIn(places, highsOf(side, places), lastPlace(load<u32>(readOf(side), READ_LEFT)))
}

/** The key of level `depth`; NaN where there is no such level. */
export function keyOf(side: usize, depth: i32): f64 {
  if (depth < 0 || depth >= load<i32>(side, COUNT)) return NaN
  const entry = entryOfLevel(side, depth)
  return keyIn(entry, lastPlace(load<u32>(readOf(side), READ_LEFT)))
}

/** The chunk that has level `depth`, which there is: the last of the places in `READ_LEFT` from then on. */
function entryOfLevel(side: usize, depth: i32): usize {
  const read = readOf(side)
  const lastRead = load<u64>(read, READ_SETS) == sets ? load<i32>(read, READ_CHUNK) : -1
  let chunk = lastRead
  let best = load<i32>(read, READ_BEST)
  if (chunk < 0 || depth < best) {
    chunk = chunksOf(side) - 1
    best = 0
  }
  for (; depth >= best + levelsOf(entryOf(side, chunk)); chunk--) best += levelsOf(entryOf(side, chunk))
  const entry = entryOf(side, chunk)
  let left = load<u32>(read, READ_LEFT)
  let at = load<i32>(read, READ_DEPTH)
  if (chunk != lastRead || depth < at) {
    left = usedOf(entry)
    at = best
  }
  for (; at < depth; at++) left = withoutLast(left)
  store<u64>(read, sets, READ_SETS)
  store<i32>(read, chunk, READ_CHUNK)
  store<i32>(read, best, READ_BEST)
  store<i32>(read, depth, READ_DEPTH)
  store<u32>(read, left, READ_LEFT)
  return entry
}

/** How many levels are at `key` or better. */
export function depthOf(side: usize, key: f64): i32 {
  const entry = entryFor(side, key)
  const distance = key - leastOf(entry)
  let worse = 0
  if (distance > SPAN) worse = PLACES
  else if (distance >= 0) worse = search(placesOf(entry), keyFor(distance))
  let depth = i32(popcnt(usedOf(entry) & ~firstPlaces(worse)))
  for (let better = chunkOf(side, entry) + 1; better < chunksOf(side); better++)
    depth += levelsOf(entryOf(side, better))
  return depth
}

/** Keeps the best `count` levels. */
export function trimSide(side: usize, count: i32): void {
  let drop = load<i32>(side, COUNT) - count
  if (drop <= 0) return
  while (chunksOf(side) > 1 && levelsOf(entryOf(side, 0)) <= drop) {
    drop -= levelsOf(entryOf(side, 0))
    removeChunk(side, 0)
  }
  const entry = entryOf(side, 0)
  let used = usedOf(entry)
  for (; drop > 0; drop--) used &= used - 1
  setUsed(side, entry, used)
}

/** Multiplies all keys by `factor`: then they are too far from each other for their chunks, and set anew. */
export function scaleKeys(side: usize, factor: f64): void {
  const count = load<i32>(side, COUNT)
  const kept = heap.alloc(usize(count) << 4)
  for (let depth = 0; depth < count; depth++) {
    store<f64>(kept + (depth << 4), keyOf(side, depth) * factor)
    store<f64>(kept + (depth << 4), sizeOf(side, depth), 8)
  }
  clearSide(side)
  for (let place = kept; place < kept + (count << 4); place += 16)
    setLevel(side, load<f64>(place), load<f64>(place, 8))
  heap.free(kept)
}

/** Puts a level before place `index`, where its key belongs. */
function insert(side: usize, entry: usize, index: i32, key: f64, size: f64): void {
  const used = usedOf(entry)
  if (used == ALL) {
    makeRoom(side, chunkOf(side, entry))
    setLevel(side, key, size)
    return
  }
  const places = placesOf(entry)
  const highs = highsOf(side, places)
  const place = makeGap(places, highs, used, index)
  setPlace(places, highs, place, keyFor(key - leastOf(entry)), size)
  setUsed(side, entry, used | (1 << lastGap))
}
