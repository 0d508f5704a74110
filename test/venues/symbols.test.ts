import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Symbols } from '../../src/venues/symbols.ts'
import { venueOf } from '../../src/venues/venues.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
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

test('a slot that was not given is refused', () => {
  assert.throws(() => new Symbols(['A']).nameOf(1), RangeError)
})

test('an open table adds the symbols of scanned frames, also while that takes memory', () => {
  const venue = venueOf('okx-spot')
  const symbols = new Symbols([], { open: true })
  for (let slot = 0; slot < 20_000; slot++) {
    const symbol = `COIN${slot}-USDT`
    const trade = (id: number): string =>
      `{"instId":"${symbol}","tradeId":"${id}","px":"1","sz":"2","side":"buy","ts":"1700000000000","count":"1","seqId":${id}}`
    const frame = `{"arg":{"channel":"trades","instId":"${symbol}"},"data":[${trade(1)},${trade(2)},${trade(3)}]}`
    const columns = venue.scan?.(bytesOf(frame), symbols)
    assert.ok(columns !== undefined)
    assert.deepEqual([...columns.slot.subarray(0, columns.count)], [slot, slot, slot])
  }
  assert.equal(symbols.nameOf(19_999), 'COIN19999-USDT')
})
