import { once } from 'node:events'
import type { CaptureLine } from '../core/capture.ts'
import { VENUE_IDS } from '../core/ids.ts'
import { captureModel } from '../emulator/capture-model.ts'
import type { EmulatedVenue } from '../emulator/model.ts'
import { type EmulatedServer, serveVenues } from '../emulator/server.ts'
import { venueModel } from '../emulator/venue-model.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { systemRuntime } from '../runtime/system.ts'
import { CaptureError, readCapture } from './capture-reader.ts'
import { unknownVenue, venueOfCapture } from './capture-venue.ts'
import { EXIT } from './exit.ts'
import { type NamedFault, parseFault } from './fault-option.ts'
import type { Io } from './io.ts'
import { untilStopped } from './until-stopped.ts'

export interface EmulatorRun {
  readonly instruments: number
  readonly seed: number
  /** First of the ports, one a venue; 0: free ones. */
  readonly portBase: number
  /** Captures to play in place of the generator, for their venues. */
  readonly captures: readonly string[]
  readonly speed: number
  /** As on the command line; see `parseFault`. */
  readonly faults: readonly string[]
}

/** Serves the venues on this machine until a signal. Answers the exit code. */
export async function runEmulator(run: EmulatorRun, io: Io): Promise<number> {
  const faults = run.faults.map((text) => parseFault(text))
  const problems = faults.flatMap((fault) => ('problem' in fault ? [fault.problem] : []))
  if (problems.length > 0) {
    for (const problem of problems) io.stderr.write(`--fault: ${problem}\n`)
    return EXIT.usage
  }
  const runtime = systemRuntime()
  const models = await makeModels(run, runtime, io)
  if (typeof models === 'number') return models
  const servers = await serve(models, run, runtime, io)
  if (servers === undefined) return EXIT.busy
  for (const fault of faults) if ('fault' in fault) setFault(fault, models)
  for (const { venue, streamUrl, restUrl } of servers) io.stdout.write(`${venue} ${streamUrl} ${restUrl}\n`)
  // A demo that has ended, however, takes its emulator with it.
  await Promise.race([untilStopped(io, undefined), once(process, 'disconnect')])
  await Promise.all(servers.map((server) => server.stop()))
  return EXIT.ok
}

async function serve(
  models: readonly EmulatedVenue[],
  run: EmulatorRun,
  runtime: Runtime,
  io: Io,
): Promise<readonly EmulatedServer[] | undefined> {
  try {
    return await serveVenues(models, runtime.timers, { firstPort: run.portBase })
  } catch (error) {
    const { cause } = Object(error)
    io.stderr.write(
      `the emulated venues cannot listen: ${cause instanceof Error ? cause.message : String(error)}\n`,
    )
    return undefined
  }
}

/** A generated venue for each, or the captures that were named for theirs; an exit code when one cannot be read. */
async function makeModels(
  run: EmulatorRun,
  runtime: Runtime,
  io: Io,
): Promise<readonly EmulatedVenue[] | number> {
  const { seed, instruments, speed } = run
  if (run.captures.length === 0) {
    return VENUE_IDS.map((venue) => venueModel(venue, runtime, { seed, instruments, speed }))
  }
  const models: EmulatedVenue[] = []
  for (const file of run.captures) {
    const venue = venueOfCapture(file, undefined)
    if (venue === undefined) {
      io.stderr.write(`${unknownVenue(file)}\n`)
      return EXIT.usage
    }
    // oxlint-disable-next-line no-await-in-loop -- captures are large: one at a time
    const lines = await loadCapture(file, io)
    if (lines === undefined) return EXIT.input
    const done = (): void => io.stderr.write(`${file}: played to the end\n`)
    models.push(captureModel({ venue, lines, done }, runtime, { speed }))
  }
  return models
}

async function loadCapture(file: string, io: Io): Promise<readonly CaptureLine[] | undefined> {
  const lines: CaptureLine[] = []
  try {
    for await (const { line } of readCapture(file)) lines.push(line)
    return lines
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error
    io.stderr.write(`${error.message}\n`)
    return undefined
  }
}

function setFault({ venue, fault }: NamedFault, models: readonly EmulatedVenue[]): void {
  for (const model of models) if (venue === undefined || venue === model.venue) model.faults.set(fault)
}
