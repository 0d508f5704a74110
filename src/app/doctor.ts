import { type ChildProcess, fork } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ConfigOutcome } from '../config/checking.ts'
import { withEnvironment } from '../config/environment.ts'
import type { ConfigFault } from '../config/fault.ts'
import { configYaml } from '../config/rendering.ts'
import type { Config } from '../config/schema.ts'
import type { Timers } from '../runtime/runtime.ts'
import { systemRuntime } from '../runtime/system.ts'
import { type Check, check, fault, ok, skipped, within } from './doctor/check.ts'
import { diagnosisJson, diagnosisText, worstOf } from './doctor/report.ts'
import { LAST_MESSAGE, readTold } from './doctor/told.ts'
import { EXIT } from './exit.ts'
import type { Io } from './io.ts'

export interface DoctorRun {
  /** The configuration's file; `undefined`: there is none, and the defaults stand alone. */
  readonly file: string | undefined
  readonly outcome: ConfigOutcome
  readonly json: boolean
}

/** Each check has a deadline of its own; what hangs in a call of the system gets past those, and is given up here. */
const GIVE_UP_MS = 8_700
const CONFIGURATION = 'configuration'

/** The checks are a process of their own: one that hangs in the system can be left alone. */
const CHECKS = fileURLToPath(new URL(`./doctor/diagnosis${extname(import.meta.url)}`, import.meta.url))

/** Looks for whatever keeps an instance of this configuration from working, and tells it. Answers the exit code. */
export async function runDoctor({ file, outcome, json }: DoctorRun, io: Io): Promise<number> {
  const { clock, timers } = systemRuntime()
  const startUs = clock.steadyUs()
  const given = withVariables(file, outcome, io.env)
  const checks =
    'config' in given ? [soundConfig(file), ...(await checksOf(given.config, timers, io))] : given.faults
  const diagnosis = { file, checks, seconds: (clock.steadyUs() - startUs) / 1_000_000 }
  const isColoured = io.isTerminal && (io.env['NO_COLOR'] ?? '') === ''
  io.stdout.write(json ? diagnosisJson(diagnosis) : diagnosisText(diagnosis, isColoured))
  return worstOf(checks) === 'fault' ? EXIT.difference : EXIT.ok
}

const soundConfig = (file: string | undefined): Check =>
  check(CONFIGURATION, 'file', ok(`${file ?? 'no file: every default is in effect, which'} is sound`))

/** The configuration in effect, or what is wrong with the file or with the environment, which goes before it. */
function withVariables(
  file: string | undefined,
  outcome: ConfigOutcome,
  env: Io['env'],
): { readonly config: Config } | { readonly faults: readonly Check[] } {
  const given = 'config' in outcome ? withEnvironment(outcome.config, env) : { faults: [] }
  if ('config' in given) return given
  const found = [
    ...('faults' in outcome ? fileFaults(file, outcome.faults) : []),
    ...given.faults.map(({ variable, expected, found: value }) =>
      check(
        CONFIGURATION,
        'environment',
        fault(`${variable}: expected ${expected}, found ${value}`, 'unset it, or set it so'),
      ),
    ),
  ]
  const others = skipped('everything else depends on the configuration')
  return { faults: [...found, check(CONFIGURATION, 'others', others)] }
}

function fileFaults(file: string | undefined, faults: readonly ConfigFault[]): readonly Check[] {
  return faults.map(({ line, column, path, expected, found, hint }) => {
    const place = `${file ?? 'defaults'}:${line}:${column}${path === '' ? '' : ` ${path}`}`
    return check(CONFIGURATION, 'file', fault(`${place}: expected ${expected}, found ${found}`, hint))
  })
}

/** Has them made by another process, and ends that. What has not come by then is not in the answer. */
async function checksOf(config: Config, timers: Timers, io: Io): Promise<readonly Check[]> {
  const child = fork(CHECKS, [], {
    cwd: io.cwd,
    env: { ...io.env },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const found: (readonly Check[])[] = []
  try {
    child.send(configYaml(config))
    await within(timers, GIVE_UP_MS, collect(child, found), () => void found.unshift([GIVEN_UP]))
    return found.flat()
  } finally {
    child.kill('SIGKILL')
    child.unref()
    child.channel?.unref()
  }
}

const GIVEN_UP = check(
  CONFIGURATION,
  'checks',
  fault(
    `given up after ${GIVE_UP_MS / 1_000} s, what is not told below is missing: the system does not answer`,
    'look for a disk that hangs (NFS, a dying one) below the folders of the configuration',
  ),
)

/** Puts what comes into its place; resolves when that is all. */
function collect(child: ChildProcess, found: (readonly Check[])[]): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    // Why is on standard error.
    child.on('exit', () => reject(new Error('the checks ended without an answer')))
    child.on('message', (message) => {
      if (message === LAST_MESSAGE) return resolve()
      if (typeof message !== 'string') return
      const { place, checks } = readTold(message)
      found[place] = checks
    })
  })
}
