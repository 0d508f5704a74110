import { VENUE_IDS } from '../core/ids.ts'
import type { Config } from './schema.ts'

/** Keys that are sound each by itself, but not together. `keys` leads to the one to change. */
export interface Conflict {
  readonly keys: readonly string[]
  readonly expected: string
  readonly found: string
  readonly hint: string
}

/** What the schema alone cannot say. Pure. */
export function findConflicts(config: Config): readonly Conflict[] {
  return [
    ...venueConflicts(config),
    ...depthConflicts(config),
    ...overrideConflicts(config),
    ...folderConflicts(config),
  ]
}

function* venueConflicts({ venues }: Config): Generator<Conflict> {
  const enabled = VENUE_IDS.filter((venue) => venues[venue].enabled)
  if (enabled.length === 0) {
    const hint = 'set `enabled: true` for one of them'
    yield { keys: ['venues'], expected: 'at least one venue that is enabled', found: 'none', hint }
  }
  for (const venue of enabled) {
    if (venues[venue].instruments.length > 0) continue
    const hint = 'name one, or set `enabled: false` for the venue'
    yield { keys: ['venues', venue, 'instruments'], expected: 'at least one instrument', found: 'none', hint }
  }
}

function* depthConflicts({ publish, book }: Config): Generator<Conflict> {
  const expected = `at most book.level_limit, ${book.levelLimit}`
  const hint = 'publish fewer levels, or keep more'
  if (publish.books.depth > book.levelLimit) {
    yield { keys: ['publish', 'books', 'depth'], expected, found: `${publish.books.depth}`, hint }
  }
  for (const [index, { depth }] of publish.overrides.entries()) {
    if (depth === undefined || depth <= book.levelLimit) continue
    yield { keys: ['publish', 'overrides', `${index}`, 'depth'], expected, found: `${depth}`, hint }
  }
}

function* overrideConflicts({ publish, venues }: Config): Generator<Conflict> {
  for (const [index, override] of publish.overrides.entries()) {
    const { instrument: _, venue, ...choices } = override
    const keys = ['publish', 'overrides', `${index}`]
    if (Object.values(choices).every((choice) => choice === undefined)) {
      const hint = 'add one of them, or take the entry out'
      yield { keys, expected: 'one of deltas, books, depth, every_ms', found: 'none', hint }
    }
    if (venue !== undefined && !venues[venue].enabled) {
      const hint = 'enable it, or take the entry out'
      yield {
        keys: [...keys, 'venue'],
        expected: 'a venue that is enabled',
        found: `\`${venue}\`, which is not`,
        hint,
      }
    }
  }
}

function* folderConflicts({ journal, capture }: Config): Generator<Conflict> {
  if (plainFolder(journal.folder) !== plainFolder(capture.folder)) return
  const hint = 'give each its own folder'
  yield {
    keys: ['capture', 'folder'],
    expected: 'another folder than that of the journal',
    found: 'the same',
    hint,
  }
}

const plainFolder = (folder: string): string =>
  folder.replaceAll(/\/+(\.?\/+)*/g, '/').replaceAll(/^\.\/|\/\.?$/g, '')
