import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { kernel } from '../../src/core/kernel.ts'
import { crc32c } from '../../src/journal/crc32c.ts'
import { SeededRandom } from '../../src/runtime/sim-random.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('the checksum is CRC-32C: the check value, and the samples of RFC 3720 B.4', () => {
  assert.equal(crc32c(bytes('123456789'), 0, 9), 0xe3069283)
  assert.equal(crc32c(new Uint8Array(32), 0, 32), 0x8a9136aa)
  assert.equal(crc32c(new Uint8Array(32).fill(255), 0, 32), 0x62a8ab43)
  assert.equal(
    crc32c(
      Uint8Array.from({ length: 32 }, (_, at) => at),
      0,
      32,
    ),
    0x46dd794e,
  )
})

test('a checksum goes on from that of the bytes before, wherever they are cut', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (all, at) => {
      const cut = Math.min(at, all.length)
      assert.equal(crc32c(all, cut, all.length, crc32c(all, 0, cut)), crc32c(all, 0, all.length))
    }),
  )
})

/** Bit by bit, as it is defined. */
function byDefinition(all: Uint8Array): number {
  let value = 0xffffffff
  for (const byte of all) {
    value ^= byte
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ ((value & 1) === 1 ? 0x82f63b78 : 0)
  }
  return ~value >>> 0
}

function noise(length: number, seed: number): Uint8Array {
  const random = new SeededRandom(seed)
  return Uint8Array.from({ length }, () => random.next() * 256)
}

test('it is the checksum that is defined, of any length, also beyond what is taken at a time', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300, size: 'max' }), (all) => {
      assert.equal(crc32c(all, 0, all.length), byDefinition(all))
    }),
  )
  // From 6,688 bytes on those are folded that have 3,344 behind them.
  fc.assert(
    fc.property(fc.integer({ min: 6_600, max: 20_000 }), fc.nat(), fc.nat(100), (length, seed, from) => {
      const all = noise(length, seed)
      assert.equal(crc32c(all, from, length), byDefinition(all.subarray(from)))
    }),
  )
  const large = noise(600_011, 1)
  assert.equal(crc32c(large, 0, large.length), byDefinition(large))
})

test('a view of the frame that has not the whole of it is refused: bytes that are left out would be a wrong checksum', () => {
  const program = kernel()
  const { frame } = program
  const detached = new Uint8Array(program.frameLimit)
  structuredClone(detached.buffer, { transfer: [detached.buffer] })
  assert.deepEqual([frame.length, detached.length], [program.frameLimit, 0])
  try {
    for (const view of [new Uint8Array(8), new Uint8Array(), detached]) {
      program.frame = view
      assert.throws(() => crc32c(bytes('123456789'), 0, 9))
    }
  } finally {
    program.frame = frame
  }
  assert.equal(crc32c(bytes('123456789'), 0, 9), 0xe3069283)
})
