import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { findCommand } from '../../scripts/tools.ts'
import { areVerified, processNamed, SupervisedInstance } from '../app/supervised.ts'
import { commandsOf, type DocumentCommand, readDocument, ROOT, simpleCommandsOf } from '../ops/documents.ts'
import { freePorts } from '../../scripts/programs.ts'
import { Neighbours } from '../ops/neighbours.ts'
import { Operator } from '../ops/operator.ts'

const DOCUMENTS = ['docs/runbook.md', 'docs/OPERATIONS.md']
const TOKEN = 'a-token-of-this-test'
const HEALTH_PORT = 8087
const METRICS_PORT = 9092
/** What ends the collector comes last: figures of the one that runs are asked for before. */
const ENDING = /\bPID\b/
/** Starts all neighbours by itself. */
const STACK = /^npm run stack /
/** A busy machine may bring the governor in, which holds each level for half a minute. */
const HEALTHY_LIMIT_MS = 180_000
const TEST = { timeout: 600_000 }

/** What a document says is not run: programs, and whole lines. */
function listedBy(text: string): readonly string[] {
  const table = text.slice(text.indexOf('\n## Commands that no test runs\n'))
  return [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, name = '']) => name)
}

const isListed = ({ text }: DocumentCommand, listed: readonly string[]): boolean =>
  listed.some((name) => text === name || text.split(' ', 1)[0] === name)

/** Every line of both documents that is to be run, once, and what they list in place of it. */
function linesToRun(): readonly DocumentCommand[] {
  const lines = new Map<string, DocumentCommand>()
  for (const document of DOCUMENTS) {
    const text = readDocument(document)
    const [commands, listed] = [commandsOf(text), listedBy(text)]
    for (const name of listed) {
      assert.ok(
        commands.some((command) => isListed(command, [name])),
        `${document} lists ${name} as not run, and does not have it`,
      )
    }
    for (const command of commands) if (!isListed(command, listed)) lines.set(command.text, command)
  }
  const all = [...lines.values()]
  return [...all.filter(({ text }) => !ENDING.test(text)), ...all.filter(({ text }) => ENDING.test(text))]
}

/** Why a line cannot be tried on this machine. */
function hindrance({ text }: DocumentCommand, missing: ReadonlyMap<number, string>): string | undefined {
  for (const [port, program] of missing) {
    if (text.includes(`localhost:${port}`) || STACK.test(text)) return program
  }
  const programs = simpleCommandsOf(text).map(([program = '']) => program)
  return programs.find(
    (program) =>
      !['marketprism', 'npx'].includes(program) && !isBuiltIn(program) && findCommand(program) === undefined,
  )
}

const isBuiltIn = (program: string): boolean => program === 'kill'

function tokenFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'marketprism-token-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'token'), `${TOKEN}\n`)
  return join(folder, 'token')
}

test(
  'every command of the runbook and of the operations document does what it should, on an instance that runs',
  TEST,
  async (t) => {
    const [health = 0, metrics = 0] = await freePorts(2)
    const token = tokenFile(t)
    await using neighbours = await Neighbours.start()
    await using instance = await SupervisedInstance.start({
      market: { speed: 1 },
      config: { http: { health_port: health, metrics_port: metrics, admin_token_file: token } },
    })
    await instance.untilVerified()
    await instance.until('it is healthy', ({ state }) => state === 'healthy', HEALTHY_LIMIT_MS)
    const ports = new Map([...neighbours.ports, [HEALTH_PORT, health], [METRICS_PORT, metrics]])
    const configFile = join(instance.folder, 'marketprism.yaml')
    using operator = new Operator({ folder: instance.folder, configFile, tokenFile: token }, ports)

    let run = 0
    for (const line of linesToRun()) {
      const lacking = hindrance(line, neighbours.missing)
      if (lacking !== undefined) {
        t.diagnostic(`not tried: ${line.text}: ${lacking} is not on this machine`)
        continue
      }
      const pid = String(processNamed(await instance.status(), 'collector').pid)
      const { code, text } = await operator.type(line, new Map([['PID', pid]]))
      assert.equal(code, 0, `line ${line.line}: ${line.text}\n${text.slice(-2_000)}`)
      run++
    }
    assert.ok(run > 50, `${run} lines`)
    t.diagnostic(`${run} lines`)
    const { status } = await instance.until(
      'it has another collector',
      (now) => areVerified(now) && processNamed(now, 'collector').restarts === 1,
    )
    assert.match(processNamed(status, 'collector').lastEnd ?? '', /^killed/)
    assert.equal(processNamed(status, 'delivery').restarts, 0)
  },
)

/** Of the operations document, those that begin with one of these programs. */
const operationsLines = (...programs: readonly string[]): readonly DocumentCommand[] =>
  commandsOf(readDocument('docs/OPERATIONS.md')).filter(({ text }) =>
    programs.includes(text.split(' ', 1)[0] ?? ''),
  )

const namesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })

test(
  'a backup has all that there was, and what is old goes from the store as the document says',
  TEST,
  async (t) => {
    await using instance = await SupervisedInstance.start({
      config: { journal: { segment_bytes: 1_048_576 } },
    })
    const store = join(instance.folder, 'parquet')
    const folder = join(store, 'manifests')
    const manifests = (): number => (existsSync(folder) ? readdirSync(folder).length : 0)
    await instance.untilVerified()
    await instance.until('three segments are in the store', () => manifests() >= 3)
    await instance.stop()
    const configFile = join(instance.folder, 'marketprism.yaml')
    using operator = new Operator({ folder: instance.folder, configFile, tokenFile: tokenFile(t) }, new Map())
    const type = async (text: string): Promise<string> => {
      const typed = await operator.type({ line: 0, text, assignments: [] }, new Map())
      assert.equal(typed.code, 0, `${text}\n${typed.text}`)
      return typed.text
    }
    const countOf = (config: string): Promise<string> =>
      type(
        `marketprism query --config ${config} --format csv "select count(*) as n, sum(seq) as s from deltas"`,
      )

    for (const { text } of operationsLines('mkdir', 'cp')) await type(text)
    const whole = await countOf('FILE')
    assert.match(whole, /^n,s\n[1-9]\d*,\d+\n$/)
    assert.equal(await countOf('RESTORED_FILE'), whole)

    const [before, longAgo] = [manifests(), Date.now() / 1_000 - 100 * 86_400]
    const isFirst = (name: string): boolean => /(^|\/)00000001[.-]/.test(name)
    for (const name of namesBelow(store).filter(isFirst)) utimesSync(join(store, name), longAgo, longAgo)
    const journal = join(instance.folder, 'journal')
    for (const name of namesBelow(journal).filter(isFirst)) rmSync(join(journal, name))
    for (const { text } of operationsLines('find')) await type(text)
    assert.deepEqual(namesBelow(store).filter(isFirst), [])
    assert.equal(manifests(), before - 1)
    const left = await countOf('FILE')
    assert.match(left, /^n,s\n[1-9]\d*,\d+\n$/)
    assert.notEqual(left, whole)
  },
)

test(
  'a command that does not exist, an option that is unknown and a metric that is not told fail',
  TEST,
  async (t) => {
    const token = tokenFile(t)
    const [health = 0, metrics = 0] = await freePorts(2)
    await using instance = await SupervisedInstance.start({
      config: { http: { health_port: health, metrics_port: metrics, admin_token_file: token } },
    })
    const configFile = join(instance.folder, 'marketprism.yaml')
    const ports = new Map([
      [HEALTH_PORT, health],
      [METRICS_PORT, metrics],
    ])
    using operator = new Operator({ folder: instance.folder, configFile, tokenFile: token }, ports)
    for (const text of [
      'marketprism gapes --config FILE',
      'npx marketprism gaps --config FILE --since yesterday',
      'curl -s localhost:8087/healthy',
      "curl -s localhost:9092/metrics | grep '^collector_nothing'",
      "curl -s -X POST 'localhost:8087/admin/objects'",
    ]) {
      const { code } = await operator.type({ line: 0, text, assignments: [] }, new Map())
      assert.notEqual(code, 0, text)
    }
    await assert.rejects(
      operator.type({ line: 0, text: 'ls OTHER', assignments: [] }, new Map()),
      /what is OTHER/,
    )
  },
)

test('npx finds the program in the folder of the repository', TEST, () => {
  const npx = findCommand('npx')
  assert.ok(npx !== undefined)
  const text = execFileSync(npx, ['marketprism', '--version'], { cwd: ROOT, encoding: 'utf8' })
  assert.match(text, /^marketprism \d+\.\d+\.\d+\n$/)
})
