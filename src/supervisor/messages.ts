import type { Report } from '../telemetry/report.ts'

/** What a message of a process is. */
export type Heard =
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'other' }
  /** Calls itself a report and is none of this role, or is nothing that could be read. */
  | { readonly kind: 'malformed' }

/**
 * Reads a message; a report is `{ kind: 'report', report }`. It comes from this very program, so only that is looked at without which
 * a reader would fail at once.
 */
export function readMessage(message: unknown, role: Report['role']): Heard {
  if (!isObject(message)) return { kind: 'malformed' }
  if (message['kind'] !== 'report') return { kind: 'other' }
  const report = message['report']
  return isReport(report, role) ? { kind: 'report', report } : { kind: 'malformed' }
}

function isReport(value: unknown, role: Report['role']): value is Report {
  if (!isObject(value) || value['role'] !== role || !isObject(value['process'])) return false
  return role === 'delivery' ? Array.isArray(value['sinks']) : isCollectorReport(value)
}

function isCollectorReport(value: Readonly<Record<string, unknown>>): boolean {
  return Array.isArray(value['venues']) && isObject(value['journal']) && isObject(value['shedding'])
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
