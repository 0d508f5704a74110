import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '../config/loader.ts'
import { configYaml } from '../config/rendering.ts'
import type { Config } from '../config/schema.ts'
import { withDataFolder } from '../config/selection.ts'
import type { VenueId } from '../core/ids.ts'
import type { Instrument } from '../core/instrument.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { systemRuntime } from '../runtime/system.ts'
import type { Hosts } from '../venues/venue.ts'
import { venueOf } from '../venues/venues.ts'
import { Collector } from './collector.ts'
import { DeliveryChild } from './delivery-child.ts'
import { EmulatorChild } from './emulator-child.ts'
import { EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { ShownCollector } from './shown-collector.ts'
import { holdOf, tell, untilStopped } from './start.ts'
import { TruthCheck } from './truth-check.ts'

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

const LIST_DEADLINE_MS = 10_000
const LIST_LIMIT_BYTES = 64 * 1024 * 1024

/**
 * The main job with no network: emulated venues in a child process, a collector on them as on the real ones, and its books held
 * against the true ones. Answers 1 when any differed.
 */
export async function runDemo(run: DemoRun, io: Io): Promise<number> {
  const emulator = await EmulatorChild.start(run)
  if (typeof emulator === 'string') {
    io.stderr.write(`the emulated venues did not start: ${emulator}\n`)
    return EXIT.busy
  }
  try {
    return await collect(run, emulator, io)
  } finally {
    await emulator.stop()
  }
}

async function collect(run: DemoRun, emulator: EmulatorChild, io: Io): Promise<number> {
  const runtime = systemRuntime()
  const config = await demoConfig(run, emulator.hosts, runtime)
  const configFile = join(run.dataFolder, CONFIG_FILE)
  mkdirSync(run.dataFolder, { recursive: true })
  writeFileSync(configFile, configYaml(config))
  const delivery = new DeliveryChild(config, runtime)
  const collector = new Collector(config, runtime, (event) => tell(event, io))
  const checks = new Map(
    collector.collections.map(({ venue, streams }) => [
      venue.id as string,
      new TruthCheck(emulator.hosts.get(venue.id)?.rest ?? '', streams, runtime),
    ]),
  )
  const differences = (): string[] => [...checks.values()].flatMap(({ difference }) => difference ?? [])
  const shown = new ShownCollector(
    collector,
    {
      title: 'marketprism demo',
      folder: config.journal.folder,
      plain: run.plain,
      checks: (venue) => checks.get(venue),
      notice: () => differences()[0] ?? holdOf(collector) ?? delivery.trouble,
    },
    runtime,
    io,
  )
  collector.start()
  delivery.start()
  for (const check of checks.values()) check.start()
  shown.open()
  await untilStopped(io, run.seconds)
  for (const check of checks.values()) check.stop()
  shown.hold()
  await collector.stop()
  await delivery.stop()
  shown.close()
  io.stdout.write(`Look into it: npx marketprism query --config ${configFile} "from trades limit 5"\n`)
  return differences().length === 0 ? EXIT.ok : EXIT.difference
}

/** Every default, with the hosts of the emulator and the first instruments that it lists. */
async function demoConfig(
  run: DemoRun,
  hosts: ReadonlyMap<VenueId, Hosts>,
  runtime: Runtime,
): Promise<Config> {
  const sections = [...hosts].map(async ([venue, { stream, rest }]) => {
    const instruments = await firstInstruments(venue, rest, run.instruments, runtime)
    return [venue, { stream_url: stream, rest_url: rest, instruments }] as const
  })
  const venues = Object.fromEntries(await Promise.all(sections))
  const document = { venues, name: 'demo' }
  const outcome = readConfig(new TextEncoder().encode(JSON.stringify(document)))
  if ('config' in outcome) return withDataFolder(outcome.config, run.dataFolder)
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
