import type { Place } from './source.ts'

/** One thing wrong with a configuration file: where it is, what would be right, and what to do. */
export interface ConfigFault extends Place {
  /** The key with its parents: `venues.okx-spot.instruments.1`; empty for the file as a whole. */
  readonly path: string
  readonly expected: string
  readonly found: string
  readonly hint: string
}

/** Faults shown of one file; the rest are counted. */
export const SHOWN_LIMIT = 50

/** The faults as a person reads them: `marketprism.yaml:12:5 journal.flush_ms: expected …, found … (hint)`. */
export function faultsText(file: string, faults: readonly ConfigFault[]): string {
  const lines = faults.slice(0, SHOWN_LIMIT).map(({ line, column, path, expected, found, hint }) => {
    const subject = path === '' ? '' : ` ${path}:`
    return `${file}:${line}:${column}${subject} expected ${expected}, found ${found}\n    ${hint}\n`
  })
  const more = faults.length - lines.length
  if (more > 0) lines.push(`and ${more} more\n`)
  return lines.join('')
}
