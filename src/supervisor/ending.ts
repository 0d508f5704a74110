import type { ProcessEnd } from '../runtime/processes.ts'
import type { EndReason } from './instance.ts'

/** Exit codes that this program ends with; all others are bugs. See docs/CLI.md. */
const REASON_BY_CODE: ReadonlyMap<number, EndReason> = new Map([
  [66, 'unavailable'],
  [69, 'unavailable'],
  [71, 'governor'],
  [74, 'unavailable'],
  [75, 'unavailable'],
  [78, 'config'],
])

/** Signals as a shell or an emulation tells them: 128 and their number. */
const SIGNAL_BY_CODE: ReadonlyMap<number, string> = new Map([
  [129, 'SIGHUP'],
  [130, 'SIGINT'],
  [134, 'SIGABRT'],
  [137, 'SIGKILL'],
  [139, 'SIGSEGV'],
  [143, 'SIGTERM'],
])

/** Of the words of a process, told with its end. */
const COMPLAINT_LIMIT = 300

/** All that is known of an end. */
export interface EndFacts {
  readonly end: ProcessEnd
  /** Its last lines, the newest last. */
  readonly lines: readonly string[]
  /** Why this program had asked it to end; `undefined` when it had not. */
  readonly askedFor: EndReason | undefined
  /** It was killed for its silence. */
  readonly isStalled: boolean
  /** The system has killed a process of the container for want of memory lately. */
  readonly isMemoryKill: boolean
}

/** Why a process ended. */
export interface Ending {
  readonly reason: EndReason
  readonly code: number | undefined
  /** In words. */
  readonly text: string
  /** The next one will end in the same way, until somebody changes something. */
  readonly isHopeless: boolean
}

/** Says why a process ended. Pure. */
export function endingOf(facts: EndFacts): Ending {
  const { code } = facts.end
  const reason = reasonOf(facts)
  const isHopeless = facts.askedFor === undefined && reason === 'config'
  return { reason, code, text: textOf(reason, facts).slice(0, COMPLAINT_LIMIT), isHopeless }
}

function reasonOf({ end, lines, askedFor, isStalled, isMemoryKill }: EndFacts): EndReason {
  if (end.failure !== undefined) return 'unavailable'
  // Before a stall: collecting garbage to the last is silence too.
  if (isHeapOut(end, lines)) return 'heap'
  if (askedFor !== undefined) return askedFor
  if (isStalled) return 'stall'
  const signal = signalOf(end)
  if (signal === 'SIGKILL' && isMemoryKill) return 'cgroup'
  // A clean end that nobody here has asked for was asked for by a signal from outside.
  if (signal !== undefined || end.code === 0) return 'killed'
  return REASON_BY_CODE.get(end.code ?? 0) ?? 'exception'
}

/** Node says so and aborts; a process that only tells of another's end goes on. */
function isHeapOut(end: ProcessEnd, lines: readonly string[]): boolean {
  return signalOf(end) !== undefined && lines.some((line) => line.includes('JavaScript heap out of memory'))
}

function signalOf({ code, signal }: ProcessEnd): string | undefined {
  return signal ?? SIGNAL_BY_CODE.get(code ?? 0)
}

function textOf(reason: EndReason, { end, lines, askedFor }: EndFacts): string {
  if (reason === askedFor) return 'it ended as it was asked to'
  switch (reason) {
    case 'cgroup':
      return 'the system killed it: the container is at its memory limit'
    case 'heap':
      return 'it ran out of heap'
    case 'stall':
      return 'it was silent for too long and was killed'
    case 'asked':
    case 'config':
    case 'exception':
    case 'governor':
    case 'killed':
    case 'unavailable':
      return endText(end, lines)
  }
}

function endText(end: ProcessEnd, lines: readonly string[]): string {
  if (end.failure !== undefined) return `it could not be started: ${end.failure}`
  const signal = signalOf(end)
  if (signal !== undefined) return `it was ended by ${signal}`
  const complaint = complaintOf(lines)
  const said = complaint === undefined ? '' : `: ${complaint}`
  return end.code === 0 ? 'it ended without having been asked to' : `it ended with code ${end.code}${said}`
}

/** The line that says most: the last that names an error, else the last that is not a frame of a stack. */
function complaintOf(lines: readonly string[]): string | undefined {
  const spoken = lines.filter(
    (line) => !/^(\s|Node\.js v|[{}]|Writing Node\.js report|Node\.js report)/.test(line),
  )
  return spoken.findLast((line) => /\bError\b|\w+Error: /.test(line)) ?? spoken.at(-1)
}
