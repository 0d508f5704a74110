import { counted } from '../screen.ts'
import { type Check, RESULTS, type Result } from './check.ts'

/** Everything that was found. */
export interface Diagnosis {
  /** The file that was read; `undefined` where the defaults stand alone. */
  readonly file: string | undefined
  readonly checks: readonly Check[]
  readonly seconds: number
}

const COLOURS: Readonly<Record<Result, string>> = {
  ok: '\u001B[32m',
  skipped: '\u001B[2m',
  warning: '\u001B[33m',
  fault: '\u001B[31m',
}
const BOLD = '\u001B[1m'
const PLAIN = '\u001B[0m'
/** What a venue or server says may be long, and is for a line. */
const TEXT_LIMIT = 400

/** The worst of them. */
export function worstOf(checks: readonly Check[]): Result {
  return RESULTS.findLast((result) => checks.some((check) => check.result === result)) ?? 'ok'
}

/** One JSON object, on one line. */
export function diagnosisJson({ file, checks, seconds }: Diagnosis): string {
  const told = checks.map(({ group, subject, ...finding }) => ({ group, check: subject, ...finding }))
  const counts = Object.fromEntries(RESULTS.map((result) => [result, countOf(checks, result)]))
  return `${JSON.stringify({ result: worstOf(checks), file: file ?? null, seconds, counts, checks: told })}\n`
}

/** Lines for people, in groups. */
export function diagnosisText({ checks, seconds }: Diagnosis, isColoured: boolean): string {
  const paint = (colour: string, text: string): string => (isColoured ? colour + text + PLAIN : text)
  const width = Math.max(...checks.map(({ subject }) => subject.length))
  const lines: string[] = []
  let group = ''
  for (const check of checks) {
    if (check.group !== group) lines.push(paint(BOLD, check.group))
    group = check.group
    const mark = paint(COLOURS[check.result], check.result.padEnd(7))
    lines.push(`  ${mark}  ${check.subject.padEnd(width)}  ${oneLine(check.text)}`)
    if ('advice' in check) lines.push(`  ${' '.repeat(7)}  ${' '.repeat(width)}  > ${check.advice}`)
  }
  return `${[...lines, '', summaryOf(checks, seconds)].join('\n')}\n`
}

/** `1 fault, 2 warnings, 20 ok, 3 skipped, in 0.4 s` */
function summaryOf(checks: readonly Check[], seconds: number): string {
  const told = [
    counted(countOf(checks, 'fault'), 'fault'),
    counted(countOf(checks, 'warning'), 'warning'),
    `${countOf(checks, 'ok')} ok`,
    `${countOf(checks, 'skipped')} skipped`,
  ]
  return `${told.join(', ')}, in ${seconds.toFixed(1)} s`
}

const countOf = (checks: readonly Check[], result: Result): number =>
  checks.filter((check) => check.result === result).length

/** Answers come from outside: nothing in them may move the cursor of a terminal. */
const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').slice(0, TEXT_LIMIT)
