import type { CaptureReport } from './verify-capture.ts'

/** What is compared, where the expectation has it. Lists of objects are matched by these keys. */
const MATCH_KEYS = ['symbol', 'channel', 'conn', 'stream', 'applied'] as const
/** Told by us alone. */
const OWN = new Set(['refused'])

/**
 * Differences between a report and what is expected of the capture, each as one line naming the place. Every field that we tell
 * and that is expected is compared; an expected object that we do not have, or one of ours that is not expected, is a difference.
 */
export function compareReports(report: CaptureReport, expected: unknown): readonly string[] {
  if (!isObject(expected)) return ['the expectation is no JSON object']
  const lacks = ['symbols', 'trades'].filter((key) => !isObjects(expected[key]))
  if (lacks.length > 0) return lacks.map((key) => `the expectation has no list of ${key}`)
  const differences: string[] = []
  const ours: unknown = JSON.parse(JSON.stringify(report))
  compareValues(ours, expected, '', differences)
  return differences
}

function compareValues(ours: unknown, expected: unknown, place: string, differences: string[]): void {
  if (isObjects(ours) && isObjects(expected)) compareLists(ours, expected, place, differences)
  else if (isObject(ours) && isObject(expected)) compareObjects(ours, expected, place, differences)
  else if (JSON.stringify(ours) !== JSON.stringify(expected)) {
    differences.push(`${place}: is ${short(ours)}, expected ${short(expected)}`)
  }
}

function compareObjects(ours: Fields, expected: Fields, place: string, differences: string[]): void {
  for (const [key, value] of Object.entries(ours)) {
    if (OWN.has(key) || (place !== '' && isMatchKey(key)) || !(key in expected)) continue
    compareValues(value, expected[key], `${place} ${key}`.trim(), differences)
  }
  for (const key of MUST_HAVE) {
    if (key in expected && !(key in ours)) differences.push(`${place} ${key}: expected, and missing`)
  }
}

/** Fields whose absence on our side is a difference: a book that should be valid and is not. */
const MUST_HAVE = [
  'full_depth_sha256',
  'bid_levels',
  'ask_levels',
  'checkpoints',
  'checksum',
  'symbols',
  'trades',
] as const

function compareLists(
  ours: readonly Fields[],
  expected: readonly Fields[],
  place: string,
  differences: string[],
): void {
  const rest = new Set(ours)
  for (const wanted of expected) {
    const keys = MATCH_KEYS.filter((key) => key in wanted)
    const name = `${place} ${keys.map((key) => String(wanted[key])).join(' ')}`.trim()
    const found = [...rest].find((own) => keys.every((key) => own[key] === wanted[key]))
    if (found === undefined) differences.push(`${name}: expected, and missing`)
    else {
      rest.delete(found)
      compareValues(found, wanted, name, differences)
    }
  }
  for (const own of rest) {
    const keys = MATCH_KEYS.filter((key) => key in own)
    differences.push(`${place} ${keys.map((key) => short(own[key])).join(' ')}: not expected`)
  }
}

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isObjects = (value: unknown): value is readonly Fields[] =>
  Array.isArray(value) && value.every(isObject)

const isMatchKey = (key: string): boolean => MATCH_KEYS.some((known) => known === key)

const short = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'absent'
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}
