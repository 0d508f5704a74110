import { setFlagsFromString } from 'node:v8'
import type { Config } from '../config/schema.ts'
import { systemRuntime } from '../runtime/system.ts'
import { SystemProcesses } from '../runtime/system-processes.ts'
import { eventText } from './event-text.ts'
import { EXIT } from './exit.ts'
import { type InstanceHearer, RunningInstance } from './instance.ts'
import type { Io } from './io.ts'
import { closingLine, ShownInstance } from './shown-instance.ts'
import type { Status } from './status.ts'
import { untilStopped } from './until-stopped.ts'
import { readVersion } from './version.ts'

/** No venue has answered for so long: say what to do. */
const UNREACHABLE_SECONDS = 10

export interface StartRun {
  readonly title: string
  /** `undefined`: until a signal. */
  readonly seconds: number | undefined
  /** Whether a second process delivers what is collected. */
  readonly delivers: boolean
  /** The collector is in this process, and nothing delivers. */
  readonly isSingle: boolean
  /** The venues are emulated: every book is held against the true one. */
  readonly isEmulated: boolean
  /** Lines in place of a screen. */
  readonly plain: boolean
}

/** Runs an instance and shows it, until it is told to stop. Answers how it was at the end. */
export async function runInstance(config: Config, run: StartRun, io: Io): Promise<Status> {
  // This process only looks on: what it makes each second need not wait in a large young generation.
  setFlagsFromString('--semi-space-growth-factor=1')
  const runtime = systemRuntime()
  const instance = new RunningInstance(
    { ...run, config, version: readVersion() },
    { runtime, processes: new SystemProcesses() },
    hearerOf(run, io),
  )
  await instance.start()
  const address = addressOf(config, instance.ports)
  const shown = new ShownInstance(
    {
      title: run.title,
      address: address === undefined ? undefined : `${address}/health`,
      plain: run.plain,
      status: () => instance.status(),
      notice: () => noticeOf(instance.status()),
    },
    runtime,
    io,
  )
  if (run.plain && address !== undefined) io.stdout.write(`health and metrics at ${address}\n`)
  shown.open()
  await untilStopped(io, run.seconds)
  shown.hold()
  await instance.stop()
  shown.close()
  const status = instance.status()
  io.stdout.write(closingLine(run.title, status))
  return status
}

/** Collects from the venues of a configuration. Answers the exit code. */
export async function start(
  config: Config,
  run: Omit<StartRun, 'title' | 'isEmulated' | 'plain'>,
  io: Io,
): Promise<number> {
  const title = config.capture.enabled ? 'marketprism capture' : 'marketprism'
  await runInstance(config, { ...run, title, isEmulated: false, plain: !io.isTerminal }, io)
  return EXIT.ok
}

/** Where to ask for health from this machine. */
function addressOf({ http }: Config, [port]: readonly number[]): string | undefined {
  if (port === undefined) return undefined
  const host = http.host === '0.0.0.0' || http.host === '::' ? '127.0.0.1' : http.host
  return `${http.certFile === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** On a terminal the screen says it; logs want the moment. */
function hearerOf({ plain }: StartRun, io: Io): InstanceHearer {
  const tell = (text: string | undefined): void => {
    if (plain && text !== undefined) io.stderr.write(`${text}\n`)
  }
  return { emit: (event) => tell(eventText(event)), line: (name, line) => tell(`${name}: ${line}`) }
}

/** What a newcomer without a network has to be told. */
function noticeOf({ venues, upSeconds }: Status): string | undefined {
  const isHeard = venues.some(({ frames }) => frames > 0)
  return upSeconds < UNREACHABLE_SECONDS || isHeard
    ? undefined
    : 'No venue can be reached from here; trying on. To see it work without a network: npm run demo'
}
