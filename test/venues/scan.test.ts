import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readCapture } from '../../src/app/capture-reader.ts'
import { Columns } from '../../src/core/columns.ts'
import { DecodeError } from '../../src/core/errors.ts'
import { Seeded } from '../../src/emulator/seeded.ts'
import { Symbols } from '../../src/venues/symbols.ts'
import type { Venue } from '../../src/venues/venue.ts'
import { VENUES } from '../../src/venues/venues.ts'
import { capturesFolder } from '../captures.ts'
import { bytesOf, fixturesOf, isRefused } from './fixture-lines.ts'
import { isScanned } from './scanned.ts'

const isLong = process.env['MARKETPRISM_LONG'] !== undefined
/** Over all venues. */
const MUTATIONS = isLong ? 1_000_000 : 50_000
/** Frames that are mutated of each capture: as many of each shape, lest those of the best price make most of it. */
const KEPT_OF_SHAPE = 200
/** Bytes that are likely to make another frame that is sound. */
const LIKELY = bytesOf('{}[]",:.0123456789-eEtrufalsn\\ ')
const SHARE = 0.999
const folder = capturesFolder()
const skip = folder === undefined && 'no captures: set MARKETPRISM_CAPTURES'

/** The frames of a venue's recordings. */
async function* framesOf({ id }: Venue): AsyncGenerator<Uint8Array> {
  const place = join(folder ?? '', id)
  for (const name of readdirSync(place).toSorted()) {
    for await (const { line } of readCapture(join(place, name)))
      if (line.src === 'ws' && line.dir === 'in') yield bytesOf(line.raw)
  }
}

/** What a frame looks like without its numbers. */
const shapeOf = (frame: Uint8Array): string =>
  new TextDecoder()
    .decode(frame)
    .replace(/\[\[.*?\]\]/g, '[]')
    .replace(/[\d.]+/g, '9')
    .slice(0, 160)

/** Whether it holds data of a channel that is collected. Some recordings were cut by whoever published them. */
function isData(venue: Venue, frame: Uint8Array, symbols: Symbols, out: Columns): boolean {
  try {
    venue.decode(frame, symbols, out)
  } catch (cause) {
    if (cause instanceof DecodeError) return false
    throw cause
  }
  return out.count > 0
}

function mutated(frame: Uint8Array, random: Seeded): Uint8Array {
  const bytes = [...frame]
  for (let edits = random.below(3); edits >= 0; edits--) {
    const at = random.below(bytes.length)
    const byte = LIKELY[random.below(LIKELY.length)] ?? 0
    const length = 1 + random.below(4)
    const way = random.below(6)
    if (way === 0) bytes.splice(at, length)
    else if (way === 1) bytes.splice(at, 0, byte)
    else if (way === 2) bytes.splice(at, 0, ...bytes.slice(at, at + length))
    else if (way === 3) bytes.length = at + 1
    else if (way === 4) bytes[at] = random.below(256)
    else bytes[at] = byte
  }
  return Uint8Array.from(bytes)
}

for (const venue of VENUES) {
  test(`${venue.id}: the scanner takes what the sheet shows, and reads it as the strict reader does`, () => {
    const symbols = new Symbols([], { open: true })
    const out = new Columns()
    const frames = fixturesOf(venue.id)
      .filter((fixture) => !isRefused(fixture))
      .map(({ frame }) => bytesOf(frame))
    const taken = frames.filter((frame) => isScanned(venue, symbols, frame))
    assert.ok(taken.some((frame) => isData(venue, frame, symbols, out)))
  })
}

test('recorded frames: nearly all are scanned, and read as the strict reader does', { skip }, async (t) => {
  let data = 0
  let scanned = 0
  for (const venue of VENUES) {
    const symbols = new Symbols([], { open: true })
    const out = new Columns()
    for await (const frame of framesOf(venue)) {
      const isTaken = isScanned(venue, symbols, frame)
      if (!isData(venue, frame, symbols, out)) continue
      data++
      if (isTaken) scanned++
    }
  }
  t.diagnostic(`${scanned} of ${data} frames with data are scanned: ${((scanned / data) * 100).toFixed(3)} %`)
  assert.ok(scanned / data > SHARE)
})

test('recorded frames with faults: what is scanned is what the strict reader reads', { skip }, async (t) => {
  const random = new Seeded('mutations')
  let scanned = 0
  for (const venue of VENUES) {
    const symbols = new Symbols([], { open: true })
    const shapes = new Map<string, Uint8Array[]>()
    for await (const frame of framesOf(venue)) {
      const shape = shapeOf(frame)
      const kept = shapes.get(shape) ?? []
      if (kept.length < KEPT_OF_SHAPE) kept.push(frame)
      shapes.set(shape, kept)
    }
    const frames = [...shapes.values()].flat()
    for (let count = 0; count < MUTATIONS / VENUES.length; count++)
      if (isScanned(venue, symbols, mutated(frames[random.below(frames.length)] ?? bytesOf(''), random)))
        scanned++
  }
  t.diagnostic(`${MUTATIONS} frames, ${scanned} of them scanned all the same`)
  assert.ok(scanned > MUTATIONS / 100)
})
