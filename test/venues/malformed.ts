import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LEVEL_LIMIT } from '../../src/core/columns.ts'
import { type Bench, type Outcome, outcomeOf } from './described.ts'
import { bytesOf, type FixtureFrame } from './fixture-lines.ts'
import { type JsonText, parseText, scalar, variants, writeText } from './json-text.ts'

const MUTATIONS = 4_000
/** Frames of several megabytes that are tried. */
const LARGE_FRAMES = 3
const NOT_JSON = ['NaN', 'Infinity', '-Infinity', 'undefined', '+1', '01', '.5', '1.', '1e', '0x10', "'1'"]
const OTHER_KINDS = ['null', 'true', '{}', '[]', '""', '5', '-5', '1e999', '"NaN"', '"1e999"', '"\\ud800"']
const BAD_AMOUNTS = ['NaN', 'Infinity', '-Infinity', 'x', '1,5', '0x10', '1.', '.5', '01', '+1', ' 1', '']
const ODD_FRAMES = ['', ' ', '{}', '[]', 'null', '1', '"x"', '{', '[[', '{"a"}', '\u0000', '\ufeff{}']

/** The part of the conformance suite about frames that nobody should send. `frames` are good ones. */
export function malformedSuite(bench: Bench, frames: readonly FixtureFrame[]): void {
  const { id } = bench.venue
  const decode = (text: string): Outcome => outcomeOf(bench, bytesOf(text))
  const objects = frames.filter(({ frame }) => frame.startsWith('{'))
  const trees = objects.map(({ frame }) => parseText(frame))
  const data = objects.filter(hasEvents).map(({ frame }) => parseText(frame))

  test(`${id}: a frame cut anywhere is refused, or says something whole`, () => {
    for (const { frame } of frames) {
      const bytes = bytesOf(frame)
      for (let length = 0; length < bytes.length; length++) outcomeOf(bench, bytes.subarray(0, length))
    }
    const [first] = frames
    assert.deepEqual(decode(first?.frame.slice(0, -1) ?? ''), { refused: 'truncated' })
  })

  test(`${id}: a frame with bytes changed, lost, added or repeated is refused, or says something whole`, () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(edit, { minLength: 1, maxLength: 4 }), (pick, edits) => {
        const bytes = bytesOf(frames[pick % frames.length]?.frame ?? '')
        outcomeOf(bench, edits.reduce(edited, bytes))
      }),
      { numRuns: MUTATIONS },
    )
  })

  test(`${id}: nesting without end is refused`, () => {
    const deep = scalar(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)
    for (const tree of trees)
      assert.deepEqual(decode(writeText(withEntry(tree, '"zz"', deep))), { refused: 'depth' })
  })

  test(`${id}: more levels than any book has are refused`, () => {
    const seen = data
      .flatMap(enlarged)
      .slice(0, LARGE_FRAMES)
      .map((tree) => decode(writeText(tree)))
    assert.notEqual(seen.length, 0)
    for (const outcome of seen) assert.deepEqual(outcome, { refused: 'too_large' })
  })

  test(`${id}: a key that stands twice is refused where it matters, and changes nothing elsewhere`, () => {
    let refused = 0
    for (const tree of trees) {
      const plain = decode(writeText(tree))
      for (const twice of variants(tree, doubled)) {
        const outcome = decode(writeText(twice))
        if ('refused' in outcome) refused++
        assert.deepEqual(outcome, 'refused' in outcome ? { refused: 'duplicate_key' } : plain)
      }
    }
    assert.notEqual(refused, 0)
  })

  test(`${id}: keys that name the insides of objects are keys like others`, () => {
    for (const tree of trees) {
      const plain = decode(writeText(tree))
      for (const key of ['"__proto__"', '"constructor"', '"prototype"', '"toString"', '""']) {
        const odd = variants(tree, (node) =>
          node.type === 'object'
            ? [withEntry(node, key, parseText('{"prototype":{"oops":1},"oops":1}'))]
            : [],
        )
        for (const other of odd) assert.deepEqual(withoutIds(decode(writeText(other))), withoutIds(plain))
      }
    }
    assert.equal(Reflect.get({}, 'oops'), undefined)
  })

  test(`${id}: what is not JSON is refused wherever it stands`, () => {
    for (const tree of trees) {
      for (const bad of variants(tree, (node) => (node.type === 'scalar' ? NOT_JSON.map(scalar) : []))) {
        assertRefused(
          decode(writeText(bad)),
          ['syntax', 'bad_number', 'wrong_type', 'truncated'],
          writeText(bad),
        )
      }
    }
  })

  test(`${id}: a value of another kind is refused, or says something whole`, () => {
    for (const tree of trees) {
      for (const other of variants(tree, () => OTHER_KINDS.map(scalar))) decode(writeText(other))
    }
  })

  test(`${id}: a price or size that is no plain decimal is refused for what it is`, () => {
    const amounts = data.flatMap((tree) => [...variants(tree, levelAmounts)])
    assert.notEqual(amounts.length, 0)
    for (const bad of amounts) {
      assertRefused(decode(writeText(bad)), ['bad_number', 'wrong_type', 'syntax'], writeText(bad))
    }
    for (const tree of data) {
      for (const huge of variants(tree, (node) => withAmount(node, ['1e999'], [0, 1]))) {
        assert.deepEqual(decode(writeText(huge)), { refused: 'precision' })
      }
      for (const negative of variants(tree, (node) => withAmount(node, ['-0.5', '-1'], [1]))) {
        assert.deepEqual(decode(writeText(negative)), { refused: 'negative' })
      }
    }
  })

  test(`${id}: odd frames hold no data`, () => {
    for (const text of ODD_FRAMES) {
      const outcome = decode(text)
      assert.deepEqual('refused' in outcome ? [] : outcome.events, [], JSON.stringify(text))
    }
    assert.deepEqual(decode(''), { refused: 'truncated' })
  })

  test(`${id}: bytes that are no UTF-8 are refused, or say something whole`, () => {
    for (const { frame } of frames) {
      for (const at of [...frame.matchAll(/"/g)].map((match) => match.index)) {
        outcomeOf(bench, edited(bytesOf(frame), { at: at + 1, remove: 0, insert: Uint8Array.of(0xff, 0xc0) }))
      }
    }
  })

  test(`${id}: a frame that was refused leaves nothing behind in the next`, () => {
    for (const { frame } of frames) {
      const plain = decode(frame)
      decode(frame.slice(0, -1))
      assert.deepEqual(decode(frame), plain)
    }
  })
}

interface Edit {
  readonly at: number
  readonly remove: number
  readonly insert: Uint8Array
}

const structural = fc.constantFrom(...bytesOf('{}[]",:\\0123456789-.eE \u0000nulltruefalse'))
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat({ max: 5_000 }),
  remove: fc.nat({ max: 8 }),
  insert: fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    fc.array(structural, { maxLength: 4 }).map((bytes) => Uint8Array.from(bytes)),
  ),
})

function edited(bytes: Uint8Array, { at, remove, insert }: Edit): Uint8Array {
  const from = bytes.length === 0 ? 0 : at % bytes.length
  return Uint8Array.of(...bytes.subarray(0, from), ...insert, ...bytes.subarray(from + remove))
}

function assertRefused(outcome: Outcome, codes: readonly string[], frame: string): void {
  assert.ok('refused' in outcome, `accepted: ${frame}`)
  assert.ok(codes.includes(outcome.refused), `${outcome.refused}: ${frame}`)
}

function withEntry(node: JsonText, key: string, value: JsonText): JsonText {
  return node.type === 'object' ? { type: 'object', entries: [...node.entries, [key, value]] } : node
}

function doubled(node: JsonText): readonly JsonText[] {
  if (node.type !== 'object') return []
  return node.entries.map((entry) => ({ type: 'object', entries: [...node.entries, entry] }))
}

/** Rows of levels: arrays that begin with text or numbers, two at least of which look like decimals. */
function isLevels(node: JsonText): node is JsonText & { type: 'array' } {
  if (node.type !== 'array') return false
  const [row] = node.items
  return row !== undefined && decimalPlaces(row).length >= 2
}

function decimalPlaces(row: JsonText): readonly number[] {
  if (row.type !== 'array') return []
  return row.items.flatMap((item, at) => (item.type === 'scalar' && /^"?-?\d/.test(item.text) ? [at] : []))
}

/** The frame with one list of levels far too long. */
function enlarged(tree: JsonText): readonly JsonText[] {
  const large = variants(tree, (node) => (isLevels(node) ? [repeated(node, LEVEL_LIMIT + 1)] : []))
  return [...large].slice(0, 1)
}

function repeated(node: JsonText & { type: 'array' }, count: number): JsonText {
  const [row] = node.items
  return { type: 'array', items: Array.from({ length: count }, () => row ?? scalar('0')) }
}

const levelAmounts = (node: JsonText): readonly JsonText[] => withAmount(node, BAD_AMOUNTS, [0, 1])

/** The first row of levels with its price (0) or size (1) replaced, in quotes where the venue quotes. */
function withAmount(
  node: JsonText,
  amounts: readonly string[],
  parts: readonly (0 | 1)[],
): readonly JsonText[] {
  if (!isLevels(node)) return []
  const [row] = node.items
  if (row?.type !== 'array') return []
  return parts.flatMap((part) => {
    const at = decimalPlaces(row)[part] ?? 0
    const item = row.items[at]
    const isQuoted = item?.type === 'scalar' && item.text.startsWith('"')
    // Without quotes a blank before a number is JSON, and a comma makes two values.
    const bare = amounts.filter((amount) => !/[ ,]/.test(amount))
    return (isQuoted ? amounts : bare).map((amount): JsonText => {
      const bad = {
        type: 'array',
        items: row.items.with(at, scalar(isQuoted ? `"${amount}"` : amount)),
      } as const
      return { type: 'array', items: node.items.with(0, bad) }
    })
  })
}

/** True for a fixture that becomes records. */
const hasEvents = ({ expect }: FixtureFrame): boolean =>
  !('refused' in expect) && (expect.events ?? []).length > 0

/** Ids that a list of answers names are its keys; an entry more in it is no difference in data. */
const withoutIds = (outcome: Outcome): unknown => ('refused' in outcome ? outcome : outcome.events)
