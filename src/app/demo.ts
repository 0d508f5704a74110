import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '../config/loader.ts'
import { configYaml } from '../config/rendering.ts'
import type { Config } from '../config/schema.ts'
import { journalFolders, withDataFolder } from '../config/selection.ts'
import { FailureError } from '../core/errors.ts'
import type { VenueId } from '../core/ids.ts'
import type { Instrument } from '../core/instrument.ts'
import type { Files, Runtime } from '../runtime/runtime.ts'
import { systemRuntime } from '../runtime/system.ts'
import type { Hosts } from '../venues/venue.ts'
import { venueOf } from '../venues/venues.ts'
import { EmulatorChild } from './emulator-child.ts'
import { EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { requireFreeJournals } from './journal-locks.ts'
import { type InstanceEnd, runInstance } from './start.ts'

export interface DemoRun {
  /** Instruments a venue. */
  readonly instruments: number
  /** `undefined`: until a signal. */
  readonly seconds: number | undefined
  readonly seed: number
  readonly plain: boolean
  readonly dataFolder: string
  readonly portBase: number
}

/** The configuration of the demo, for the commands that read what it has written. */
const CONFIG_FILE = 'marketprism.yaml'
/** Names the demo that has the folder. */
const LOCK_FILE = 'demo.lock'
const TITLE = 'marketprism demo'

const LIST_DEADLINE_MS = 10_000
const LIST_LIMIT_BYTES = 64 * 1024 * 1024

/**
 * The main job with no network: emulated venues in a child process, a collector on them as on the real ones, and its books held
 * against the true ones. Answers 1 when any differed, 69 when none could be compared in the time that was given. Rejects with
 * `FailureError` of code `locked` where another process has the journal in its folder, or the folder: then nothing is written.
 */
export async function runDemo(run: DemoRun, io: Io): Promise<number> {
  const runtime = systemRuntime()
  await requireFreeJournals(journalFolders(demoConfig(run, {})), adviceFor(run))
  const unlock = lockFolder(run, runtime.files)
  try {
    return await emulateAndCollect(run, runtime, io)
  } finally {
    unlock()
  }
}

const adviceFor = ({ dataFolder }: DemoRun): string =>
  `Another instance collects into ${dataFolder}: give this one another folder by --data, or end that one.`

/** Demos that are begun together all find the journal free: a collector locks it only once it has a configuration. */
function lockFolder(run: DemoRun, files: Files): () => void {
  files.makeFolder(run.dataFolder)
  try {
    return files.lock(join(run.dataFolder, LOCK_FILE))
  } catch (cause) {
    if (!(cause instanceof FailureError) || cause.code !== 'locked') throw cause
    const { message, retryable } = cause
    throw new FailureError('locked', `${message}. ${adviceFor(run)}`, { retryable, cause })
  }
}

async function emulateAndCollect(run: DemoRun, runtime: Runtime, io: Io): Promise<number> {
  const emulator = await EmulatorChild.start(run)
  if (typeof emulator === 'string') {
    io.stderr.write(`the emulated venues did not start: ${emulator}\n`)
    return EXIT.busy
  }
  try {
    return await collect(run, await venueSections(run, emulator.hosts, runtime), io)
  } finally {
    await emulator.stop()
  }
}

async function collect(run: DemoRun, venues: Readonly<Record<string, unknown>>, io: Io): Promise<number> {
  const config = demoConfig(run, venues)
  const configFile = join(run.dataFolder, CONFIG_FILE)
  writeFileSync(configFile, configYaml(config))
  const { seconds, plain } = run
  const end = await runInstance(
    config,
    { title: TITLE, seconds, plain, delivers: true, isSingle: false, isEmulated: true },
    io,
  )
  const exit = exitOf(end)
  if (exit === EXIT.unavailable) io.stderr.write(UNCOMPARED)
  else io.stdout.write(`Look into it: npx marketprism query --config ${configFile} "from trades limit 5"\n`)
  return exit
}

const UNCOMPARED = `${TITLE}: no book was compared with its true one. A slow machine needs longer: give it more --seconds. Where that does not help, --plain tells what is in the way.\n`

/** Who ends it by hand has seen what it did. */
function exitOf({ reason, status }: InstanceEnd): number {
  const checks = status.venues.flatMap((venue) => venue.checks ?? [])
  if (reason === 'time' && checks.every(({ total }) => total === 0)) return EXIT.unavailable
  return checks.some(({ equal, total }) => equal < total) ? EXIT.difference : EXIT.ok
}

/** The hosts of the emulator, and the first instruments that it lists. */
async function venueSections(
  run: DemoRun,
  hosts: ReadonlyMap<VenueId, Hosts>,
  runtime: Runtime,
): Promise<Readonly<Record<string, unknown>>> {
  const sections = [...hosts].map(async ([venue, { stream, rest }]) => {
    const instruments = await firstInstruments(venue, rest, run.instruments, runtime)
    return [venue, { stream_url: stream, rest_url: rest, instruments }] as const
  })
  return Object.fromEntries(await Promise.all(sections))
}

/** Every default, with `venues` and the folder of the demo. */
function demoConfig({ dataFolder }: DemoRun, venues: Readonly<Record<string, unknown>>): Config {
  // Any free ports: a collector may be at work here, and a demo is not what is to be watched.
  const http = { health_port: 0, metrics_port: 0 }
  const document = { venues, name: 'demo', http }
  const outcome = readConfig(new TextEncoder().encode(JSON.stringify(document)))
  if ('config' in outcome) return withDataFolder(outcome.config, dataFolder)
  throw new Error(`the demo made a wrong configuration: ${JSON.stringify(outcome.faults)}`)
}

/** Spot pairs and perpetuals first, the busiest first, as the emulator lists them. */
export async function firstInstruments(
  venue: VenueId,
  restUrl: string,
  count: number,
  runtime: Runtime,
): Promise<readonly string[]> {
  const { catalogue } = venueOf(venue)
  const lists = catalogue.requests().map(async ({ path }) => {
    const request = { url: restUrl + path, deadlineMs: LIST_DEADLINE_MS, bodyLimitBytes: LIST_LIMIT_BYTES }
    return catalogue.read((await runtime.http.get(request)).body)
  })
  const listed = (await Promise.all(lists)).flat()
  return [...listed.filter(isPlain), ...listed.filter((instrument) => !isPlain(instrument))]
    .slice(0, count)
    .map(({ symbol }) => symbol)
}

const isPlain = ({ marketType }: Instrument): boolean => marketType === 'spot' || marketType === 'perpetual'
