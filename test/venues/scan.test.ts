import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readCapture } from '../../src/app/capture-reader.ts'
import { Columns } from '../../src/core/columns.ts'
import { DecodeError } from '../../src/core/errors.ts'
import type { Exchange } from '../../src/core/ids.ts'
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
/** Of each venue: some samples are of shapes that are no longer written, and snapshots of Deribit are for the strict reader. */
const LEAST_SHARE = 0.99
/** See wasm/memory.ts. */
const FRAME_LIMIT = 262_144
const folder = capturesFolder()
const skip = folder === undefined && 'no captures: set MARKETPRISM_CAPTURES'

/** Fixtures with data that are for the strict reader. */
const UNUSUAL: Readonly<Record<Exchange, readonly string[]>> = {
  binance: [
    'a diff without an envelope',
    'a payload before its stream',
    'a diff whose type comes last',
    'a diff with a field that no sheet lists',
    'a size beyond 2^53',
    'a symbol in escapes',
    'an aggregated trade without an envelope',
    'a trade with the order ids of before 2024',
    'a fill of the insurance fund',
    'a fill of auto-deleveraging',
  ],
  okx: [
    'data before arg and action',
    'data between arg and action',
    'several rows are several events',
    'rows of two and three texts',
    'a size beyond 2^53',
  ],
  deribit: [
    'a snapshot',
    'data before its channel',
    'params before the method',
    'an old snapshot without a type',
    'an old change without a type',
    'a snapshot after change null',
    'a snapshot after change 0',
    'exponents and points are exact',
    'trades with flags',
    '64-bit integers in fields that are not read',
  ],
}

/** A change of one level, whose price is `price`; or of more, where it goes on with others. */
const changeOf: Readonly<Record<Exchange, (price: string) => string>> = {
  binance: (price) =>
    `{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1571889248277,"T":1571889248276,"s":"BTCUSDT","U":390497796,"u":390497878,"pu":390497794,"b":[["${price}","0.002"]],"a":[]}}`,
  okx: (price) =>
    `{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["${price}","0.002","0","3"]],"bids":[],"ts":"1597026383185","checksum":0,"seqId":123463,"prevSeqId":123456}]}`,
  deribit: (price) =>
    `{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.100ms","data":{"type":"change","timestamp":1554373962554,"prev_change_id":297217,"instrument_name":"BTC-PERPETUAL","change_id":297218,"bids":[["change",${price},25]],"asks":[]}}}`,
}
const LEVELS: Readonly<Record<Exchange, string>> = {
  binance: '7403.89","0.002"],["',
  okx: '7403.89","0.002","0","3"],["',
  deribit: '7403.89,25],["change",',
}

/** A frame of `length` bytes: as many levels as fit, and a last price that is as long as it must be. */
function largeFrame(exchange: Exchange, length: number): Uint8Array {
  const shape = changeOf[exchange]
  const level = LEVELS[exchange]
  const room = length - shape('').length
  const count = Math.floor((room - 1) / level.length)
  const left = room - count * level.length
  if (left <= 15) return bytesOf(shape(level.repeat(count) + '1'.repeat(left)))
  // A price of more than 15 digits is not scanned: another takes what is too much.
  const longer = level.replace('7403.89', `${'1'.repeat(left - 15)}7403.89`)
  return bytesOf(shape(level.repeat(count - 1) + longer + '1'.repeat(15)))
}

/** Decimals of every length, and whether they have digits enough for a double at the most. */
function* decimals(): Generator<{ readonly text: string; readonly isShort: boolean }> {
  for (let whole = 1; whole <= 17; whole++) {
    for (let fine = 0; fine <= 17; fine++) {
      for (const zeros of [0, 1, 5]) {
        if (fine === 0 && zeros > 0) continue
        const digits = '123456789123456789'
        const text =
          digits.slice(0, whole) + (fine === 0 ? '' : `.${digits.slice(0, fine)}${'0'.repeat(zeros)}`)
        yield { text, isShort: whole + fine <= 15 }
      }
    }
  }
}

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
  test(`${venue.id}: all of the sheet is scanned but for what is unusual, and read as the strict reader does`, () => {
    const symbols = new Symbols([], { open: true })
    const out = new Columns()
    const left = fixturesOf(venue.id)
      .filter((fixture) => !isRefused(fixture) && isData(venue, bytesOf(fixture.frame), symbols, out))
      .filter(({ frame }) => !isScanned(venue, symbols, bytesOf(frame)))
    assert.deepEqual(
      left.map(({ name }) => name),
      UNUSUAL[venue.exchange].filter((name) => fixturesOf(venue.id).some((fixture) => fixture.name === name)),
    )
  })

  test(`${venue.id}: the largest frame that is scanned has ${FRAME_LIMIT} bytes`, () => {
    const symbols = new Symbols([], { open: true })
    for (const length of [FRAME_LIMIT - 1, FRAME_LIMIT])
      assert.ok(isScanned(venue, symbols, largeFrame(venue.exchange, length)), `${length} bytes`)
    assert.ok(!isScanned(venue, symbols, largeFrame(venue.exchange, FRAME_LIMIT + 1)))
    // What a large frame leaves behind is not read with a small one.
    assert.ok(isScanned(venue, symbols, largeFrame(venue.exchange, 500)))
    assert.ok(!isScanned(venue, symbols, largeFrame(venue.exchange, 500).subarray(0, 400)))
  })

  test(`${venue.id}: numbers of up to 15 digits are scanned, whatever stands before and behind their point`, () => {
    const symbols = new Symbols([], { open: true })
    for (const { text, isShort } of decimals()) {
      const frame = bytesOf(changeOf[venue.exchange](text))
      assert.equal(isScanned(venue, symbols, frame), isShort, text)
    }
  })
}

test('decimals with exponents are read as the strict reader does, or left to it', () => {
  const symbols = new Symbols([], { open: true })
  const venue = VENUES.find(({ id }) => id === 'deribit')
  assert.ok(venue !== undefined)
  const taken = ['1e0', '1e5', '1.5e4', '1.742e-5', '6.55E-6', '9e14', '1e+3', '1.5e-14']
  const either = ['0e5', '12e5', '1.50e2', '1e16', '1.25e15', '1.5e-17', '1e-19', '1.0e4', '1234567.5e3']
  const refused = ['1e', '1e+', '1e-+5', '1.e5', '.5e3', '1e05x', '1e1.5', '-1e5', '1ee5', 'e5']
  for (const text of [...taken, ...either, ...refused, '1e05', '1E05', '1e-05', '1e00']) {
    const isTaken = isScanned(venue, symbols, bytesOf(changeOf.deribit(text)))
    if (taken.includes(text)) assert.ok(isTaken, text)
    if (refused.includes(text)) assert.ok(!isTaken, text)
  }
})

test('recorded frames: nearly all are scanned, and read as the strict reader does', { skip }, async (t) => {
  const sum = { data: 0, scanned: 0 }
  for (const venue of VENUES) {
    const symbols = new Symbols([], { open: true })
    const out = new Columns()
    let data = 0
    let scanned = 0
    for await (const frame of framesOf(venue)) {
      const isTaken = isScanned(venue, symbols, frame)
      if (!isData(venue, frame, symbols, out)) continue
      data++
      if (isTaken) scanned++
    }
    t.diagnostic(`${venue.id}: ${scanned} of ${data} frames with data are scanned`)
    assert.ok(scanned / data > LEAST_SHARE, venue.id)
    sum.data += data
    sum.scanned += scanned
  }
  t.diagnostic(`in all ${((sum.scanned / sum.data) * 100).toFixed(3)} %`)
  assert.ok(sum.scanned / sum.data > SHARE)
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
