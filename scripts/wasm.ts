// Compiles the scanner: `npm run wasm [-- --check]`. What comes out is kept in the repository, since nobody needs the compiler to run or
// to build the program; the check compiles it again and compares.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type GeneratedFile, staleFiles, writeFiles } from './generated.ts'
import { installFolder } from './install.ts'

const ROOT = join(import.meta.dirname, '..')
const FOLDER = join(ROOT, 'wasm')
const COMPILER = join(FOLDER, 'node_modules/assemblyscript/bin/asc.js')
/** Pages of 64 KiB that the columns and the largest frame take: see wasm/memory.ts. */
const PAGES = 24
const LINE = 108

/** The bytes of the program. Throws `Error` with what the compiler says. */
function compile(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'marketprism-wasm-'))
  const out = join(folder, 'scan.wasm')
  const memory = ['--initialMemory', String(PAGES), '--maximumMemory', String(PAGES)]
  const args = [
    COMPILER,
    'scan.ts',
    '-O3',
    '--noAssert',
    '--runtime',
    'stub',
    '--use',
    'abort=',
    ...memory,
    '-o',
    out,
  ]
  try {
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: FOLDER, encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
    return readFileSync(out)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function moduleText(): string {
  const lines = compile()
    .toString('base64')
    .match(new RegExp(`.{1,${LINE}}`, 'g'))
  return [
    '// Compiled from wasm/ by `npm run wasm`.',
    '/** The scanner, a WebAssembly module, as base64. */',
    'export const SCAN_PROGRAM = `',
    ...(lines ?? []),
    '`',
    '',
  ].join('\n')
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const files: readonly GeneratedFile[] = [{ path: 'src/venues/scan-program.ts', text: moduleText }]
if (!installFolder(FOLDER)) {
  console.log('not checked: npm cannot install the compiler of the scanner here')
} else if (values.check) {
  const stale = staleFiles(files, ROOT)
  for (const path of stale) console.error(`${path} is not what wasm/ says: run npm run wasm`)
  process.exitCode = stale.length === 0 ? 0 : 1
} else writeFiles(files, ROOT)
