import { type FailureCode, FailureError } from '../core/errors.ts'

/** The ways a command may end, in the order of their codes. */
export const EXIT_NAMES = [
  'ok',
  'difference',
  'usage',
  'input',
  'unavailable',
  'bug',
  'io',
  'busy',
  'config',
] as const
export type ExitName = (typeof EXIT_NAMES)[number]

/** Exit codes of every command: those of sysexits.h, and 1 for a check that found a difference. */
export const EXIT = {
  ok: 0,
  difference: 1,
  usage: 64,
  input: 66,
  unavailable: 69,
  bug: 70,
  io: 74,
  busy: 75,
  config: 78,
} as const satisfies Record<ExitName, number>

/** What each exit code tells whoever started the command. */
export const EXIT_MEANINGS: Readonly<Record<ExitName, string>> = {
  ok: 'Done, or ended as asked.',
  difference: 'Checked, and something differs from what it should be.',
  usage: 'The command line is wrong. Nothing was done.',
  input: 'A file that was named is missing, cannot be read, or is not what it should be.',
  unavailable: 'A service that is needed cannot be reached.',
  bug: 'A fault of the program itself. A restart may help; please report it.',
  io: 'A file could not be written: the disk is full or has failed.',
  busy: 'Another process has the folder or the port.',
  config: 'The configuration is wrong. Nothing was opened, and a restart will not help.',
}

/** Exit code for what a command threw: failures outside by their code, anything else is a bug. */
export function exitCodeOf(error: unknown): number {
  return error instanceof FailureError ? exitCodeOfFailure(error.code) : EXIT.bug
}

function exitCodeOfFailure(code: FailureCode): number {
  if (code === 'disk') return EXIT.io
  if (code === 'corrupt') return EXIT.input
  return code === 'locked' ? EXIT.busy : EXIT.unavailable
}
