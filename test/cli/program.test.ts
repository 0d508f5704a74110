import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

const ROOT = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'marketprism-cli-'))
after(() => rmSync(folder, { recursive: true }))

function run(script: string, argv: readonly string[]): { code: number | null; out: string; err: string } {
  const child = spawnSync(process.execPath, [join(ROOT, script), ...argv], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 20_000,
  })
  return { code: child.status, out: child.stdout, err: child.stderr }
}

const program = (...argv: readonly string[]) => run('bin/marketprism.mjs', argv)

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return name
}

test('the program tells its version and ends with 0', () => {
  const { code, out } = program('--version')
  assert.equal(code, 0)
  assert.match(out, /^marketprism \d+\.\d+\.\d+\n$/)
})

test('the program ends with 64 after a wrong command line', () => {
  for (const argv of [[], ['nonsense'], ['check', '--nonsense'], ['verify'], ['demo', '--seconds', 'soon']]) {
    const { code, out, err } = program(...argv)
    assert.deepEqual([code, out], [64, ''], argv.join(' '))
    assert.notEqual(err, '')
  }
})

test('top ends with 64 after what is no URL of HTTP, and says what it takes', () => {
  for (const url of ['localhost:8087', '127.0.0.1:8087', 'foo']) {
    const { code, out, err } = program('top', '--url', url)
    assert.deepEqual([code, out], [64, ''])
    assert.equal(
      err,
      `marketprism top: --url takes a URL such as http://collector-1:8087, not '${url}'\n'marketprism top --help' tells what it takes.\n`,
    )
  }
})

for (const [name, thrown, code, told] of [
  ['a bug', "new RangeError('a slip of ours')", 70, /^marketprism: RangeError: a slip of ours\n {4}at /],
  [
    'a full disk',
    "new FailureError('disk', 'no space left', { retryable: false })",
    74,
    /^marketprism: no space left\n$/,
  ],
] as const) {
  test(`${name} that a timer throws ends the program with ${code}`, () => {
    const preload = `
      import { FailureError } from '${join(ROOT, 'src/core/errors.ts')}'
      process.once('newListener', () => setImmediate(() => { throw ${thrown} }))`
    const child = spawnSync(
      process.execPath,
      ['--import', `./${write('preload.mjs', preload)}`, join(ROOT, 'src/cli/main.ts'), '--version'],
      { cwd: folder, encoding: 'utf8', timeout: 20_000 },
    )
    assert.equal(child.status, code, child.stderr)
    assert.match(child.stderr, told)
  })
}

test('check prints a sound configuration, which is read as the same, and ends with 0', () => {
  write('good.yaml', 'name: prism-1\njournal:\n  flush_ms: 5\n')
  const first = program('check', '--config', 'good.yaml')
  assert.equal(first.code, 0)
  assert.match(first.out, /^name: prism-1$/m)
  assert.match(first.out, /^ {2}flush_ms: 5$/m)
  const second = program('check', '--config', write('printed.yaml', first.out))
  assert.equal(second.out.replace('printed.yaml', 'good.yaml'), first.out)
})

test('check without a file tells the defaults', () => {
  const { code, out } = program('check')
  assert.equal(code, 0)
  assert.match(out, /^# no file: in effect\nname: marketprism$/m)
})

test('check --json gives configuration or faults to a program', () => {
  const good: unknown = JSON.parse(program('check', '--json', '--config', write('a.yaml', 'name: a\n')).out)
  assert.ok(typeof good === 'object' && good !== null && 'config' in good && 'file' in good)
  assert.equal(good.file, 'a.yaml')
  const { code, out } = program('check', '--json', '--config', write('b.yaml', 'nam: a\n'))
  assert.equal(code, 78)
  assert.deepEqual(Object.keys(JSON.parse(out)), ['file', 'faults'])
})

for (const command of ['check', 'start', 'plan', 'capture']) {
  test(`${command} ends with 78 after a wrong configuration, telling every fault`, () => {
    const file = write('bad.yaml', 'nam: a\njournal: {flush_ms: 0}\n')
    const { code, out, err } = program(command, '--config', file)
    assert.deepEqual([code, out], [78, ''])
    assert.match(err, /^bad\.yaml:1:1 nam: .*\n {4}did you mean `name`\?\nbad\.yaml:2:21 journal\.flush_ms: /)
  })

  test(`${command} ends with 66 when the configuration that was named is missing`, () => {
    const { code, err } = program(command, '--config', 'absent.yaml')
    assert.equal(code, 66)
    assert.match(err, /^absent\.yaml: cannot be read: /)
  })
}

test('a folder in place of a configuration ends with 66', () => {
  assert.equal(program('check', '--config', '.').code, 66)
})

test('the documents in the repository are what the code says', () => {
  const { code, err } = run('scripts/docs.ts', ['--check'])
  assert.equal(code, 0, err)
})
