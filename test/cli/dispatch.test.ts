import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EXIT } from '../../src/app/exit.ts'
import type { Command } from '../../src/cli/command.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { dispatch } from '../../src/cli/dispatch.ts'
import { FailureError } from '../../src/core/errors.ts'
import { memoryIo } from './memory-io.ts'

const PROGRAM = { version: '1.2.3', commands: COMMANDS }

async function run(...argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const memory = memoryIo()
  const code = await dispatch(PROGRAM, argv, memory.io)
  return { code, out: memory.out(), err: memory.err() }
}

for (const command of COMMANDS) {
  test(`help of ${command.name} has its options, examples and exit codes, and fits the terminal`, async () => {
    const { code, out } = await run(command.name, '--help')
    assert.equal(code, EXIT.ok)
    assert.ok(command.examples.length >= 1)
    for (const { line } of command.examples) assert.ok(out.includes(`  ${line}\n`), line)
    for (const { name } of command.options) assert.ok(out.includes(`--${name}`), name)
    for (const exit of command.exits) assert.match(out, new RegExp(`^  ${EXIT[exit]} `, 'm'))
    assert.deepEqual(await run('help', command.name), await run(command.name, '-h'))
  })

  test(`the examples of ${command.name} are read without a fault`, async () => {
    const { readArguments } = await import('../../src/cli/arguments.ts')
    for (const { line } of command.examples) {
      const [program, name, ...argv] = (line.split(' | ')[0] ?? '').split(' ')
      assert.deepEqual([program, name], ['marketprism', command.name])
      const outcome = readArguments(command, argv)
      assert.equal(outcome.name, 'ready', outcome.name === 'refused' ? outcome.faults.join() : '')
    }
  })

  test(`${command.name} refuses an option that it does not have, with its help named`, async () => {
    const operands = command.operands === undefined ? [] : ['file']
    const { code, out, err } = await run(command.name, ...operands, '--nonsense')
    assert.equal(code, EXIT.usage)
    assert.equal(out, '')
    assert.ok(err.includes(`marketprism ${command.name}: unknown option --nonsense\n`), err)
    assert.ok(err.includes(`'marketprism ${command.name} --help'`))
  })
}

test('help of the program lists every command', async () => {
  const { code, out } = await run('--help')
  assert.equal(code, EXIT.ok)
  for (const { name, summary } of COMMANDS) assert.ok(out.includes(name) && out.includes(summary), name)
})

test('without a command the help is an error', async () => {
  const { code, out, err } = await run()
  assert.deepEqual([code, out], [EXIT.usage, ''])
  assert.match(err, /^Usage: marketprism COMMAND/m)
})

test('an unknown command is told with the one that was meant', async () => {
  const { code, err } = await run('strat')
  assert.equal(code, EXIT.usage)
  assert.equal(err, "marketprism: unknown command 'strat'. Did you mean 'start'?\n")
  assert.match((await run('--verson')).err, /unknown option --verson/)
})

test('the version is that of the package', async () => {
  assert.equal((await run('--version')).out, 'marketprism 1.2.3\n')
})

const failing = (error: Error): Command => ({
  name: 'fail',
  summary: 'Fails.',
  doc: 'Fails.',
  options: [],
  examples: [],
  exits: ['bug'],
  async run() {
    throw error
  },
})

for (const [error, code, trace] of [
  [new FailureError('disk', 'no space left', { retryable: false }), EXIT.io, false],
  [new FailureError('locked', 'in use', { retryable: false }), EXIT.busy, false],
  [new FailureError('unreachable', 'no route', { retryable: true }), EXIT.unavailable, false],
  [new RangeError('a slip of ours'), EXIT.bug, true],
] as const) {
  test(`'${error.message}' ends a command with ${code}`, async () => {
    const memory = memoryIo()
    const program = { version: '1', commands: [failing(error)] }
    assert.equal(await dispatch(program, ['fail'], memory.io), code)
    assert.ok(memory.err().startsWith(`marketprism fail: ${error.message}\n`))
    assert.equal(memory.err().includes('    at '), trace)
  })
}
