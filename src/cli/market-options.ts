import type { OptionDefinition } from './command.ts'

/** Options of the commands that emulate the venues. */
export const INSTRUMENTS: OptionDefinition = {
  kind: 'integer',
  name: 'instruments',
  placeholder: 'N',
  doc: 'Instruments a venue.',
  min: 1,
  max: 5_000,
  fallback: 2,
}

export const SEED: OptionDefinition = {
  kind: 'integer',
  name: 'seed',
  placeholder: 'N',
  doc: 'The same seed makes the same market.',
  min: 0,
  max: 4_294_967_295,
  fallback: 1,
}

export const PORT_BASE: OptionDefinition = {
  kind: 'integer',
  name: 'port-base',
  placeholder: 'PORT',
  doc: 'The venues listen on PORT and the four after it; 0: on free ones.',
  min: 0,
  max: 65_530,
  fallback: 0,
}
