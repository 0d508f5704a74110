// Writes the files below ops/ that are made from ops/source/ and ops/site.json. `--check` writes nothing and ends with 1 when one differs.
// `--root FOLDER` writes them, or looks for them, elsewhere.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { OPS_FILES } from '../ops/source/files.ts'
import { staleFiles, writeFiles } from './generated.ts'

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    root: { type: 'string', default: join(import.meta.dirname, '..') },
  },
})

if (values.check) {
  const stale = staleFiles(OPS_FILES, values.root)
  for (const path of stale) console.error(`${path} is not what ops/source/ says: run 'npm run ops'`)
  process.exitCode = stale.length > 0 ? 1 : 0
} else {
  writeFiles(OPS_FILES, values.root)
}
