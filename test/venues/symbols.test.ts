import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Symbols } from '../../src/venues/symbols.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
/** Few letters and many lengths: most have an other that is like them but for an end, or for one letter. */
const symbol = fc.string({ unit: fc.constantFrom('A', 'B', '-', 'é', '\u{0}'), maxLength: 20 })

test('symbols get slots in the order of their adding, and are found wherever in the bytes they stand', () => {
  fc.assert(
    fc.property(fc.array(symbol, { maxLength: 600 }), fc.array(symbol), (added, asked) => {
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
