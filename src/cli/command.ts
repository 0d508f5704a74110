import type { ExitName } from '../app/exit.ts'
import type { Io } from '../app/io.ts'

/** One option of a command. `name` is without its dashes, `placeholder` stands for the value in help. */
export type OptionDefinition =
  | { readonly kind: 'flag'; readonly name: string; readonly doc: string }
  | {
      readonly kind: 'text'
      readonly name: string
      readonly doc: string
      readonly placeholder: string
      readonly fallback?: string
      /** May stand several times. */
      readonly isRepeated?: true
      /** An http: or https: URL like this one. */
      readonly urlLike?: string
    }
  | {
      /** Digits only, from `min` to `max`. */
      readonly kind: 'integer'
      readonly name: string
      readonly doc: string
      readonly placeholder: string
      readonly min: number
      readonly max: number
      readonly fallback?: number
    }

/** What a command takes besides options. */
interface OperandDefinition {
  readonly placeholder: string
  readonly doc: string
  readonly min: number
}

interface Example {
  readonly line: string
  readonly doc: string
}

/** The checked arguments of one command. Asking for an option that the command does not define is a `RangeError`. */
export interface Arguments {
  readonly operands: readonly string[]
  flag(name: string): boolean
  /** The last value given, or the fallback of the option. */
  text(name: string): string | undefined
  /** Every value given, in order. */
  texts(name: string): readonly string[]
  integer(name: string): number | undefined
}

/** One command of the program: help, docs/CLI.md and the reading of its arguments come from here. */
export interface Command {
  readonly name: string
  readonly summary: string
  /** A paragraph for help and document. */
  readonly doc: string
  readonly operands?: OperandDefinition
  readonly options: readonly OptionDefinition[]
  readonly examples: readonly Example[]
  /** Which exit codes it may end with, besides `bug`. */
  readonly exits: readonly ExitName[]
  /** Does it; answers the exit code. */
  run(args: Arguments, io: Io): Promise<number>
}
