import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { faultsText, SHOWN_LIMIT } from '../../src/config/fault.ts'
import { CONFIG_LIMIT_BYTES, readConfig } from '../../src/config/loader.ts'
import { exampleYaml } from '../../src/config/rendering.ts'
import { configOf, faultsOf } from './bad-config.ts'

test('an empty map takes every default, as the example file does', () => {
  assert.deepEqual(configOf('{}'), configOf(exampleYaml()))
  assert.deepEqual(configOf('{}').venues.deribit.instruments, ['BTC-PERPETUAL', 'ETH-PERPETUAL'])
})

test('one key that is given leaves the others at their defaults', () => {
  const config = configOf('journal:\n  flush_ms: 5\n')
  assert.equal(config.journal.flushMs, 5)
  assert.deepEqual({ ...config, journal: configOf('{}').journal }, configOf('{}'))
})

test('a byte order mark and Windows line ends do not matter', () => {
  assert.equal(configOf('\uFEFFname: x\r\nbook:\r\n  level_limit: 500\r\n').book.levelLimit, 500)
})

test('symbols beyond ASCII and names that look like numbers in quotes are instruments', () => {
  const { instruments } = configOf('venues: {binance-spot: {instruments: [币安人生USDT, "1000"]}}').venues[
    'binance-spot'
  ]
  assert.deepEqual(instruments, ['币安人生USDT', '1000'])
})

test('an unquoted word that begins with digits is a word', () => {
  assert.equal(configOf('venues: {deribit: {book_stream: 100ms}}').venues.deribit.bookStream, '100ms')
})

test('all faults are told at once, in the order of the file', () => {
  const faults = faultsOf(
    'nam: x\njournal:\n  flush_ms: 0\n  fsync_ms: soon\nvenues:\n  deribit: {enabled: si}\nbook: []\n',
  )
  assert.deepEqual(
    faults.map(({ line, path }) => `${line} ${path}`),
    ['1 nam', '3 journal.flush_ms', '4 journal.fsync_ms', '6 venues.deribit.enabled', '7 book'],
  )
})

test('a fault reads as file, line, column, key, expectation, finding and hint', () => {
  assert.equal(
    faultsText('prod.yaml', faultsOf('journal:\n  flush_ms: 20ms\n')),
    [
      'prod.yaml:2:13 journal.flush_ms: expected a whole number from 1 to 1000, found "20ms"',
      "    digits only; the unit is in the name of the key: 'flush_ms: 2'",
      '',
    ].join('\n'),
  )
})

test('a file full of faults is cut short, and says so', () => {
  const yaml = Array.from({ length: 3_000 }, (_, index) => `key${index}: 1`).join('\n')
  const text = faultsText('config', faultsOf(yaml))
  assert.equal(text.match(/^config:/gm)?.length, SHOWN_LIMIT)
  assert.ok(text.endsWith(`and ${3_000 - SHOWN_LIMIT} more\n`))
})

test('bytes that are not UTF-8 are told with their line', () => {
  const bytes = Uint8Array.of(...new TextEncoder().encode('name: x\n# caf'), 0xe9, 10)
  const [fault] = faultsOf(bytes)
  assert.deepEqual(
    [fault?.line, fault?.expected, fault?.hint],
    [2, 'text in UTF-8', 'save the file as UTF-8'],
  )
})

test('UTF-16 is told by name', () => {
  assert.equal(faultsOf(Uint8Array.of(0xff, 0xfe, 110, 0))[0]?.found, 'UTF-16')
})

const filled = (length: number) => 'name: x\n#'.padEnd(length, '.')

test('a file over the limit is refused unread, one at the limit is read', () => {
  assert.match(faultsOf(filled(CONFIG_LIMIT_BYTES + 1))[0]?.expected ?? '', /at most 1000000 bytes/)
  assert.equal(configOf(filled(CONFIG_LIMIT_BYTES)).name, 'x')
})

test('aliases that would multiply are refused without being followed', () => {
  const rows = Array.from(
    { length: 9 },
    (_, row) =>
      `k${row}: &a${row} [${Array(9)
        .fill(`*a${row - 1}`)
        .join(', ')}]`,
  )
  const faults = faultsOf(['k: &a-1 [x]', ...rows].join('\n'))
  assert.ok(faults.every(({ found }) => /alias|anchor/.test(found)))
})

test('brackets without end are refused', () => {
  assert.equal(faultsOf('['.repeat(100_000)).length, 1)
  const deep = faultsOf(`${'{a: '.repeat(40)}1${'}'.repeat(40)}`)
  assert.deepEqual(
    deep.map(({ found }) => found),
    ['more than 16 levels'],
  )
})

test('20,000 keys are judged in time', () => {
  const yaml = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join('\n')
  assert.equal(faultsOf(yaml).length, 20_000)
})

test('whatever the bytes are, the answer is a configuration or placed faults with hints, and no exception', () => {
  const example = new TextEncoder().encode(exampleYaml())
  const mutated = fc
    .array(fc.tuple(fc.nat(example.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
    .map((changes) => {
      const bytes = example.slice()
      for (const [at, byte] of changes) bytes[at] = byte
      return bytes
    })
  const cut = fc.nat(example.length).map((length) => example.slice(0, length))
  fc.assert(
    fc.property(fc.oneof(mutated, cut, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      const outcome = readConfig(bytes)
      if ('config' in outcome) return
      assert.ok(outcome.faults.length > 0)
      for (const { line, column, expected, found, hint } of outcome.faults) {
        assert.ok(line >= 1 && column >= 1 && expected !== '' && found !== '' && hint !== '')
      }
    }),
    { numRuns: 300 },
  )
})
