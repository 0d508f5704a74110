import { readFileSync } from 'node:fs'
import type { Described } from './described.ts'

/**
 * One frame written from a venue's sheet, and what it must come to. Lines of `fixtures/<venue>.ndjson`:
 *
 *     {"name":"a diff","frame":"{\"e\":\"depthUpdate\",…}","expect":{"events":[{"kind":"delta",…}]}}
 *     {"name":"a negative size","frame":"…","expect":{"refused":"negative"}}
 *
 * Parts of `expect` that are left out are empty or 0.
 */
export interface FixtureFrame {
  readonly name: string
  readonly frame: string
  readonly expect: Partial<Described> | { readonly refused: string }
}

/** The fixtures of a venue, and which of them are good frames. */
export function fixturesOf(venue: string): readonly FixtureFrame[] {
  const text = readFileSync(new URL(`fixtures/${venue}.ndjson`, import.meta.url), 'utf8')
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as FixtureFrame)
}

export const isRefused = ({ expect }: FixtureFrame): boolean => 'refused' in expect

const encoder = new TextEncoder()
export const bytesOf = (text: string): Uint8Array => encoder.encode(text)
