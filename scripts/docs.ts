// Writes the documents that are made from code. `--check` writes nothing and ends with 1 when one differs from its file.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { format, resolveConfig } from 'prettier'
import { bridgeMetricsReference } from '../src/alerts/metrics.ts'
import { cliReference } from '../src/cli/reference.ts'
import { configReference } from '../src/config/reference.ts'
import { exampleYaml } from '../src/config/rendering.ts'
import { metricsReference } from '../src/supervisor/metrics/reference.ts'
import { type GeneratedFile, staleFiles, writeFiles } from './generated.ts'
import { performanceChart, performanceText } from './performance.ts'
import { recordsReference, recordsSchema } from './records-reference.ts'

/** Every generated file. A document of something else is one more line here. */
const GENERATED: readonly GeneratedFile[] = [
  { path: 'docs/CONFIG.md', text: configReference },
  { path: 'docs/CLI.md', text: cliReference },
  { path: 'docs/RECORDS.md', text: recordsReference },
  { path: 'docs/METRICS.md', text: () => `${metricsReference()}\n${bridgeMetricsReference()}` },
  { path: 'docs/PERFORMANCE.md', text: performanceText },
  { path: 'docs/performance.svg', text: performanceChart },
  { path: 'schema/records.schema.json', text: recordsSchema },
  { path: 'marketprism.example.yaml', text: exampleYaml },
]

const ROOT = join(import.meta.dirname, '..')
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })

const files = await Promise.all(
  GENERATED.map(async ({ path, text }) => {
    const styled = await inStyle(path, text())
    return { path, text: () => styled }
  }),
)
if (values.check) {
  const stale = staleFiles(files, ROOT)
  for (const path of stale) console.error(`${path} is not what the code says: run 'npm run docs'`)
  process.exitCode = stale.length > 0 ? 1 : 0
} else {
  writeFiles(files, ROOT)
}

/** As prettier would leave it, which knows no pictures, so that the format check has nothing to say. */
async function inStyle(path: string, text: string): Promise<string> {
  if (path.endsWith('.svg')) return text
  const filepath = join(ROOT, path)
  return format(text, { ...(await resolveConfig(filepath)), filepath })
}
