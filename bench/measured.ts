// What benches do with their figures. What they leave in a file, each its own part, docs/PERFORMANCE.md is made of.
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { Figures } from './speed/run.ts'

/** As sysexits.h has it. */
const USAGE_FAULT = 64

export interface SpeedMeasured {
  /** By input and candidate, a run a round. */
  readonly inputs: Readonly<Record<string, Readonly<Record<string, readonly Figures[]>>>>
  /** Rows of sizes, each held against its first. Costs are ns a message, one a round. */
  readonly growth: readonly (readonly { readonly name: string; readonly costs: readonly number[] }[])[]
  readonly memory: {
    readonly books: number
    readonly levels: number
    readonly bytesALevel: number
    readonly rssMb: number
  }
}

export interface SocketMeasured {
  /** Frames per second of processor time, one a round. */
  readonly floods: readonly {
    readonly name: string
    readonly bare: readonly number[]
    readonly collector: readonly number[]
  }[]
  /** Shares are percent of a processor. */
  readonly replays: readonly {
    readonly speed: number
    readonly rate: number
    readonly share: number
    readonly loopDelayP99Ms: number
    readonly lagP99Ms: number
    readonly lagMostMs: number
  }[]
  readonly paced: readonly {
    readonly name: string
    readonly rate: number
    readonly total: number
    readonly loopDelayP99Ms: number
    /** Of the collector. */
    readonly rssMb: number
  }[]
}

export interface Measured {
  /** Where it was measured, in words. */
  readonly machine: string
  readonly speed: SpeedMeasured
  readonly socket: SocketMeasured
}

/** The one in the middle; NaN of none. */
export const median = (numbers: readonly number[]): number =>
  numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? NaN

/**
 * The options that `parse` answers; where it throws, or they make no sense together, says so with the usage and ends. A part of the
 * figures would stand in the file for all of them.
 */
export function parsed<T extends BenchOptions>(parse: () => { readonly values: T }, usage: string): T {
  try {
    const { values } = parse()
    if (!(Number(values.rounds ?? 1) >= 1))
      throw new RangeError(`--rounds ${values.rounds}: no number of rounds`)
    if ((values.only !== undefined || values.quick === true) && values.json !== undefined)
      throw new RangeError('--only and --quick measure a part, and --json wants all of it')
    return values
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error), usage)
  }
}

/** Says what is wrong with the options, with the usage, and ends. */
export function refuse(fault: string, usage: string): never {
  console.error(`${fault}\nUsage: ${usage}`)
  process.exit(USAGE_FAULT)
}

interface BenchOptions {
  readonly quick?: boolean
  readonly rounds?: string
  readonly only?: string
  readonly json?: string
}

/** The machine, as far as it tells of itself. */
function machineText(): string {
  const all = cpus()
  return `${all.length} processors, ${all[0]?.model ?? 'of no name'}, Node.js ${process.versions.node}.`
}

/** Puts a part into the file at `path`, beside what is there. Where the exit code tells of a fault, says that nothing is kept. */
export function keep(path: string, part: Partial<Measured>): void {
  if (process.exitCode !== undefined) {
    console.error(`Nothing was kept in ${path}: the figures are of a run with faults`)
    return
  }
  let before: Partial<Measured> = {}
  try {
    before = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause
  }
  writeFileSync(path, `${JSON.stringify({ ...before, machine: machineText(), ...part }, null, 2)}\n`)
}
