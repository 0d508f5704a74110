import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Symbols } from '../../src/venues/symbols.ts'
import { venueOf } from '../../src/venues/venues.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
/** A frame of trades of one symbol. */
function framed(symbol: string, trades: number): string {
  const rows = Array.from(
    { length: trades },
    (_, at) =>
      `{"instId":"${symbol}","tradeId":"${at}","px":"1","sz":"2","side":"buy","ts":"1700000000000","count":"1","seqId":${at}}`,
  )
  return `{"arg":{"channel":"trades","instId":"${symbol}"},"data":[${rows.join(',')}]}`
}

/** Few letters and many lengths: most are like another but for the end, or for one letter. */
const NAME = fc.string({ unit: fc.constantFrom('A', 'B', '-', 'é', '\u{0}'), maxLength: 20 })

test('symbols get slots in the order of their adding, and are found wherever in the bytes they stand', () => {
  fc.assert(
    fc.property(fc.array(NAME, { maxLength: 600 }), fc.array(NAME), (added, asked) => {
      const symbols = new Symbols(added)
      const names = [...new Set(added)]
      assert.equal(symbols.size, names.length)
      for (const name of [...added, ...asked]) {
        const bytes = bytesOf(`A${name}B`)
        assert.equal(symbols.resolve(bytes, 1, bytes.length - 1), names.indexOf(name))
      }
      for (const [slot, name] of names.entries()) assert.equal(symbols.nameOf(slot), name)
    }),
  )
})

test('an open table adds symbols as they come', () => {
  const symbols = new Symbols(['BTCUSDT'], { open: true })
  const bytes = bytesOf('ETHUSDTBTCUSDT')
  assert.deepEqual([symbols.resolve(bytes, 0, 7), symbols.resolve(bytes, 7, 14)], [1, 0])
  assert.deepEqual([symbols.nameOf(1), symbols.size], ['ETHUSDT', 2])
})

test('ten thousand symbols of one kind are told apart, and those of two tables', () => {
  const names = Array.from({ length: 10_000 }, (_, at) => `COIN${at}USDT`)
  const symbols = new Symbols(names)
  const others = new Symbols(names.toReversed())
  for (const [at, name] of names.entries()) {
    assert.equal(symbols.add(name), at)
    assert.equal(others.add(name), names.length - 1 - at)
  }
  assert.equal(symbols.resolve(bytesOf('COIN10000USDT'), 0, 13), -1)
})

test('symbols of any length are found, also when a table of them grows, and told from those that begin alike', () => {
  const lengths = [0, 1, 8, 23, 24, 25, 32, 0xfffe, 0xffff, 0x10000, 70_000]
  const names = lengths.flatMap((length) => ['A', 'B'].map((end) => 'A'.repeat(length) + end))
  const symbols = new Symbols(names)
  for (let at = 0; at < 100; at++) symbols.add(`COIN${at}`)
  for (const [slot, name] of names.entries()) {
    const bytes = bytesOf(`B${name}A`)
    assert.equal(symbols.resolve(bytes, 1, bytes.length - 1), slot)
    assert.equal(symbols.resolve(bytes, 0, bytes.length), -1)
    const columns = venueOf('okx-spot').scan?.(bytesOf(framed(name, 2)), symbols)
    assert.deepEqual([...(columns?.slot.subarray(0, columns.count) ?? [])], [slot, slot])
  }
})

test('symbols that differ only at their end are found as soon as others', () => {
  const lapOf = (nameOf: (digits: string) => string): (() => number) => {
    const names = Array.from({ length: 5_000 }, (_, at) => nameOf(String(at).padStart(4, '0')))
    const symbols = new Symbols(names)
    const texts = names.map((name) => bytesOf(name))
    return () => {
      const startMs = performance.now()
      for (const text of texts) symbols.resolve(text, 0, text.length)
      return performance.now() - startMs
    }
  }
  const ends = lapOf((digits) => `ABCD${digits}`)
  const begins = lapOf((digits) => `${digits}ABCD`)
  let [endsMs, beginsMs] = [Infinity, Infinity]
  for (let round = 0; round < 50; round++) {
    endsMs = Math.min(endsMs, ends())
    beginsMs = Math.min(beginsMs, begins())
  }
  assert.ok(endsMs < beginsMs * 3, `${endsMs.toFixed(2)} ms, and ${beginsMs.toFixed(2)} ms`)
})

test('a slot that was not given is refused', () => {
  assert.throws(() => new Symbols(['A']).nameOf(1), RangeError)
})

test('an open table adds the symbols of scanned frames, also while that takes memory', () => {
  const venue = venueOf('okx-spot')
  const symbols = new Symbols([], { open: true })
  for (let slot = 0; slot < 20_000; slot++) {
    const columns = venue.scan?.(bytesOf(framed(`COIN${slot}-USDT`, 3)), symbols)
    assert.ok(columns !== undefined)
    assert.deepEqual([...columns.slot.subarray(0, columns.count)], [slot, slot, slot])
  }
  assert.equal(symbols.nameOf(19_999), 'COIN19999-USDT')
})
