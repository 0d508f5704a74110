import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readArguments } from '../../src/cli/arguments.ts'
import type { Arguments, Command } from '../../src/cli/command.ts'

const COMMAND: Command = {
  name: 'sample',
  summary: '',
  doc: '',
  operands: { placeholder: 'FILE...', doc: 'what to read', min: 1 },
  options: [
    { kind: 'flag', name: 'json', doc: '' },
    { kind: 'text', name: 'out', placeholder: 'DIR', doc: '', fallback: './out' },
    { kind: 'text', name: 'fault', placeholder: 'FAULT', doc: '', isRepeated: true },
    { kind: 'text', name: 'url', placeholder: 'URL', doc: '', urlLike: 'http://host:80' },
    { kind: 'integer', name: 'seconds', placeholder: 'N', doc: '', min: 1, max: 60 },
    { kind: 'integer', name: 'seed', placeholder: 'N', doc: '', min: 0, max: 9, fallback: 1 },
  ],
  examples: [],
  exits: [],
  run: () => Promise.resolve(0),
}

function ready(...argv: readonly string[]): Arguments {
  const outcome = readArguments(COMMAND, argv)
  assert.ok(outcome.name === 'ready', outcome.name === 'refused' ? outcome.faults.join() : outcome.name)
  return outcome.args
}

test('options stand before, between and after operands, with a space or an equals sign', () => {
  const args = ready('--out=a', 'one', '--seconds', '5', 'two', '--json')
  assert.deepEqual(args.operands, ['one', 'two'])
  assert.equal(args.text('out'), 'a')
  assert.equal(args.integer('seconds'), 5)
  assert.equal(args.flag('json'), true)
})

test('what is not given is the fallback, or nothing', () => {
  const args = ready('one')
  assert.equal(args.text('out'), './out')
  assert.equal(args.integer('seconds'), undefined)
  assert.equal(args.integer('seed'), 1)
  assert.equal(args.flag('json'), false)
  assert.deepEqual(args.texts('fault'), [])
})

test('a URL is http or https, and is given as it was typed', () => {
  for (const url of ['http://host', 'https://host:8087/', 'HTTP://[::1]:80']) {
    assert.equal(ready('one', '--url', url).text('url'), url)
  }
})

test('an option that may be repeated keeps every value in order', () => {
  assert.deepEqual(ready('one', '--fault', 'drop', '--fault=mute').texts('fault'), ['drop', 'mute'])
})

test('after -- everything is an operand', () => {
  assert.deepEqual(ready('--', '--json', '-h').operands, ['--json', '-h'])
})

test('asking for an option that the command does not define is a fault of the program', () => {
  assert.throws(() => ready('one').text('json'), RangeError)
  assert.throws(() => ready('one').integer('nonsense'), RangeError)
})

for (const [argv, faults] of [
  [['one', '--jsno'], ['unknown option --jsno; did you mean --json?']],
  [['one', '-x'], ['unknown option -x']],
  [['one', '--no-json'], ['unknown option --no-json']],
  [['one', '--__proto__=1'], ['unknown option --__proto__']],
  [['one', '--constructor'], ['unknown option --constructor']],
  [['one', '--json=yes'], ["--json takes no value, not 'yes'"]],
  [['one', '--out'], ['--out needs a value: --out DIR']],
  [['one', '--out='], ['--out needs a value: --out DIR']],
  [['one', '--out', '--json'], ['--out needs a value: --out DIR']],
  [['one', '--out', 'a', '--out', 'b'], ['--out stands twice']],
  [['one', '--seconds', '0'], ["--seconds takes a whole number from 1 to 60, not '0'"]],
  [['one', '--seconds', '61'], ["--seconds takes a whole number from 1 to 60, not '61'"]],
  [['one', '--seconds', '1.5'], ["--seconds takes a whole number from 1 to 60, not '1.5'"]],
  [['one', '--seconds', '5s'], ["--seconds takes a whole number from 1 to 60, not '5s'"]],
  [['one', '--seconds=-1'], ["--seconds takes a whole number from 1 to 60, not '-1'"]],
  [['one', '--seed', '1e0'], ["--seed takes a whole number from 0 to 9, not '1e0'"]],
  [['one', '--url', 'localhost:80'], ["--url takes a URL such as http://host:80, not 'localhost:80'"]],
  [['one', '--url', '127.0.0.1:80'], ["--url takes a URL such as http://host:80, not '127.0.0.1:80'"]],
  [['one', '--url', 'foo'], ["--url takes a URL such as http://host:80, not 'foo'"]],
  [['one', '--url', 'http://'], ["--url takes a URL such as http://host:80, not 'http://'"]],
  [['one', '--url', 'ws://host:80'], ["--url takes a URL such as http://host:80, not 'ws://host:80'"]],
  [[], ['needs FILE...: what to read']],
  [
    ['--a', '--b'],
    ['unknown option --a', 'unknown option --b', 'needs FILE...: what to read'],
  ],
] as const) {
  test(`'${argv.join(' ')}' is refused: ${faults.join(', ')}`, () => {
    assert.deepEqual(readArguments(COMMAND, argv), { name: 'refused', faults })
  })
}

test('a command without operands takes none', () => {
  const { operands: _, ...bare } = COMMAND
  assert.deepEqual(readArguments(bare, ['extra']), { name: 'refused', faults: ["takes no argument 'extra'"] })
})

test('--help wins over whatever else is wrong', () => {
  assert.deepEqual(readArguments(COMMAND, ['--nonsense', '--help']), { name: 'help' })
})
