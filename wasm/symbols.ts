// The symbols of one venue, each with a small number: its slot. They are found by their bytes, in the frame where they stand.
//
// A table is open addressing, never more than a quarter full. Thousands of symbols stand close together: one that was not seen for long is
// found without waiting for much memory.
import { integerOf } from './events'
import { FRAME, KNOWN, SLOT, SYMBOL_END, SYMBOL_START } from './memory'

/** What stands at a table: how many symbols it has, how many entries less one, and where they are. */
const COUNT: usize = 0
const MASK: usize = 4
const ENTRIES: usize = 8
const TABLE_BYTES: usize = 12
const FIRST_ENTRIES: u32 = 64

/** An entry: the hash of a symbol, how long it is, where its bytes are, with zeros behind them, and its slot plus one; 0: there is none. */
const HASH: usize = 0
const LENGTH: usize = 4
const BYTES: usize = 8
const NEXT_SLOT: usize = 12
const ENTRY_BYTES: usize = 16

const NONE: i32 = -1
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
    if (isTaken(entry)) heap.free(bytesOf(entry))
  heap.free(entriesOf(table))
  heap.free(table)
}

/** The slot of the symbol of `length` bytes at `place`; -1 where it is none of the table. */
export function findSymbol(table: usize, place: usize, length: usize): i32 {
  return load<i32>(entryFor(table, hashOf(place, length), place, length), NEXT_SLOT) - 1
}

/** Adds a symbol that the table has not: its slot is how many it had. */
export function addSymbol(table: usize, place: usize, length: usize): void {
  const slot = load<u32>(table, COUNT)
  if (slot << 2 >= load<u32>(table, MASK)) grow(table)
  const size = (length + WORD - 1) & ~(WORD - 1)
  const bytes = heap.alloc(size)
  memory.fill(bytes, 0, size)
  memory.copy(bytes, place, length)
  const hash = hashOf(place, length)
  const entry = entryFor(table, hash, place, length)
  store<u32>(entry, hash, HASH)
  store<usize>(entry, length, LENGTH)
  store<usize>(entry, bytes, BYTES)
  store<u32>(entry, slot + 1, NEXT_SLOT)
  store<u32>(table, slot + 1, COUNT)
}

/** Fills in the slots of so many events of a frame, and how many of them have one. */
export function resolve(table: usize, events: i32): void {
  let known = 0
  let start = NONE
  let slot = NONE
  for (let at = 0; at < events; at++) {
    const from = integerOf(SYMBOL_START, at)
    if (from != start) {
      start = from
      slot = findSymbol(table, FRAME + from, integerOf(SYMBOL_END, at) - from)
    }
    store<i32>(SLOT + (at << 2), slot)
    known += i32(slot != NONE)
  }
  store<i32>(KNOWN, known)
}

/** The entry that has the symbol, or where it belongs. */
function entryFor(table: usize, hash: u32, place: usize, length: usize): usize {
  const mask = load<u32>(table, MASK)
  let index = hash & mask
  let entry = entriesOf(table) + usize(index) * ENTRY_BYTES
  while (isTaken(entry) && !has(entry, hash, place, length)) {
    index = (index + 1) & mask
    entry = entriesOf(table) + usize(index) * ENTRY_BYTES
  }
  return entry
}

function has(entry: usize, hash: u32, place: usize, length: usize): bool {
  return load<u32>(entry, HASH) == hash && lengthOf(entry) == length && isEqual(bytesOf(entry), place, length)
}

function grow(table: usize): void {
  const former = entriesOf(table)
  const end = former + entriesSize(table)
  makeEntries(table, (load<u32>(table, MASK) + 1) << 1)
  for (let entry = former; entry < end; entry += ENTRY_BYTES) {
    if (!isTaken(entry)) continue
    const to = entryFor(table, load<u32>(entry, HASH), bytesOf(entry), lengthOf(entry))
    memory.copy(to, entry, ENTRY_BYTES)
  }
  heap.free(former)
}

function makeEntries(table: usize, count: u32): void {
  store<u32>(table, count - 1, MASK)
  store<usize>(table, heap.alloc(entriesSize(table)), ENTRIES)
  memory.fill(entriesOf(table), 0, entriesSize(table))
}

function hashOf(place: usize, length: usize): u32 {
  let hash: u64 = length
  for (let at: usize = 0; at < length; at += WORD) {
    hash = (hash ^ wordAt(place + at, length - at)) * PRIME
    hash ^= hash >> 32
  }
  return u32(hash)
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

function lengthOf(entry: usize): usize {
  return load<usize>(entry, LENGTH)
}

function bytesOf(entry: usize): usize {
  return load<usize>(entry, BYTES)
}
