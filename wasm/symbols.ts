// The symbols of one venue, each with a small number: its slot. They are found by their bytes, in the frame where they stand.
//
// A table is open addressing, never more than half full. One line of memory has all of nearly every symbol: one of thousands that was not
// seen for long is found with one wait, or with none where that line was fetched before.
import { LINE } from './slab'

/** What stands at a table: how many symbols it has, how many entries less one, where they are, and the room that they were given. */
const COUNT: usize = 0
const MASK: usize = 4
const ENTRIES: usize = 8
const ROOM: usize = 12
const TABLE_BYTES: usize = 16
const FIRST_ENTRIES: u32 = 64

/** An entry: the slot of a symbol plus one (0: there is none), how long it is, and its bytes, with zeros behind them. */
const NEXT_SLOT: usize = 0
const LENGTH: usize = 4
/** Nobody reads it: see `prefetch`. */
const SPARE: usize = 6
const TEXT: usize = 8
const ENTRY_BYTES: usize = 32
const SHORT: usize = ENTRY_BYTES - TEXT
/** The length of all that are longer: their entries have in place of the bytes where they are, and how many. */
const LONG: u16 = 0xffff
const LONG_LENGTH: usize = 12

const PRIME: u64 = 0x9e3779b97f4a7c15
const WORD: usize = 8

/** A table without symbols; answers its place. */
export function newSymbols(): usize {
  const table = heap.alloc(TABLE_BYTES)
  store<u32>(table, 0, COUNT)
  makeEntries(table, FIRST_ENTRIES)
  return table
}

export function freeSymbols(table: usize): void {
  const end = entriesOf(table) + entriesSize(table)
  for (let entry = entriesOf(table); entry < end; entry += ENTRY_BYTES)
    if (isTaken(entry) && isLong(entry)) heap.free(textOf(entry))
  heap.free(load<usize>(table, ROOM))
  heap.free(table)
}

/** The slot of the symbol of `length` bytes at `place`; -1 where it is none of the table. */
export function findSymbol(table: usize, place: usize, length: usize): i32 {
  return load<i32>(entryFor(table, place, length), NEXT_SLOT) - 1
}

/** Adds a symbol that the table has not: its slot is how many it had. */
export function addSymbol(table: usize, place: usize, length: usize): void {
  const slot = load<u32>(table, COUNT)
  if (slot << 1 >= load<u32>(table, MASK)) grow(table)
  const entry = entryFor(table, place, length)
  if (length > SHORT) {
    const bytes = heap.alloc(length + WORD)
    memory.fill(bytes, 0, length + WORD)
    store<u16>(entry, LONG, LENGTH)
    store<usize>(entry, bytes, TEXT)
    store<usize>(entry, length, LONG_LENGTH)
  } else store<u16>(entry, u16(length), LENGTH)
  memory.copy(textOf(entry), place, length)
  store<u32>(entry, slot + 1, NEXT_SLOT)
  store<u32>(table, slot + 1, COUNT)
}

/**
 * Fetches the line of memory where a symbol is to be looked for soon. WebAssembly has no other way to do that: a read would hold up what
 * follows, a write mostly does not.
 */
export function prefetch(table: usize, place: usize, length: usize): void {
  store<u16>(entryAt(table, indexFor(table, place, length)), 0, SPARE)
}

/** The entry that has the symbol, or where it belongs. */
function entryFor(table: usize, place: usize, length: usize): usize {
  let index = indexFor(table, place, length)
  let entry = entryAt(table, index)
  while (isTaken(entry) && !has(entry, place, length)) {
    index = (index + 1) & load<u32>(table, MASK)
    entry = entryAt(table, index)
  }
  return entry
}

/** Where the search for a symbol begins. */
function indexFor(table: usize, place: usize, length: usize): u32 {
  return hashOf(place, length) & load<u32>(table, MASK)
}

function entryAt(table: usize, index: u32): usize {
  return entriesOf(table) + usize(index) * ENTRY_BYTES
}

function has(entry: usize, place: usize, length: usize): bool {
  return lengthOf(entry) == length && isEqual(textOf(entry), place, length)
}

function grow(table: usize): void {
  const room = load<usize>(table, ROOM)
  const former = entriesOf(table)
  const end = former + entriesSize(table)
  makeEntries(table, (load<u32>(table, MASK) + 1) << 1)
  for (let entry = former; entry < end; entry += ENTRY_BYTES)
    if (isTaken(entry)) memory.copy(entryFor(table, textOf(entry), lengthOf(entry)), entry, ENTRY_BYTES)
  heap.free(room)
}

/** No entry lies on two lines of memory. */
function makeEntries(table: usize, count: u32): void {
  const size = usize(count) * ENTRY_BYTES
  const room = heap.alloc(size + LINE)
  store<u32>(table, count - 1, MASK)
  store<usize>(table, room, ROOM)
  store<usize>(table, (room + LINE - 1) & ~(LINE - 1), ENTRIES)
  memory.fill(entriesOf(table), 0, size)
}

function hashOf(place: usize, length: usize): u32 {
  let hash: u64 = length
  for (let at: usize = 0; at < length; at += WORD) {
    hash ^= wordAt(place + at, length - at)
    // The last bytes of a symbol are the highest, and often all that tells two apart: a product hands on only what is low.
    hash = (hash ^ (hash >> 32)) * PRIME
  }
  return u32(hash >> 32)
}

function isEqual(bytes: usize, place: usize, length: usize): bool {
  for (let at: usize = 0; at < length; at += WORD)
    if (load<u64>(bytes + at) != wordAt(place + at, length - at)) return false
  return true
}

/** The word at `place`, of which `left` bytes count; the others are 0. */
function wordAt(place: usize, left: usize): u64 {
  return load<u64>(place) & (~u64(0) >> u64((WORD - min(left, WORD)) << 3))
}

function entriesOf(table: usize): usize {
  return load<usize>(table, ENTRIES)
}

function entriesSize(table: usize): usize {
  return usize(load<u32>(table, MASK) + 1) * ENTRY_BYTES
}

function isTaken(entry: usize): bool {
  return load<u32>(entry, NEXT_SLOT) != 0
}

function isLong(entry: usize): bool {
  return load<u16>(entry, LENGTH) == LONG
}

function lengthOf(entry: usize): usize {
  return isLong(entry) ? load<usize>(entry, LONG_LENGTH) : usize(load<u16>(entry, LENGTH))
}

function textOf(entry: usize): usize {
  return isLong(entry) ? load<usize>(entry, TEXT) : entry + TEXT
}
