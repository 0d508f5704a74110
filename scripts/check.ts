// The whole check, in one order, to the first fault. `--only <stage>` runs one stage.
import { spawn } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { installTools } from './tools.ts'

/** Fewer modules than this means that the tool saw nothing and its "no violations" is worth nothing. */
const CRUISED_MIN = 150
/** A test that takes longer hangs, and is told by name. */
const TEST_TIMEOUT_MS = 300_000
/** A stage that takes longer is ended: what a hung test left open keeps its process alive. */
const STAGE_TIMEOUT_MS = 2_400_000
const ROOT = join(import.meta.dirname, '..')

interface Stage {
  readonly name: string
  readonly command: readonly [tool: string, ...args: string[]]
  /** Shown while it runs; otherwise the output is shown only of a stage that fails. */
  readonly live?: true
  /** Answers what is wrong with a run that ended with exit code 0. */
  readonly faultIn?: (output: string) => string | undefined
}

/** Whole instances are told by how quickly they answer: beside each other they would measure each other. */
const INSTANCES = 'test/instance/*.test.ts'

const testStage = (name: string, files: readonly string[], concurrency: number): Stage => ({
  name,
  command: [
    process.execPath,
    '--test',
    `--test-concurrency=${concurrency}`,
    '--test-reporter=spec',
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    ...files,
  ],
  live: true,
  faultIn: (output) => (countTests(output).passed === 0 ? 'No test passed' : undefined),
})

const instanceFiles = new Set(globSync(INSTANCES, { cwd: ROOT }))
const otherFiles = globSync('test/**/*.test.ts', { cwd: ROOT }).filter((file) => !instanceFiles.has(file))
const TESTS: readonly Stage[] = [
  testStage('tests', otherFiles, 2),
  testStage('instances', [...instanceFiles], 1),
]

const STAGES: readonly Stage[] = [
  { name: 'format', command: ['prettier', '--check', '--log-level=warn', '.'] },
  { name: 'types', command: ['tsc', '--pretty', 'false'] },
  {
    name: 'lint',
    command: ['oxlint', '--type-aware', '--deny-warnings', '--report-unused-disable-directives'],
    faultIn: findUnexplainedDisable,
  },
  { name: 'imports', command: ['depcruise', 'src'], faultIn: findShortCruise },
  { name: 'unused', command: ['knip', '--no-progress'] },
  { name: 'docs', command: [process.execPath, 'scripts/docs.ts', '--check'] },
  { name: 'ops', command: [process.execPath, 'scripts/ops.ts', '--check'] },
  { name: 'wasm', command: [process.execPath, 'scripts/wasm.ts', '--check'] },
  ...TESTS,
]

function findShortCruise(output: string): string | undefined {
  const cruised = Number(/\((\d+) modules/.exec(output)?.[1] ?? 0)
  return cruised < CRUISED_MIN
    ? `Only ${cruised} modules were cruised, at least ${CRUISED_MIN} exist`
    : undefined
}

/** A rule is disabled inline only with its reason: `// oxlint-disable-next-line complexity -- why`. */
function findUnexplainedDisable(): string | undefined {
  const unexplained = globSync('{src,test,bench,scripts,ops}/**/*.ts', {
    cwd: ROOT,
    exclude: ['**/node_modules/**'],
  }).flatMap((file) =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        /^\s*(\/\/|\/\*).*\b(ox|es)lint-disable(?!.* -- \S)/.test(line) ? [`${file}:${index + 1}`] : [],
      ),
  )
  return unexplained.length > 0 ? `Disabled without a reason: ${unexplained.join(', ')}` : undefined
}

/** Of all stages that have run tests. */
let counted = { passed: 0, failed: 0, skipped: 0 }

function countTests(output: string): { passed: number; failed: number; skipped: number } {
  const count = new Map([...output.matchAll(/^ℹ (\w+) (\d+)$/gm)].map(([, name, n]) => [name, Number(n)]))
  return {
    passed: count.get('pass') ?? 0,
    failed: (count.get('fail') ?? 0) + (count.get('cancelled') ?? 0),
    skipped: count.get('skipped') ?? 0,
  }
}

/** Runs a command with the tools of node_modules first on the path. */
async function run({ command: [tool, ...args], live }: Stage): Promise<{ code: number; output: string }> {
  const path = [join(ROOT, 'node_modules/.bin'), process.env['PATH']].join(delimiter)
  const child = spawn(tool, args, {
    cwd: ROOT,
    // The output is read, so it must come without colours.
    env: { ...process.env, PATH: path, FORCE_COLOR: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: STAGE_TIMEOUT_MS,
  })
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      chunks.push(text)
      if (live) process.stdout.write(text)
    })
  }
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.once('error', reject).once('close', (code) => resolve(code ?? 1))
  const code = await promise
  return { code, output: chunks.join('') }
}

/** Answers whether the stage passed. */
async function check(stage: Stage): Promise<boolean> {
  const startMs = performance.now()
  const { code, output } = await run(stage)
  const fault = code === 0 ? stage.faultIn?.(output) : `Exit code ${code}`
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1)
  if (fault !== undefined && stage.live === undefined) console.log(output.trimEnd())
  const notChecked = code === 0 ? /^not checked: .*$/m.exec(output)?.[0] : undefined
  console.log(`${stage.name.padEnd(9)} ${fault === undefined ? 'ok' : 'FAILED'} ${seconds.padStart(6)} s`)
  if (fault !== undefined || notChecked !== undefined) console.log(fault ?? notChecked)
  if (TESTS.includes(stage)) {
    const { passed, failed, skipped } = countTests(output)
    counted = {
      passed: counted.passed + passed,
      failed: counted.failed + failed,
      skipped: counted.skipped + skipped,
    }
  }
  return fault === undefined
}

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const stages = STAGES.filter(({ name }) => values.only === undefined || name === values.only)
if (stages.length === 0) {
  console.error(`No stage ${values.only}; there are ${STAGES.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}
const hasTests = stages.some((stage) => TESTS.includes(stage))
if (hasTests) installTools()
let isSound = true
for (const stage of stages) {
  // oxlint-disable-next-line no-await-in-loop -- one stage after the other, to the first fault
  isSound = await check(stage)
  if (!isSound) break
}
if (hasTests) console.log(`${counted.passed} passed, ${counted.failed} failed, ${counted.skipped} skipped`)
process.exit(isSound ? 0 : 1)
