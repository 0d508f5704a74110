import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DECIMALS_LIMIT, formatDecimal, parseDecimal } from '../../src/core/decimal.ts'
import { DecodeError } from '../../src/core/errors.ts'
import { Cursor, DEPTH_LIMIT, END, OTHER } from '../../src/venues/cursor.ts'
import { Keys } from '../../src/venues/keys.ts'

const NO_KEYS = new Keys<string>()
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

function over(text: string): Cursor {
  const cursor = new Cursor()
  cursor.load(bytesOf(text))
  return cursor
}

/** The code with which `read` refuses; `undefined` when it does not. */
function codeOf(read: () => unknown): string | undefined {
  try {
    read()
    return undefined
  } catch (cause) {
    if (cause instanceof DecodeError) return cause.code
    throw cause
  }
}

function accepts(text: string): boolean {
  const cursor = over(text)
  return (
    codeOf(() => {
      cursor.skip()
      cursor.finish()
    }) === undefined
  )
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The whole value, read with nothing but the cursor. */
function valueOf(cursor: Cursor): unknown {
  const byte = String.fromCharCode(cursor.peek())
  if (byte === '"') return cursor.string()
  if (byte === '[') {
    const items: unknown[] = []
    cursor.array()
    while (cursor.item()) items.push(valueOf(cursor))
    return items
  }
  if (byte === '{') return objectOf(cursor)
  if (byte === 't' || byte === 'f') return cursor.boolean()
  if (cursor.isNull()) return null
  cursor.decimal()
  return formatDecimal(cursor.big ?? cursor.mantissa, cursor.decimals)
}

function objectOf(cursor: Cursor): unknown {
  const values: unknown[] = []
  cursor.object()
  for (let key = cursor.key(NO_KEYS); key !== END; key = cursor.key(NO_KEYS)) {
    assert.equal(key, OTHER)
    values.push(cursor.lastString(), valueOf(cursor))
  }
  return values
}

/** What `valueOf` should give: objects as lists of keys and values, numbers as exact text. */
function expected(value: unknown): unknown {
  if (typeof value === 'number') {
    const decimal = parseDecimal(String(value))
    return formatDecimal(decimal?.mantissa ?? Number.NaN, decimal?.decimals ?? 0)
  }
  if (Array.isArray(value)) return value.map(expected)
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, member]) => [key, expected(member)])
  }
  return value
}

const shallowJson = fc.json({ maxDepth: 6 })
const exactNumber = fc.record({
  mantissa: fc.integer({ min: -999_999_999, max: 999_999_999 }),
  decimals: fc.nat({ max: 9 }),
})

test('every JSON text is accepted, with any white space', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' }),
      fc.constantFrom('', ' ', '\t', '\r\n'),
      (value, space) => {
        assert.ok(accepts(`${space}${JSON.stringify(value, undefined, space)}${space}`))
      },
    ),
    { numRuns: 1_000 },
  )
})

test('a text is accepted exactly when JSON.parse accepts it', () => {
  const edit = fc.record({
    at: fc.nat(),
    remove: fc.nat({ max: 3 }),
    insert: fc.string({
      maxLength: 3,
      unit: fc.constantFrom(...'{}[]",:\\/0123456789-+.eEntfu \n\u0001é'.split('')),
    }),
  })
  fc.assert(
    fc.property(shallowJson, fc.array(edit, { minLength: 1, maxLength: 3 }), (json, edits) => {
      const text = edits.reduce((before, { at, remove, insert }) => {
        const from = at % (before.length + 1)
        return before.slice(0, from) + insert + before.slice(from + remove)
      }, json)
      assert.equal(accepts(text), isJson(text), text)
    }),
    { numRuns: 10_000 },
  )
})

test('what is read is what JSON.parse reads', () => {
  const leaf = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.boolean(),
    fc.constant(null),
    exactNumber.map(({ mantissa, decimals }) => Number(formatDecimal(mantissa, decimals))),
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('tree')),
      fc.dictionary(fc.string(), tie('tree')),
    ),
  }))
  fc.assert(
    fc.property(tree, (value) => {
      const cursor = over(JSON.stringify(value))
      assert.deepEqual(valueOf(cursor), expected(JSON.parse(JSON.stringify(value))))
      cursor.finish()
    }),
  )
})

test('a frame cut anywhere is refused', () => {
  fc.assert(
    fc.property(fc.array(shallowJson, { minLength: 1, maxLength: 3 }), (parts) => {
      const text = `[${parts.join(',')}]`
      for (let length = 0; length < text.length; length++) assert.ok(!accepts(text.slice(0, length)))
    }),
    { numRuns: 50 },
  )
})

const digits = (count: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789'.split('')), minLength: 1, maxLength: count })
const decimalText = fc
  .tuple(
    fc.constantFrom('', '-'),
    digits(24).map((whole) => whole.replace(/^0+(?=\d)/, '')),
    fc.option(digits(22), { nil: undefined }),
    fc.option(fc.integer({ min: -12, max: 12 }), { nil: undefined }),
  )
  .map(([sign, whole, fraction, exponent]) => {
    const point = fraction === undefined ? '' : `.${fraction}`
    return `${sign}${whole}${point}${exponent === undefined ? '' : `e${exponent}`}`
  })

test('a decimal is exact, or refused as too fine or too large', () => {
  fc.assert(
    fc.property(decimalText, fc.boolean(), (text, isQuoted) => {
      const cursor = over(isQuoted ? `"${text}"` : `${text} `)
      const exact = parseDecimal(text)
      const isHeld =
        exact !== undefined &&
        exact.decimals <= DECIMALS_LIMIT &&
        exact.mantissa >= -BigInt(Number.MAX_SAFE_INTEGER)
      const code = codeOf(() => (isQuoted ? cursor.decimalText() : cursor.decimal()))
      assert.equal(code, isHeld ? undefined : 'precision', text)
      if (!isHeld) return
      const mantissa = cursor.mantissa === Infinity ? cursor.big : BigInt(cursor.mantissa)
      assert.equal(
        (mantissa ?? 0n) * 10n ** BigInt(exact.decimals),
        exact.mantissa * 10n ** BigInt(cursor.decimals),
      )
      assert.equal(cursor.mantissa === Infinity, exact.mantissa > BigInt(Number.MAX_SAFE_INTEGER), text)
      cursor.finish()
    }),
    { numRuns: 5_000 },
  )
})

test('trailing zeros of a fraction count for nothing', () => {
  const cursor = over('"61837.63000000"')
  cursor.decimalText()
  assert.deepEqual([cursor.mantissa, cursor.decimals], [6_183_763, 2])
})

test('zero is zero, however it is written', () => {
  for (const text of ['0', '-0', '0.000', '-0.0', '0e5', '0.0e-30']) {
    const cursor = over(text)
    cursor.decimal()
    assert.deepEqual([cursor.mantissa, cursor.decimals], [0, 0], text)
  }
})

test('an integer is exact up to 2^53, and nothing else is one', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      assert.equal(over(String(value)).integer(), value)
      assert.equal(over(`"${value}"`).integerText(), value)
    }),
  )
  assert.equal(
    codeOf(() => over('9007199254740992 ').integer()),
    'precision',
  )
  for (const text of ['1.0 ', '1e3 ', '01 ', '- ', '"1" ', 'x ']) {
    assert.equal(
      codeOf(() => over(text).integer()),
      'bad_number',
      text,
    )
  }
})

test('what is no decimal is refused', () => {
  for (const text of [
    '""',
    '"x"',
    '"NaN"',
    '"Infinity"',
    '"1."',
    '".5"',
    '"+1"',
    '" 1"',
    '"1 "',
    '"0x1"',
    '"01"',
    '"1,5"',
  ]) {
    assert.equal(
      codeOf(() => over(text).decimalText()),
      'bad_number',
      text,
    )
  }
  assert.equal(
    codeOf(() => over('1 ').decimalText()),
    'wrong_type',
  )
  assert.equal(
    codeOf(() => over('"1e999"').decimalText()),
    'precision',
  )
  assert.equal(
    codeOf(() => over(`"${'9'.repeat(100)}"`).decimalText()),
    'precision',
  )
})

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

test('nesting is bounded', () => {
  assert.equal(
    codeOf(() => over(nested(DEPTH_LIMIT)).skip()),
    undefined,
  )
  assert.equal(
    codeOf(() => over(nested(DEPTH_LIMIT + 1)).skip()),
    'depth',
  )
  assert.equal(
    codeOf(() => over('{"a":'.repeat(100_000)).skip()),
    'depth',
  )
})

const KEYS = new Keys('price', 'size', 'p', 'ps')

test('keys are told apart, and those that stood are known at the end', () => {
  const cursor = over('{"p":1,"zz":{"p":2,"p":3},"size":4}')
  const seen: number[] = []
  cursor.object()
  for (let key = cursor.key(KEYS); key !== END; key = cursor.key(KEYS)) {
    seen.push(key)
    cursor.skip()
  }
  assert.deepEqual(seen, [KEYS.index('p'), OTHER, KEYS.index('size')])
  assert.equal(cursor.closed, KEYS.bits('p', 'size'))
  assert.doesNotThrow(() => cursor.require(KEYS, KEYS.bits('p')))
  assert.throws(() => cursor.require(KEYS, KEYS.bits('price', 'ps')), {
    code: 'missing_field',
    message: 'missing price, ps at byte 35',
  })
})

test('a listed key that stands twice is refused', () => {
  const cursor = over('{"p":1,"p":2}')
  cursor.object()
  assert.equal(cursor.key(KEYS), KEYS.index('p'))
  cursor.skip()
  assert.equal(
    codeOf(() => cursor.key(KEYS)),
    'duplicate_key',
  )
})

test('a value can be gone back to', () => {
  const cursor = over('{"p":[1,2],"size":"x"}')
  cursor.object()
  cursor.key(KEYS)
  const place = cursor.at
  cursor.skip()
  cursor.key(KEYS)
  assert.equal(cursor.string(), 'x')
  assert.equal(cursor.key(KEYS), END)
  const end = cursor.at
  cursor.seek(place)
  assert.deepEqual(valueOf(cursor), ['1', '2'])
  cursor.seek(end)
  assert.doesNotThrow(() => cursor.finish())
})
