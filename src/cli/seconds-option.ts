import type { OptionDefinition } from './command.ts'

/** The option of every command that runs until it is told to stop. */
export const SECONDS: OptionDefinition = {
  kind: 'integer',
  name: 'seconds',
  placeholder: 'N',
  doc: 'Stop after so long. Without it: until told to.',
  min: 1,
  max: 31_536_000,
}
