import { resolve } from 'node:path'
import { readConfig } from '../../config/loader.ts'
import type { Config } from '../../config/schema.ts'
import { enabledSinks, selectedVenues } from '../../config/selection.ts'
import { hostLimits } from '../../runtime/host-limits.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { SystemProcesses } from '../../runtime/system-processes.ts'
import { systemRuntime } from '../../runtime/system.ts'
import { planVenue, type VenuePlan } from '../plan.ts'
import { counted } from '../screen.ts'
import { type Check, check, CHECK_MS, type Finding, fault, ok, skipped, within } from './check.ts'
import { judgeStores, storesOf } from './disk.ts'
import { checkFiles } from './files.ts'
import { probeFolder } from './folder-probe.ts'
import { checkInstance } from './instance.ts'
import { judgeLimits } from './limits.ts'
import type { PathOf } from './path-of.ts'
import { LAST_MESSAGE, toldText } from './told.ts'
import { checkVenue } from './venue.ts'

/** What the checks may know of where they are. */
export interface Surroundings {
  readonly runtime: Runtime
  /** Folder that relative paths start from. */
  readonly cwd: string
}

const CONFIGURATION = 'configuration'

/** Begins every check of a configuration. They run at the same time; each answer has the place that it has in the report. */
export function beginChecks(
  config: Config,
  { runtime, cwd }: Surroundings,
): readonly Promise<readonly Check[]>[] {
  const selections = selectedVenues(config)
  const plans = selections.map((selection) => planVenue(selection))
  const pathOf = (path: string): string => resolve(cwd, path)
  const bounded = (group: string, work: Promise<readonly Check[]>): Promise<readonly Check[]> =>
    within(runtime.timers, CHECK_MS, work, () => [check(group, 'all', LATE)])
  return [
    alone(CONFIGURATION, 'content', Promise.resolve(describe(config))),
    bounded(CONFIGURATION, checkFiles(config, pathOf)),
    bounded('system', Promise.resolve(judgeLimits(hostLimits(new SystemProcesses()), config, plans))),
    bounded('disk', checkDisk(config, plans, { runtime, pathOf })),
    bounded('instance', checkInstance(config, { runtime, pathOf })),
    ...selections.map((selection) => bounded(`venue ${selection.venue}`, checkVenue(selection, runtime))),
    bounded('sinks', alone('sinks', 'nats', lookAtNats(config, runtime, pathOf))),
    bounded('sinks', alone('sinks', 'clickhouse', lookAtClickHouse(config, runtime, pathOf))),
  ]
}

const NOT_ENABLED = skipped('not enabled')

// The clients of these take longer to load than all the rest.
async function lookAtNats(config: Config, runtime: Runtime, pathOf: PathOf): Promise<Finding> {
  if (!config.sinks.nats.enabled) return NOT_ENABLED
  const { checkNats } = await import('./nats.ts')
  return checkNats(config.sinks.nats, runtime, pathOf)
}

async function lookAtClickHouse(config: Config, runtime: Runtime, pathOf: PathOf): Promise<Finding> {
  if (!config.sinks.clickhouse.enabled) return NOT_ENABLED
  const { checkClickHouse } = await import('./clickhouse.ts')
  return checkClickHouse(config.sinks.clickhouse, runtime, pathOf)
}

const LATE = fault(`no outcome within ${CHECK_MS / 1_000} s`, 'look what hangs there: a disk, a resolver')

const alone = async (
  group: string,
  subject: string,
  finding: Promise<Finding>,
): Promise<readonly Check[]> => [check(group, subject, await finding)]

function describe(config: Config): Finding {
  const venues = selectedVenues(config)
  const instruments = venues.reduce((sum, venue) => sum + venue.instruments.length, 0)
  const sinks = enabledSinks(config).join(', ') || 'no sink'
  return ok(`${counted(venues.length, 'venue')}, ${counted(instruments, 'instrument')}, to ${sinks}`)
}

interface DiskSurroundings {
  readonly runtime: Runtime
  readonly pathOf: PathOf
}

async function checkDisk(
  config: Config,
  plans: readonly VenuePlan[],
  { runtime, pathOf }: DiskSurroundings,
): Promise<readonly Check[]> {
  const probes = await Promise.all(
    storesOf(config, plans).map(async (store) => {
      const token = `${process.pid}-${runtime.random.next().toString(36).slice(2)}`
      const { folder, parts = [folder] } = store
      const tools = { token, clock: runtime.clock }
      return { store, probe: await probeFolder(pathOf(folder), parts.map(pathOf), tools) }
    }),
  )
  return judgeStores(probes, config).map(({ store, finding }) => check('disk', store.name, finding))
}

/*
 * As a process of its own, started by src/app/doctor.ts: takes the text of a configuration as a message, and tells each check when
 * it has come out. It is ended from outside: a call of the system that hangs (a name, a disk) would keep it from ending by itself.
 */
if (import.meta.main) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.once('message', (text) => void tellAll(String(text)))
}

async function tellAll(text: string): Promise<void> {
  const outcome = readConfig(new TextEncoder().encode(text))
  if (!('config' in outcome)) throw new RangeError('a configuration that was sound before it was written')
  const surroundings = { runtime: systemRuntime(), cwd: process.cwd() }
  const begun = beginChecks(outcome.config, surroundings)
  await Promise.all(begun.map(tell))
  process.send?.(LAST_MESSAGE)
}

async function tell(checks: Promise<readonly Check[]>, place: number): Promise<void> {
  process.send?.(toldText({ place, checks: await checks }))
}
