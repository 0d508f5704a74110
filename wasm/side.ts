// One side of a book: its levels, sorted so that the best is last, in chunks. A frame names some dozen prices near each other, most of them
// near the top, and the search begins in the chunk where the last one ended.
//
// A key is the price of a bid, and minus the price of an ask: ascending either way. Keys and sizes are integers, scaled by the caller.
//
// The directory has all that finds a level: for each chunk the key at or above which its levels are, where it is, and which of its places are
// levels. Where there are several chunks, none is without levels.
//
// A book that was not touched for long is in no cache, and then each line of memory counts that is waited for. The chunk of the best levels and
// its entry are part of the side, so that nothing has to be read to know where they are; the directory has the other chunks.
import {
  empty,
  firstPlaces,
  lastGap,
  makeGap,
  move,
  pack,
  PLACES,
  search,
  setSize,
  SIZE_OFFSET,
} from './chunk'
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
import { chunks, LINE, SIDE_BYTES, sides } from './slab'

/** A chunk with fewer levels joins a neighbour, if both together leave room. */
const FEW: i32 = PLACES / 4
const PLENTY: i32 = PLACES - FEW
/** A full chunk gives to a neighbour with no more levels than this. */
const NEARLY_FULL: i32 = PLACES - PLACES / 8

/** What stands at a side: where its directory is, for how many chunks there is room there, how many there are in all, and how many levels. */
const DIRECTORY: usize = 0
const CAPACITY: usize = 4
const CHUNKS: usize = 8
export const COUNT: usize = 12
/** The chunk of the last search in the directory. */
const HINT: usize = 16
/** The level that was read last: its chunk (-1 where a level was set since), the depth of the best one there, its depth, and the places of the chunk up to its own. */
const READ_CHUNK: usize = 20
const READ_BEST: usize = 24
const READ_DEPTH: usize = 28
const READ_LEFT: usize = 32
/** Not 0 where a size is beyond 2^53: then every level is for the caller. */
export const BIG: usize = 36
/** The entry of the best chunk, and its places. */
const TOP: usize = 40
const TOP_PLACES: usize = LINE

/** A chunk in the directory: no key of it is below this (the first takes whatever is below the others), where its places are, and which are levels. */
const LEAST: usize = 0
const PLACES_AT: usize = 8
const USED: usize = 12
const ENTRY_BYTES: usize = 16
const FIRST_CAPACITY: usize = 2
/** Which places of the best chunk are levels. */
export const BEST_USED: usize = TOP + USED
export const BEST_PLACES: usize = TOP_PLACES

/** So many chunks further down a level is near. */
const NEAR: i32 = 16

/** Whole numbers are exact up to here. */
export const EXACT_LIMIT: f64 = 9007199254740991
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

/** A new side without levels; answers its place in memory, by which all else knows it. */
export function newSide(): usize {
  const side = sides.take()
  memory.fill(side, 0, SIDE_BYTES)
  store<usize>(side, heap.alloc(FIRST_CAPACITY * ENTRY_BYTES), DIRECTORY)
  store<usize>(side, FIRST_CAPACITY, CAPACITY)
  store<i32>(side, 1, CHUNKS)
  store<f64>(side + TOP, -Infinity, LEAST)
  store<usize>(side + TOP, side + TOP_PLACES, PLACES_AT)
  empty(side + TOP_PLACES, 0)
  store<i32>(side, -1, READ_CHUNK)
  return side
}

export function freeSide(side: usize): void {
  for (let chunk = chunksOf(side) - 2; chunk >= 0; chunk--) chunks.give(placesOf(entryOf(side, chunk)))
  heap.free(load<usize>(side, DIRECTORY))
  sides.give(side)
}

/** Forgets all levels, and gives their memory back. */
export function clearSide(side: usize): void {
  while (chunksOf(side) > 1) removeChunk(side, 0)
  empty(side + TOP_PLACES, 0)
  setUsed(side, side + TOP, 0)
}

/** Sets the size at a key; size 0 removes the level. */
export function setLevel(side: usize, key: f64, size: f64): i32 {
  const entry = entryFor(side, key)
  const places = placesOf(entry)
  const index = search(places, key)
  const place = places + (index << 3)
  // By their bits: of doubles that are no NaN it is known at once.
  const wasKey = i32(index < PLACES) & i32(load<u64>(place) == reinterpret<u64>(key))
  const is = u32(reinterpret<u64>(size) != 0)
  if (!wasKey) {
    if (!is) return MISSING
    insert(side, entry, index, key, size)
    return INSERTED
  }
  // Whether a level comes or goes is not to be foreseen: both are counted without a branch.
  const used = usedOf(entry)
  const was = (used >> index) & 1
  setSize(place, size)
  store<u32>(entry, used ^ ((was ^ is) << index), USED)
  store<i32>(side, load<i32>(side, COUNT) + i32(is - was), COUNT)
  store<i32>(side, -1, READ_CHUNK)
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
  if (load<i32>(side, BIG) != 0) return from
  for (let level = from; level < to; level++) {
    const priceMore = priceDecimals - i32(load<u8>(PRICE_DECIMALS + level))
    const sizeMore = sizeDecimals - i32(load<u8>(SIZE_DECIMALS + level))
    if ((priceMore | sizeMore) < 0) return level
    const price = load<f64>(PRICES + (level << 3)) * load<f64>(POW10 + (priceMore << 3))
    const size = load<f64>(SIZES + (level << 3)) * load<f64>(POW10 + (sizeMore << 3))
    if (!(price <= EXACT_LIMIT && size <= EXACT_LIMIT)) return level
    // The sum turns the -0 of an ask at price 0 into 0.
    setLevel(side, price * sign + 0, size)
  }
  return to
}

/** Where the key of level `depth` stands, 0 being the best, and its size behind it by `SIZE_OFFSET`; 0 where there is no such level. */
export function levelAt(side: usize, depth: i32): usize {
  if (depth < 0 || depth >= load<i32>(side, COUNT)) return 0
  const lastRead = load<i32>(side, READ_CHUNK)
  let chunk = lastRead
  let best = load<i32>(side, READ_BEST)
  if (chunk < 0 || depth < best) {
    chunk = chunksOf(side) - 1
    best = 0
  }
  for (; depth >= best + levelsOf(entryOf(side, chunk)); chunk--) best += levelsOf(entryOf(side, chunk))
  const entry = entryOf(side, chunk)
  let left = load<u32>(side, READ_LEFT)
  let at = load<i32>(side, READ_DEPTH)
  if (chunk != lastRead || depth < at) {
    left = usedOf(entry)
    at = best
  }
  for (; at < depth; at++) left = withoutLast(left)
  store<i32>(side, chunk, READ_CHUNK)
  store<i32>(side, best, READ_BEST)
  store<i32>(side, depth, READ_DEPTH)
  store<u32>(side, left, READ_LEFT)
  return placesOf(entry) + (lastPlace(left) << 3)
}

/** How many levels are at `key` or better. */
export function depthOf(side: usize, key: f64): i32 {
  const entry = entryFor(side, key)
  let depth = i32(popcnt(usedOf(entry) & ~firstPlaces(search(placesOf(entry), key))))
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

/** Multiplies all keys by `factor`. */
export function scaleKeys(side: usize, factor: f64): void {
  for (let chunk = 0; chunk < chunksOf(side); chunk++) {
    const entry = entryOf(side, chunk)
    const places = placesOf(entry)
    store<f64>(entry, leastOf(entry) * factor, LEAST)
    for (let place = places; place < places + SIZE_OFFSET; place += 8)
      store<f64>(place, load<f64>(place) * factor)
  }
}

/** The entry of the last chunk whose levels may be at `key`. */
function entryFor(side: usize, key: f64): usize {
  const top = side + TOP
  if (!(key < leastOf(top))) return top
  const directory = load<usize>(side, DIRECTORY)
  const chunk = chunkFor(directory, chunksOf(side) - 2, load<i32>(side, HINT), key)
  store<i32>(side, chunk, HINT)
  return directory + usize(chunk) * ENTRY_BYTES
}

/** Which of the chunks up to `last` of a directory that is; the search begins at `hint`. */
function chunkFor(directory: usize, last: i32, hint: i32, key: f64): i32 {
  let low = 0
  let high = last
  if (leastAt(directory, hint) <= key) {
    if (hint == last || key < leastAt(directory, hint + 1)) return hint
    low = hint + 1
  } else {
    high = max(0, hint - 1)
    // Levels of a frame go away from the top, mostly not far.
    const near = max(0, hint - NEAR)
    if (leastAt(directory, near) <= key) low = near
  }
  // Mostly it is the neighbour, or a new frame begins at the top.
  if (leastAt(directory, high) <= key) return high
  // Which way it turns is not to be foreseen, hence no branch.
  for (let count = high - low; count > 0;) {
    const half = (count + 1) >> 1
    low += leastAt(directory, low + half) <= key ? half : 0
    count -= half
  }
  return low
}

/** Puts a level before place `index`, where its key belongs. */
function insert(side: usize, entry: usize, index: i32, key: f64, size: f64): void {
  const used = usedOf(entry)
  if (used == ALL) {
    makeRoom(side, chunkOf(side, entry))
    setLevel(side, key, size)
    return
  }
  const place = placesOf(entry) + (makeGap(placesOf(entry), used, index) << 3)
  store<f64>(place, key)
  setSize(place, size)
  setUsed(side, entry, used | (1 << lastGap))
}

/** A full chunk gives to the next, or to the one before; where neither has room, to a new one before it, half of what it has. */
function makeRoom(side: usize, chunk: i32): void {
  const next = chunk + 1
  const above = next < chunksOf(side) ? levelsOf(entryOf(side, next)) : PLACES
  const below = chunk > 0 ? levelsOf(entryOf(side, chunk - 1)) : PLACES
  if (above <= NEARLY_FULL) giveUp(side, chunk, (PLACES - above + 1) >> 1)
  else if (below <= NEARLY_FULL) giveDown(side, chunk, (PLACES - below + 1) >> 1)
  else {
    addChunk(side, chunk)
    giveDown(side, next, PLACES / 2)
  }
}

/** A chunk of few levels is joined with the next, or with the one before, where there is room; without any levels in any case. */
function join(side: usize, chunk: i32): void {
  const last = chunksOf(side) - 1
  const count = levelsOf(entryOf(side, chunk))
  const room = count == 0 ? PLACES : PLENTY - count
  if (chunk < last && levelsOf(entryOf(side, chunk + 1)) <= room) merge(side, chunk)
  else if (chunk > 0 && levelsOf(entryOf(side, chunk - 1)) <= room) merge(side, chunk - 1)
}

/** Joins a chunk with the next. */
function merge(side: usize, chunk: i32): void {
  giveUp(side, chunk, levelsOf(entryOf(side, chunk)))
  removeChunk(side, chunk)
}

/** Moves the last `count` levels of a chunk to the begin of the next. */
function giveUp(side: usize, chunk: i32, count: i32): void {
  const giver = entryOf(side, chunk)
  const taker = entryOf(side, chunk + 1)
  const from = packed(giver)
  const to = packed(taker)
  const left = levelsOf(giver) - count
  move(to + (count << 3), to, levelsOf(taker))
  move(to, from + (left << 3), count)
  if (count > 0) store<f64>(taker, load<f64>(to), LEAST)
  given(giver, taker, count)
}

/** Moves the first `count` levels of a chunk to the end of the one before. */
function giveDown(side: usize, chunk: i32, count: i32): void {
  const giver = entryOf(side, chunk)
  const taker = entryOf(side, chunk - 1)
  const from = packed(giver)
  const to = packed(taker)
  move(to + (levelsOf(taker) << 3), from, count)
  move(from, from + (count << 3), levelsOf(giver) - count)
  store<f64>(giver, load<f64>(from), LEAST)
  given(giver, taker, count)
}

/** Both are packed. */
function given(giver: usize, taker: usize, count: i32): void {
  const left = levelsOf(giver) - count
  store<u32>(taker, firstPlaces(levelsOf(taker) + count), USED)
  store<u32>(giver, firstPlaces(left), USED)
  empty(placesOf(giver), left)
}

function packed(entry: usize): usize {
  const places = placesOf(entry)
  pack(places, usedOf(entry))
  return places
}

/** Puts a chunk without levels before this one, which from now on has nothing below its first level. */
function addChunk(side: usize, chunk: i32): void {
  const least = leastOf(entryOf(side, chunk))
  const others = chunksOf(side) - 1
  const capacity = load<i32>(side, CAPACITY)
  if (others == capacity) {
    const more = capacity + ((capacity + 1) >> 1)
    store<usize>(side, heap.realloc(load<usize>(side, DIRECTORY), usize(more) * ENTRY_BYTES), DIRECTORY)
    store<i32>(side, more, CAPACITY)
  }
  store<i32>(side, others + 2, CHUNKS)
  const entry = entryOf(side, chunk)
  memory.copy(entry + ENTRY_BYTES, entry, usize(others - chunk) * ENTRY_BYTES)
  const places = chunks.take()
  store<f64>(entry, least, LEAST)
  store<usize>(entry, places, PLACES_AT)
  store<u32>(entry, 0, USED)
  empty(places, 0)
}

/** Takes a chunk out of the directory. */
function removeChunk(side: usize, chunk: i32): void {
  const entry = entryOf(side, chunk)
  const others = chunksOf(side) - 2
  chunks.give(placesOf(entry))
  setUsed(side, entry, 0)
  memory.copy(entry, entry + ENTRY_BYTES, usize(others - chunk) * ENTRY_BYTES)
  store<i32>(side, others + 1, CHUNKS)
  if (chunk == 0) store<f64>(entryOf(side, 0), -Infinity, LEAST)
  store<i32>(side, min(load<i32>(side, HINT), max(0, others - 1)), HINT)
}

/** These places of a chunk are levels from now on. */
function setUsed(side: usize, entry: usize, used: u32): void {
  const more = i32(popcnt(used)) - levelsOf(entry)
  store<u32>(entry, used, USED)
  store<i32>(side, load<i32>(side, COUNT) + more, COUNT)
  store<i32>(side, -1, READ_CHUNK)
}

export function chunksOf(side: usize): i32 {
  return load<i32>(side, CHUNKS)
}

export function entryOf(side: usize, chunk: i32): usize {
  if (chunk == chunksOf(side) - 1) return side + TOP
  return load<usize>(side, DIRECTORY) + usize(chunk) * ENTRY_BYTES
}

function chunkOf(side: usize, entry: usize): i32 {
  if (entry == side + TOP) return chunksOf(side) - 1
  return i32(entry - load<usize>(side, DIRECTORY)) / i32(ENTRY_BYTES)
}

export function placesOf(entry: usize): usize {
  return load<usize>(entry, PLACES_AT)
}

/** A bit for each place that is a level. */
export function usedOf(entry: usize): u32 {
  return load<u32>(entry, USED)
}

function levelsOf(entry: usize): i32 {
  return i32(popcnt(usedOf(entry)))
}

function leastOf(entry: usize): f64 {
  return load<f64>(entry, LEAST)
}

function leastAt(directory: usize, chunk: i32): f64 {
  return leastOf(directory + usize(chunk) * ENTRY_BYTES)
}

/** The last of these places. */
export function lastPlace(places: u32): i32 {
  return 31 - i32(clz(places))
}

export function withoutLast(places: u32): u32 {
  return places & ~(0x80000000 >> clz(places))
}
