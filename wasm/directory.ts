// The chunks of a side, in their order, the best last, and their entries, which have all that finds a level: for each chunk the least that its
// keys can be, where it is, and which of its places are levels. A key belongs to the last chunk whose least is not above it, or to the first. Where
// there are several chunks, none is without levels.
//
// A chunk counts its keys from its least, with 16 bits (wasm/chunk.ts). What is too far from there to be counted begins a chunk of its own.
//
// A book that was not touched for long is in no cache, and then each line of memory counts that is waited for. Its first line has what every
// message looks at, of both sides; the chunks of the best levels are behind it, so that nothing has to be read to know where they are, and then a
// line that only leads further down, with the entries of the second chunks. The directory of a side has those of the others.
import {
  CHUNK_BYTES,
  distanceAt,
  empty,
  firstPlaces,
  HIGHS_BYTES,
  move,
  moveHighs,
  pack,
  PLACES,
  recount,
  SPAN,
} from './chunk'
import { BOOK_BYTES, books, chunks, HEAD_BYTES, LINE, Slab, wideChunks } from './slab'

/** A chunk with fewer levels joins a neighbour, if both together leave room. */
export const FEW: i32 = PLACES / 4
/** A full chunk gives to a neighbour that has room for this many. */
const SOME_ROOM: i32 = PLACES / 8

/** What stands at a side: the entry of the best chunk, how many levels there are, and the `highs` of that chunk. */
export const TOP: usize = 0
export const COUNT: usize = 16
const HIGHS: usize = 20
/** A number that its owner keeps there. */
export const NOTE: usize = 24
/** On the last line of the book: the entry of the second chunk, where the directory is, how many chunks there are, and that of the last search in it. */
const SECOND: usize = BOOK_BYTES - LINE
const DIRECTORY: usize = SECOND + 16
const CHUNKS: usize = SECOND + 20
const HINT: usize = SECOND + 24
/** Not 0 where a size is beyond 2^53: then every level is for the caller. */
export const BIG: usize = SECOND + 28
/** How far behind its bids the asks of a book are. */
export const ASKS: usize = HEAD_BYTES
/** The places of the best bids are so far behind their side, those of the best asks so many times `ASKS` further. */
export const BEST_PLACES: usize = LINE
export const FURTHER: usize = (CHUNK_BYTES - HEAD_BYTES) / ASKS

/** A chunk in the directory: no key of it is below this, where its places are, and which are levels. */
const LEAST: usize = 0
const PLACES_AT: usize = 8
export const USED: usize = 12
const ENTRY_BYTES: usize = 16
/** So much room is before the entries of a directory: for what `readOf` is of, and for how many entries there is room. */
const READ_BYTES: usize = 32
const CAPACITY: usize = 24
const FIRST_CAPACITY: i32 = 2
/** Of the best chunk, for who reads only its best level. */
export const BEST_USED: usize = TOP + USED
export const BEST_LEAST: usize = TOP + LEAST

/** So many chunks further down a level is near. */
const NEAR: i32 = 16

/** The first chunk begins so far below the first key that is below all others: a quarter of what it can count. */
const SLACK: f64 = 0x4000

/** How often levels of any side were set: of a level that was read before nothing is known. */
export let sets: u64 = 1

/** A new book without levels; answers the place in memory of its bids. By its place all else knows a side. */
export function newBook(): usize {
  const bids = books.take()
  memory.fill(bids, 0, BOOK_BYTES)
  beginSide(bids)
  beginSide(bids + ASKS)
  return bids
}

function beginSide(side: usize): void {
  const room = heap.alloc(READ_BYTES + usize(FIRST_CAPACITY) * ENTRY_BYTES)
  store<u64>(room, 0)
  store<i32>(room, FIRST_CAPACITY, CAPACITY)
  store<usize>(side, room + READ_BYTES, DIRECTORY)
  store<i32>(side, 1, CHUNKS)
  store<usize>(side + TOP, bestPlaces(side), PLACES_AT)
  empty(bestPlaces(side), 0)
}

/** Gives all memory of a book back: there is none from then on. */
export function freeBook(bids: usize): void {
  endSide(bids)
  endSide(bids + ASKS)
  books.give(bids)
}

function endSide(side: usize): void {
  clearSide(side)
  heap.free(readOf(side))
}

/** The places of the best chunk: by which half of a line a side is. */
export function bestPlaces(side: usize): usize {
  return side + BEST_PLACES + (side & ASKS) * FURTHER
}

/** Forgets all levels, and gives their memory back. */
export function clearSide(side: usize): void {
  // Of the others the directory would be moved each time.
  while (chunksOf(side) > 1) removeChunk(side, chunksOf(side) - 2)
  setUsed(side, side + TOP, 0)
  if (!isWide(side)) return
  heap.free(load<usize>(side, HIGHS))
  store<usize>(side, 0, HIGHS)
}

/** Whether a side has room for sizes of more than 32 bits. */
export function isWide(side: usize): bool {
  return load<usize>(side, HIGHS) != 0
}

/** Makes that room, in which there is nothing yet. */
export function makeWide(side: usize): void {
  const highs = heap.alloc(HIGHS_BYTES)
  memory.fill(highs, 0, HIGHS_BYTES)
  for (let chunk = chunksOf(side) - 2; chunk >= 0; chunk--) {
    const entry = entryOf(side, chunk)
    const places = wideChunks.take()
    memory.copy(places, placesOf(entry), CHUNK_BYTES)
    memory.fill(places + CHUNK_BYTES, 0, HIGHS_BYTES)
    chunks.give(placesOf(entry))
    store<usize>(entry, places, PLACES_AT)
  }
  store<usize>(side, highs, HIGHS)
}

/** The `highs` of the chunk at `places`. */
export function highsOf(side: usize, places: usize): usize {
  const highs = load<usize>(side, HIGHS)
  return highs == 0 || places == bestPlaces(side) ? highs : places + CHUNK_BYTES
}

/** Where chunks of a side are taken from. */
function roomsOf(side: usize): Slab {
  return isWide(side) ? wideChunks : chunks
}

/** The entry of the chunk that `key` belongs to. */
export function entryFor(side: usize, key: f64): usize {
  const top = side + TOP
  if (!(key < leastOf(top)) || chunksOf(side) == 1) return top
  const second = side + SECOND
  if (!(key < leastOf(second)) || chunksOf(side) == 2) return second
  const directory = load<usize>(side, DIRECTORY)
  const chunk = chunkFor(directory, chunksOf(side) - 3, load<i32>(side, HINT), key)
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

/** Sees to it that a key is not too far to be counted in the chunk that it belongs to. */
export function makeReach(side: usize, entry: usize, key: f64): void {
  const below = key - SLACK
  if (levelsOf(entry) == 0) {
    // Its gaps keep their keys: whatever they are counted from, they ascend.
    store<f64>(entry, below, LEAST)
  } else if (key > leastOf(entry)) {
    const chunk = chunkOf(side, entry)
    addChunk(side, chunk)
    giveDown(side, chunk + 1, levelsOf(entryOf(side, chunk + 1)))
    store<f64>(entryOf(side, chunk + 1), key, LEAST)
  } else if (lastKeyOf(entry) - below <= SPAN) {
    recount(packed(side, entry), 0, levelsOf(entry), below - leastOf(entry))
    store<u32>(entry, firstPlaces(levelsOf(entry)), USED)
    store<f64>(entry, below, LEAST)
  } else {
    addChunk(side, 0)
    store<f64>(entryOf(side, 0), below, LEAST)
  }
}

/** A full chunk gives to the next, or to the one before; where neither has room, to a new one before it, half of what it has. */
export function makeRoom(side: usize, chunk: i32): void {
  const next = chunk + 1
  const above = roomWith(side, chunk, next)
  const below = roomWith(side, chunk, chunk - 1)
  if (above >= SOME_ROOM) giveUp(side, chunk, (above + 1) >> 1)
  else if (below >= SOME_ROOM) giveDown(side, chunk, (below + 1) >> 1)
  else {
    addChunk(side, chunk)
    giveDown(side, next, PLACES / 2)
  }
}

/** A chunk of few levels is joined with the next, or with the one before, where there is room; without any levels in any case. */
export function join(side: usize, chunk: i32): void {
  const count = levelsOf(entryOf(side, chunk))
  const needed = count == 0 ? 0 : count + FEW
  if (roomWith(side, chunk, chunk + 1) >= needed) merge(side, chunk)
  else if (roomWith(side, chunk, chunk - 1) >= needed) merge(side, chunk - 1)
}

/** How many levels a neighbour of a chunk has room for; none where their keys are too far from each other to be counted together; -1: it is none. */
function roomWith(side: usize, chunk: i32, neighbour: i32): i32 {
  if (neighbour < 0 || neighbour >= chunksOf(side)) return -1
  const lower = entryOf(side, min(chunk, neighbour))
  const upper = entryOf(side, max(chunk, neighbour))
  return lastKeyOf(upper) - leastOf(lower) <= SPAN ? PLACES - levelsOf(entryOf(side, neighbour)) : 0
}

/** The highest key of a chunk; its least where it has no levels. */
function lastKeyOf(entry: usize): f64 {
  return usedOf(entry) == 0 ? leastOf(entry) : keyIn(entry, lastPlace(usedOf(entry)))
}

/** Joins a chunk with the next. */
function merge(side: usize, chunk: i32): void {
  giveUp(side, chunk, levelsOf(entryOf(side, chunk)))
  removeChunk(side, chunk)
}

/** Moves the last `count` levels of a chunk to the begin of the next. */
function giveUp(side: usize, chunk: i32, count: i32): void {
  if (count == 0) return
  const giver = entryOf(side, chunk)
  const taker = entryOf(side, chunk + 1)
  const from = packed(side, giver)
  const to = packed(side, taker)
  const left = levelsOf(giver) - count
  const least = keyIn(giver, left)
  shift(side, to, count, to, 0, levelsOf(taker))
  recount(to, count, levelsOf(taker), least - leastOf(taker))
  shift(side, to, 0, from, left, count)
  recount(to, 0, count, least - leastOf(giver))
  store<f64>(taker, least, LEAST)
  given(giver, taker, count)
}

/** Moves the first `count` levels of a chunk to the end of the one before. */
function giveDown(side: usize, chunk: i32, count: i32): void {
  const giver = entryOf(side, chunk)
  const taker = entryOf(side, chunk - 1)
  const from = packed(side, giver)
  const to = packed(side, taker)
  const left = levelsOf(giver) - count
  const least = left == 0 ? leastOf(giver) : keyIn(giver, count)
  shift(side, to, levelsOf(taker), from, 0, count)
  recount(to, levelsOf(taker), count, leastOf(taker) - leastOf(giver))
  shift(side, from, 0, from, count, left)
  recount(from, 0, left, least - leastOf(giver))
  store<f64>(giver, least, LEAST)
  given(giver, taker, count)
}

/** Both are packed. */
function given(giver: usize, taker: usize, count: i32): void {
  const left = levelsOf(giver) - count
  store<u32>(taker, firstPlaces(levelsOf(taker) + count), USED)
  store<u32>(giver, firstPlaces(left), USED)
  empty(placesOf(giver), left)
}

/** Moves levels of a side from chunk to chunk, or within one, with all of their sizes. */
function shift(side: usize, to: usize, index: i32, from: usize, first: i32, count: i32): void {
  move(to, index, from, first, count)
  if (isWide(side)) moveHighs(highsOf(side, to), index, highsOf(side, from), first, count)
}

function packed(side: usize, entry: usize): usize {
  const places = placesOf(entry)
  pack(places, highsOf(side, places), usedOf(entry))
  return places
}

/** Puts a chunk without levels before this one, which from now on has nothing below its first level. */
function addChunk(side: usize, chunk: i32): void {
  const least = leastOf(entryOf(side, chunk))
  const before = chunksOf(side)
  store<i32>(side, before + 1, CHUNKS)
  let entry = side + SECOND
  if (before > 1) {
    const inDirectory = before - 2
    const last = newEntry(side, inDirectory)
    if (chunk > inDirectory) memory.copy(last, entry, ENTRY_BYTES)
    else {
      entry = entryOf(side, chunk)
      memory.copy(entry + ENTRY_BYTES, entry, last - entry)
    }
  }
  const places = roomsOf(side).take()
  store<f64>(entry, least, LEAST)
  store<usize>(entry, places, PLACES_AT)
  store<u32>(entry, 0, USED)
  empty(places, 0)
}

/** The place behind the entries of a directory, of which there are so many; it makes room for one more. */
function newEntry(side: usize, entries: i32): usize {
  const capacity = load<i32>(readOf(side), CAPACITY)
  if (entries == capacity) {
    const more = capacity + ((capacity + 1) >> 1)
    const room = heap.realloc(readOf(side), READ_BYTES + usize(more) * ENTRY_BYTES)
    store<i32>(room, more, CAPACITY)
    store<usize>(side, room + READ_BYTES, DIRECTORY)
  }
  return load<usize>(side, DIRECTORY) + usize(entries) * ENTRY_BYTES
}

/** Takes a chunk other than the best out of a side. */
export function removeChunk(side: usize, chunk: i32): void {
  const entry = entryOf(side, chunk)
  roomsOf(side).give(placesOf(entry))
  setUsed(side, entry, 0)
  const inDirectory = chunksOf(side) - 2
  store<i32>(side, inDirectory + 1, CHUNKS)
  if (inDirectory == 0) return
  const last = load<usize>(side, DIRECTORY) + usize(inDirectory - 1) * ENTRY_BYTES
  if (entry == side + SECOND) memory.copy(entry, last, ENTRY_BYTES)
  else memory.copy(entry, entry + ENTRY_BYTES, last - entry)
  store<i32>(side, min(load<i32>(side, HINT), max(0, inDirectory - 2)), HINT)
}

/** A level was set, of whatever side. */
export function wasSet(): void {
  sets++
}

/** Where it is kept which level was read last: before the entries of the directory, where the room of both begins. */
export function readOf(side: usize): usize {
  return load<usize>(side, DIRECTORY) - READ_BYTES
}

/** These places of a chunk are levels from now on. */
export function setUsed(side: usize, entry: usize, used: u32): void {
  const more = i32(popcnt(used)) - levelsOf(entry)
  store<u32>(entry, used, USED)
  store<i32>(side, load<i32>(side, COUNT) + more, COUNT)
  wasSet()
}

/** How many chunks a side has: one at the least. */
export function chunksOf(side: usize): i32 {
  return load<i32>(side, CHUNKS)
}

/** The entry of a chunk, which is named by its place in their order, from 0. */
export function entryOf(side: usize, chunk: i32): usize {
  const better = chunksOf(side) - 1 - chunk
  if (better == 0) return side + TOP
  if (better == 1) return side + SECOND
  return load<usize>(side, DIRECTORY) + usize(chunk) * ENTRY_BYTES
}

/** Which chunk has this entry. */
export function chunkOf(side: usize, entry: usize): i32 {
  if (entry == side + TOP) return chunksOf(side) - 1
  if (entry == side + SECOND) return chunksOf(side) - 2
  return i32(entry - load<usize>(side, DIRECTORY)) / i32(ENTRY_BYTES)
}

/** Where the places of a chunk are. */
export function placesOf(entry: usize): usize {
  return load<usize>(entry, PLACES_AT)
}

/** A bit for each place that is a level. */
export function usedOf(entry: usize): u32 {
  return load<u32>(entry, USED)
}

/** How many levels a chunk has. */
export function levelsOf(entry: usize): i32 {
  return i32(popcnt(usedOf(entry)))
}

/** The key of a place of a chunk. */
export function keyIn(entry: usize, index: i32): f64 {
  return leastOf(entry) + distanceAt(placesOf(entry), index)
}

/** What a chunk counts its keys from: none of them is below it. */
export function leastOf(entry: usize): f64 {
  return load<f64>(entry, LEAST)
}

function leastAt(directory: usize, chunk: i32): f64 {
  return leastOf(directory + usize(chunk) * ENTRY_BYTES)
}

/** The last of these places. */
export function lastPlace(places: u32): i32 {
  return 31 - i32(clz(places))
}

/** These places but for the last. */
export function withoutLast(places: u32): u32 {
  return places & ~(0x80000000 >> clz(places))
}
