import type { Report } from '../telemetry/report.ts'

/** Of the lines and of the report, characters each. */
const PART_LIMIT = 65_536

/** What is known of a process that is stuck. */
export interface EvidenceFacts {
  readonly name: string
  readonly pid: number | undefined
  readonly silentMs: number
  /** What the system says of it. */
  readonly system: string
  readonly lines: readonly string[]
  readonly report: Report | undefined
}

/** One text for a person who asks why it was stuck. Holds nothing of the environment. Pure. */
export function evidenceText({ name, pid, silentMs, system, lines, report }: EvidenceFacts): string {
  const lineText = lines.join('\n').slice(-PART_LIMIT)
  const reportText = report === undefined ? 'none' : JSON.stringify(report, undefined, 1).slice(0, PART_LIMIT)
  return [
    `${name}, process ${pid ?? 'unknown'}, not heard from for ${(silentMs / 1_000).toFixed(1)} s`,
    system.trimEnd(),
    `== last lines\n${lineText === '' ? 'none' : lineText}`,
    `== last report\n${reportText}`,
    '',
  ].join('\n')
}
