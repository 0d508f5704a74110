// Compiles the kernel: `npm run wasm [-- --check]`. What comes out is kept in the repository, since nobody needs the compiler to run or
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
/** Comes with the compiler, which does not let it be told what to inline. */
const OPTIMIZER = join(FOLDER, 'node_modules/binaryen/bin/wasm-opt')
const FEATURES = ['simd', 'bulk-memory', 'sign-ext', 'nontrapping-float-to-int', 'mutable-globals']
/** Steps of a walk are called some hundred times a frame: inlined, a scan takes a tenth less. */
const INLINING = ['--flexible-inline-max-function-size=100', '--inline-functions-with-loops']
/** Behind the largest frame and its columns: see wasm/memory.ts. */
const BASE = 24 * 64 * 1024
const LINE = 240

/** The bytes of the program. Throws `Error` with what the compiler says. */
function compile(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'marketprism-wasm-'))
  const out = join(folder, 'kernel.wasm')
  const options = [
    '-O3',
    '--noAssert',
    '--enable',
    'simd',
    '--runtime',
    'minimal',
    '--use',
    'abort=',
    '--memoryBase',
    String(BASE),
  ]
  try {
    run(COMPILER, 'kernel.ts', ...options, '-o', out)
    run(OPTIMIZER, '-O3', ...INLINING, ...FEATURES.map((name) => `--enable-${name}`), out, '-o', out)
    const program = readFileSync(out)
    const { COLUMNS_END: end } = new WebAssembly.Instance(new WebAssembly.Module(program)).exports
    if (!(end instanceof WebAssembly.Global) || !(Number(end.value) <= BASE))
      throw new Error(`the columns of wasm/memory.ts do not end before ${BASE}`)
    return program
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function run(...args: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: FOLDER, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}

function moduleText(): string {
  const lines = compile()
    .toString('base64')
    .match(new RegExp(`.{1,${LINE}}`, 'g'))
  return [
    '// Compiled from wasm/ by `npm run wasm`.',
    '/** The kernel, a WebAssembly module, as base64. */',
    'export const KERNEL_PROGRAM = `',
    ...(lines ?? []),
    '`',
    '',
  ].join('\n')
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const files: readonly GeneratedFile[] = [{ path: 'src/core/kernel-program.ts', text: moduleText }]
if (!installFolder(FOLDER)) {
  console.log('not checked: npm cannot install the compiler of the kernel here')
} else if (values.check) {
  const stale = staleFiles(files, ROOT)
  for (const path of stale) console.error(`${path} is not what wasm/ says: run npm run wasm`)
  process.exitCode = stale.length === 0 ? 0 : 1
} else writeFiles(files, ROOT)
