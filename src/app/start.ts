import type { Config } from '../config/schema.ts'
import { instanceUrl, journalFolders } from '../config/selection.ts'
import { staySmall } from '../runtime/garbage.ts'
import { systemRuntime } from '../runtime/system.ts'
import { SystemProcesses } from '../runtime/system-processes.ts'
import { eventText } from './event-text.ts'
import { EXIT } from './exit.ts'
import { type InstanceHearer, RunningInstance } from './instance.ts'
import type { Io } from './io.ts'
import { requireFreeJournals } from './journal-locks.ts'
import { closingLine, ShownInstance } from './shown-instance.ts'
import type { Status } from './status.ts'
import { type StopReason, untilStopped } from './until-stopped.ts'
import { readVersion } from './version.ts'

/** Said where HTTP is switched off. */
const SILENT =
  'HTTP is switched off (http.enabled or COLLECTOR_ENABLE_HTTP): nobody can ask how this is, and nothing will page anybody\n'
/** No venue has answered for so long: say what to do. */
const UNREACHABLE_SECONDS = 10

/** Takes the supervisor 30 ms. Left to itself its heap doubles before it is collected. */
const SMALL_MS = 15_000

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

/** How an instance ended. */
export interface InstanceEnd {
  readonly reason: StopReason
  readonly status: Status
}

/** Runs an instance and shows it, until it is told to stop or its time has passed. Answers how it was at the end. */
export async function runInstance(config: Config, asked: StartRun, io: Io): Promise<InstanceEnd> {
  // Records have standard output for themselves.
  const hasRecords = config.sinks.stdout.enabled && asked.delivers && !asked.isSingle
  const run = { ...asked, plain: asked.plain || hasRecords }
  const lines = hasRecords ? io.stderr : io.stdout
  const runtime = systemRuntime()
  const instance = await RunningInstance.open(
    { ...run, config, version: readVersion() },
    { runtime, processes: new SystemProcesses() },
    hearerOf(run, io),
  )
  await instance.start()
  // In a single process the collector makes far more than whoever looks on.
  const small = run.isSingle ? undefined : runtime.timers.every(SMALL_MS, staySmall)
  const [port] = instance.ports
  const address = port === undefined ? undefined : instanceUrl(config.http, port)
  const shown = new ShownInstance(
    {
      title: run.title,
      address: address === undefined ? undefined : `${address}/health`,
      plain: run.plain,
      lines,
      status: () => instance.status(),
      notice: () => noticeOf(instance.status()),
    },
    runtime,
    io,
  )
  // Whoever reads that it listens may end it at once.
  const stopped = untilStopped(io, run.seconds, () => instance.stopNow())
  if (address === undefined) io.stderr.write(SILENT)
  else if (run.plain) lines.write(`health and metrics at ${address}\n`)
  shown.open()
  const reason = await stopped
  small?.cancel()
  shown.hold()
  await instance.stop()
  shown.close()
  const status = instance.status()
  lines.write(closingLine(run.title, status))
  return { reason, status }
}

/** A collector would be started again for ever while another process has its journal. */
const JOURNAL_TAKEN =
  'A second collector cannot write there: end the instance that has it, or set another journal.folder.'

/**
 * Collects from the venues of a configuration. Answers the exit code. Rejects with `FailureError` of code `locked` where another process
 * has a journal of it: then nothing runs.
 */
export async function start(
  config: Config,
  run: Omit<StartRun, 'title' | 'isEmulated' | 'plain'>,
  io: Io,
): Promise<number> {
  const journals = run.isSingle ? [config.journal.folder] : journalFolders(config)
  await requireFreeJournals(journals, JOURNAL_TAKEN)
  const title = config.capture.enabled ? 'marketprism capture' : 'marketprism'
  await runInstance(config, { ...run, title, isEmulated: false, plain: !io.isTerminal }, io)
  return EXIT.ok
}

/** On a terminal the screen says it; logs want the moment. */
function hearerOf({ plain }: StartRun, io: Io): InstanceHearer {
  const tell = (text: string | undefined): void => {
    if (plain && text !== undefined) io.stderr.offer(`${new Date().toISOString()} ${text}\n`)
  }
  return { emit: (event) => tell(eventText(event)), line: (name, line) => tell(`${name}: ${line}`) }
}

/** What a newcomer without a network has to be told. */
function noticeOf({ venues, processes, upSeconds }: Status): string | undefined {
  const isFirst = processes.every(({ restarts }) => restarts === 0)
  const isUnheard = venues.length > 0 && venues.every(({ frames }) => frames === 0)
  return upSeconds < UNREACHABLE_SECONDS || !isFirst || !isUnheard
    ? undefined
    : 'No venue can be reached from here; trying on. To see it work without a network: npm run demo'
}
