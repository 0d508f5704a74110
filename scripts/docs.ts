// Writes the documents that are made from code. `--check` writes nothing and ends with 1 when one differs from its file.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { format, resolveConfig } from 'prettier'
import { bridgeMetricsReference } from '../src/alerts/metrics.ts'
import { cliReference } from '../src/cli/reference.ts'
import { configReference } from '../src/config/reference.ts'
import { exampleYaml } from '../src/config/rendering.ts'
import { metricsReference } from '../src/supervisor/metrics/reference.ts'
import { recordsReference, recordsSchema } from './records-reference.ts'

interface GeneratedFile {
  /** From the root of the repository. */
  readonly path: string
  readonly text: () => string
}

/** Every generated file. A document of something else is one more line here. */
const GENERATED: readonly GeneratedFile[] = [
  { path: 'docs/CONFIG.md', text: configReference },
  { path: 'docs/CLI.md', text: cliReference },
  { path: 'docs/RECORDS.md', text: recordsReference },
  { path: 'docs/METRICS.md', text: () => `${metricsReference()}\n${bridgeMetricsReference()}` },
  { path: 'schema/records.schema.json', text: recordsSchema },
  { path: 'marketprism.example.yaml', text: exampleYaml },
]

const ROOT = join(import.meta.dirname, '..')
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })

const files = await Promise.all(
  GENERATED.map(async ({ path, text }) => ({ path, text: await inStyle(path, text()) })),
)
if (values.check) check()
else write()

/** As prettier would leave it, so that the format check has nothing to say. */
async function inStyle(path: string, text: string): Promise<string> {
  const filepath = join(ROOT, path)
  return format(text, { ...(await resolveConfig(filepath)), filepath })
}

function check(): void {
  const stale = files.filter(({ path, text }) => read(path) !== text)
  for (const { path } of stale) console.error(`${path} is not what the code says: run 'npm run docs'`)
  process.exitCode = stale.length > 0 ? 1 : 0
}

function read(path: string): string | undefined {
  try {
    return readFileSync(join(ROOT, path), 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
}

function write(): void {
  for (const { path, text } of files) {
    const target = join(ROOT, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, text)
  }
}
