import { readFileSync } from 'node:fs'

/** The version of the package that this file belongs to, from source as from the build. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const version: unknown = Object.entries(Object(JSON.parse(text))).find(([key]) => key === 'version')?.[1]
  return typeof version === 'string' ? version : 'unknown'
}
