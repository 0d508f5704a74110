// Writing files that are made from code, and telling those that differ.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A file that is made from code. */
export interface GeneratedFile {
  /** From the root. */
  readonly path: string
  readonly text: () => string
}

/** Writes every file below `root`. */
export function writeFiles(files: readonly GeneratedFile[], root: string): void {
  for (const { path, text } of files) {
    const target = join(root, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, text())
  }
}

/** The paths of files that are missing below `root`, or are not what the code says. */
export function staleFiles(files: readonly GeneratedFile[], root: string): readonly string[] {
  return files.filter(({ path, text }) => read(join(root, path)) !== text()).map(({ path }) => path)
}

/** The text of a file; `undefined` when there is none. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
}
