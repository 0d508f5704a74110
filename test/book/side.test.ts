import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SET, type SetOutcome, Side } from '../../src/book/side.ts'
import { kernel } from '../../src/core/kernel.ts'
import { SeededRandom } from '../../src/runtime/sim-random.ts'

type Action =
  | { readonly name: 'set'; readonly price: number; readonly size: bigint }
  | { readonly name: 'trim'; readonly count: number }
  | { readonly name: 'widenPrices' | 'widenSizes'; readonly power: number }
  | { readonly name: 'clear' }

/** What a side should be: a map of exact sizes by exact price. */
class Model {
  levels = new Map<bigint, bigint>()
  readonly #best: -1 | 1

  constructor(side: 'bid' | 'ask') {
    this.#best = side === 'bid' ? -1 : 1
  }

  sorted(): [bigint, bigint][] {
    return [...this.levels].toSorted(([one], [other]) => this.#best * (one < other ? -1 : 1))
  }

  set(price: bigint, size: bigint): SetOutcome {
    const found = this.levels.has(price)
    if (size === 0n) {
      this.levels.delete(price)
      return found ? SET.deleted : SET.missing
    }
    this.levels.set(price, size)
    return found ? SET.updated : SET.inserted
  }

  widen(factorPrice: bigint, factorSize: bigint): void {
    this.levels = new Map(
      Array.from(this.levels, ([price, size]) => [price * factorPrice, size * factorSize]),
    )
  }
}

const SAFE = BigInt(Number.MAX_SAFE_INTEGER)
const prices = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: -5, max: 60 }) },
  { weight: 2, arbitrary: fc.integer({ min: -100_000, max: 6_183_763 }) },
  { weight: 1, arbitrary: fc.constantFrom(-0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER) },
  // Where chunks cannot count any further, whatever they begin at.
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -2, max: 2 }))
      .map(([quarters, near]) => quarters * 2 ** 14 + near),
  },
)
const sizes = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0n) },
  { weight: 6, arbitrary: fc.bigInt({ min: 1n, max: 1_000n }) },
  // Where sizes take more than 32 bits.
  { weight: 2, arbitrary: fc.bigInt({ min: 2n ** 32n - 2n, max: 2n ** 32n + 2n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: 2n ** 32n, max: SAFE }) },
  { weight: 2, arbitrary: fc.bigInt({ min: SAFE - 2n, max: SAFE + 3n }) },
  { weight: 2, arbitrary: fc.bigInt({ min: 10n ** 16n, max: 10n ** 26n }) },
)
const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 40, arbitrary: fc.record({ name: fc.constant('set' as const), price: prices, size: sizes }) },
  { weight: 2, arbitrary: fc.record({ name: fc.constant('trim' as const), count: fc.nat(20) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      name: fc.constantFrom('widenPrices' as const, 'widenSizes' as const),
      power: fc.integer({ min: 0, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ name: fc.constant('clear' as const) }) },
)

function levelsOf(side: Side): [bigint, bigint][] {
  return Array.from({ length: side.count }, (_, depth) => [
    BigInt(side.price(depth)),
    BigInt(side.size(depth)),
  ])
}

function setBoth(side: Side, model: Model, { price, size }: { price: number; size: bigint }): void {
  const outcome = size > SAFE ? side.set(price, Infinity, size) : side.set(price, Number(size))
  assert.equal(outcome, model.set(BigInt(price), size))
}

function widenPricesOfBoth(side: Side, model: Model, power: number): void {
  const factor = 10n ** BigInt(power)
  const fits = [...model.levels.keys()].every((price) => price * factor <= SAFE && price * factor >= -SAFE)
  assert.equal(side.fits(power), fits)
  if (!fits) {
    assert.throws(() => side.widenPrices(power), RangeError)
    return
  }
  side.widenPrices(power)
  model.widen(factor, 1n)
}

function trimBoth(side: Side, model: Model, count: number): void {
  side.trim(count)
  model.levels = new Map(model.sorted().slice(0, count))
}

function act(side: Side, model: Model, action: Action): void {
  switch (action.name) {
    case 'set':
      setBoth(side, model, action)
      break
    case 'trim':
      trimBoth(side, model, action.count)
      break
    case 'widenPrices':
      widenPricesOfBoth(side, model, action.power)
      break
    case 'widenSizes':
      side.widenSizes(action.power)
      model.widen(1n, 10n ** BigInt(action.power))
      break
    case 'clear':
      side.clear()
      model.levels.clear()
      break
  }
}

function sameAs(side: Side, model: Model): void {
  const sorted = model.sorted()
  assert.deepEqual(levelsOf(side), sorted)
  for (let depth = 0; depth < side.count; depth++) {
    assert.ok(!Object.is(side.price(depth), -0), 'minus zero never shows')
    assert.equal(typeof side.size(depth), (sorted[depth]?.[1] ?? 0n) > SAFE ? 'bigint' : 'number')
  }
  const isExact = sorted.every(([, size]) => size <= SAFE)
  const text = sorted.map(([price, size]) => `["${price}","${size}"]`).join(',')
  assert.equal(textOf(side), isExact ? text : undefined)
}

function textOf(side: Side): string | undefined {
  kernel().reserveText(side.count * kernel().levelTextLimit)
  const { text, textPlace } = kernel()
  const end = side.write(textPlace, side.count, { priceDecimals: 0, sizeDecimals: 0 })
  return end === undefined ? undefined : Buffer.from(text.subarray(0, end - textPlace)).toString()
}

for (const name of ['bid', 'ask'] as const) {
  test(`the ${name} side is the sorted map of what was set, after any row of actions`, () => {
    fc.assert(
      fc.property(fc.array(actions, { maxLength: 120, size: 'max' }), (row) => {
        const side = new Side(name, kernel().newBook())
        const model = new Model(name)
        for (const action of row) {
          act(side, model, action)
          sameAs(side, model)
        }
      }),
      { numRuns: 300 },
    )
  })

  test(`the depth of a price on the ${name} side counts the levels at it or better`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ price: prices, size: sizes }), { maxLength: 80, size: 'max' }),
        fc.array(prices, { minLength: 1 }),
        (row, asked) => {
          const side = new Side(name, kernel().newBook())
          const model = new Model(name)
          for (const level of row) setBoth(side, model, level)
          for (const price of asked) {
            const better = model
              .sorted()
              .filter(([at]) => (name === 'bid' ? at >= BigInt(price) : at <= BigInt(price)))
            assert.equal(side.depthOf(price), better.length)
            const size = side.sizeAt(price)
            assert.equal(size === undefined ? undefined : BigInt(size), model.levels.get(BigInt(price)))
          }
        },
      ),
    )
  })

  test(`hundreds of levels on the ${name} side move as a few do`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2_000), fc.nat(3)), { minLength: 600, maxLength: 1_500, size: 'max' }),
        (row) => {
          const side = new Side(name, kernel().newBook())
          const model = new Model(name)
          for (const [price, size] of row) setBoth(side, model, { price, size: BigInt(size) })
          sameAs(side, model)
        },
      ),
      { numRuns: 20 },
    )
  })
}

for (const name of ['bid', 'ask'] as const) {
  test(`thousands of levels on the ${name} side come and go as in the sorted map`, () => {
    // From levels side by side to levels of which no two can be counted together.
    for (const [seed, unit] of [
      1,
      1,
      2 ** 2 + 1,
      2 ** 6 + 1,
      2 ** 12 + 1,
      2 ** 16 + 1,
      2 ** 32 + 1,
    ].entries()) {
      const random = new SeededRandom(seed + 1)
      const whole = (below: number): number => Math.floor(random.next() * below)
      const side = new Side(name, kernel().newBook())
      const model = new Model(name)
      for (let round = 0; round < 40; round++) {
        // Tides: levels mostly come, then mostly go, wherever they are or around one place.
        const comes = [0.9, 0.5, 0.1][round % 3] ?? 0
        const spread = round % 2 === 0 ? 4_000 : 60
        const around = whole(4_000)
        for (let turn = 0; turn < 600; turn++) {
          // First all sizes have 32 bits, then some have more.
          const size = BigInt(random.next() < comes ? (1 + whole(9)) * (round < 20 ? 1 : 2 ** 31 - 1) : 0)
          setBoth(side, model, { price: (around + whole(spread)) * unit, size })
        }
        if (round % 10 === 7) trimBoth(side, model, whole(side.count + 1))
        if (round % 20 === 13) widenPricesOfBoth(side, model, 1)
        sameAs(side, model)
        const price = whole(8_000) * unit
        const better = model.sorted().filter(([at]) => (name === 'bid' ? at >= price : at <= price))
        assert.equal(side.depthOf(price), better.length)
      }
    }
  })

  test(`levels of the ${name} side are read in any order, also between changes`, () => {
    const random = new SeededRandom(7)
    const side = new Side(name, kernel().newBook())
    const model = new Model(name)
    for (let price = 0; price < 500; price++) setBoth(side, model, { price, size: 1n })
    for (let turn = 0; turn < 2_000; turn++) {
      if (turn % 5 === 0)
        setBoth(side, model, {
          price: Math.floor(random.next() * 600),
          size: BigInt(Math.floor(random.next() * 3)),
        })
      const depth = Math.floor(random.next() * side.count)
      const [price, size] = model.sorted()[depth] ?? []
      assert.deepEqual([BigInt(side.price(depth)), BigInt(side.size(depth))], [price, size])
    }
  })
}

test('the two sides of a book, whose memory is side by side, keep out of each other', () => {
  const both = fc.array(fc.tuple(fc.constantFrom(0 as const, 1 as const), actions), {
    maxLength: 120,
    size: 'max',
  })
  fc.assert(
    fc.property(both, (row) => {
      const places = kernel().newBook()
      const sides = [new Side('bid', places), new Side('ask', places)] as const
      const models = [new Model('bid'), new Model('ask')] as const
      for (const { place } of sides) kernel().setNote(place, place)
      for (const [which, action] of row) {
        act(sides[which], models[which], action)
        for (const at of [0, 1] as const) sameAs(sides[at], models[at])
      }
      for (const { place } of sides) assert.equal(kernel().noteOf(place), place)
    }),
    { numRuns: 200 },
  )
})

test('beyond the last level there is no price and no size', () => {
  const side = new Side('bid', kernel().newBook())
  for (const price of [1, 2, 3]) side.set(price, 5)
  side.trim(2)
  for (const depth of [-1, 2, 3, Infinity]) {
    assert.equal(side.price(depth), Number.NaN)
    assert.equal(side.size(depth), Number.NaN)
  }
  assert.deepEqual([side.price(0), side.price(1)], [3, 2])
})

test('levels of two sides are read in turns as soon as one side after the other', () => {
  const places = kernel().newBook()
  const sides = [new Side('bid', places), new Side('ask', places)] as const
  const depths = Array.from({ length: 20_000 }, (_, depth) => depth)
  for (const side of sides) for (const depth of depths) side.set(1 + depth, 1 + depth)
  const [one, other] = sides
  const inTurns = (): void => {
    for (const depth of depths) assert.equal(one.price(depth), 20_001 - other.price(depth))
  }
  const oneByOne = (): void => {
    const read = depths.map((depth) => one.price(depth))
    for (const depth of depths) assert.equal(read[depth], 20_001 - other.price(depth))
  }
  const times = { inTurns: Infinity, oneByOne: Infinity }
  for (let run = 0; run < 5; run++)
    for (const [name, read] of [
      ['inTurns', inTurns],
      ['oneByOne', oneByOne],
    ] as const) {
      const startMs = performance.now()
      read()
      times[name] = Math.min(times[name], performance.now() - startMs)
    }
  assert.ok(times.inTurns < 4 * times.oneByOne, JSON.stringify(times))
})

test('levels far from each other are forgotten as soon as they were set', () => {
  const times = { set: Infinity, clear: Infinity }
  const measured = (name: keyof typeof times, action: () => void): void => {
    const startMs = performance.now()
    action()
    times[name] = Math.min(times[name], performance.now() - startMs)
  }
  for (let run = 0; run < 5; run++) {
    const side = new Side('bid', kernel().newBook())
    measured('set', () => {
      for (let level = 0; level < 40_000; level++) side.set(level * 2 ** 20, 1)
    })
    measured('clear', () => side.clear())
    assert.equal(side.count, 0)
  }
  assert.ok(times.clear < 4 * times.set, JSON.stringify(times))
})

test('a big size that is replaced or removed leaves nothing behind', () => {
  const side = new Side('ask', kernel().newBook())
  side.set(100, Infinity, 10n ** 24n)
  side.set(100, 7)
  assert.equal(side.size(0), 7)
  side.set(100, Infinity, 10n ** 24n)
  assert.equal(side.set(100, 0), SET.deleted)
  assert.equal(side.set(100, 0), SET.missing)
  side.set(100, 9)
  assert.equal(side.size(0), 9)
})

test('levels that are one too far from each other to be counted together are not joined', () => {
  const far = 2 ** 17
  const end = far + 2 ** 16 - 1
  const side = new Side('bid', kernel().newBook())
  for (const price of [0, far, end, far + 1]) side.set(price, 1)
  assert.equal(side.set(far + 1, 0), SET.deleted)
  assert.equal(side.set(end, 2), SET.updated)
  assert.deepEqual(
    levelsOf(side),
    [
      [end, 2],
      [far, 1],
      [0, 1],
    ].map((level) => level.map(BigInt)),
  )
})

test('a price is there right after prices are counted finer, also where that took more memory', () => {
  let isGrown = false
  for (let count = 1_000; !isGrown && count < 1_000_000; count *= 2) {
    const side = new Side('bid', kernel().newBook())
    for (let price = 1; price <= count; price++) side.set(price, 1)
    const { doubles } = kernel()
    side.widenPrices(3)
    isGrown = doubles !== kernel().doubles
    assert.equal(side.price(0), count * 1_000)
  }
  assert.ok(isGrown)
})
