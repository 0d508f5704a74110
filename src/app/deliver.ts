import type { Config } from '../config/schema.ts'
import { enabledSinks, type SinkName } from '../config/selection.ts'
import { DeliveryLoop } from '../delivery/loop.ts'
import { Quarantine } from '../delivery/quarantine.ts'
import { SegmentLoop } from '../delivery/segment-loop.ts'
import { Cursor, sinksFolder } from '../journal/cursor.ts'
import { JournalReader } from '../journal/reader.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Emit } from '../telemetry/events.ts'
import { EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { journalConfigs } from './journals.ts'
import { makeSink, type SinkOutside } from './sinks.ts'
import { Turns } from './turns.ts'
import { untilStopped } from './until-stopped.ts'

export interface DeliverRun {
  readonly runtime: Runtime
  readonly config: Config
  /** Only this sink; `undefined`: every one that is enabled. */
  readonly only: SinkName | undefined
  /** `undefined`: until a signal. */
  readonly seconds: number | undefined
  /** Ends once everything that the journal has is delivered. */
  readonly untilEnd: boolean
  /** A line about each sink at this period. */
  readonly reportMs: number
  readonly emit: Emit
  /** Told of the loops once they are there; answers what is to be done when they have ended. */
  readonly opened: (loops: readonly Loop[]) => () => void
  /** Resolves when it is to end, besides signals. */
  readonly ended: Promise<unknown>
}

/** A sink that does not give up its resources is not waited for longer. */
const STOP_MS = 5_000

export type Loop = DeliveryLoop | SegmentLoop

/** The loops of one journal. */
interface JournalLoops {
  readonly folder: string
  readonly loops: readonly Loop[]
}

/** Brings records from every journal to the sinks, each at its own pace, until a signal. Answers the exit code. */
export async function runDelivery(run: DeliverRun, io: Io): Promise<number> {
  const names = run.only === undefined ? enabledSinks(run.config) : [run.only]
  if (names.length === 0) {
    io.stderr.write('no sink is enabled: set `enabled: true` for one of `sinks` in the configuration\n')
    return EXIT.config
  }
  const { runtime } = run
  const configs = journalConfigs(run.config, runtime.files)
  const unlocks = lockAll(
    configs.map(({ journal }) => journal.folder),
    names,
    runtime,
  )
  const outside = { runtime, io, conversions: new Turns() }
  const journals = configs.map((config): JournalLoops => ({
    folder: config.journal.folder,
    loops: names.map((name) => makeLoop(name, config, { outside, emit: run.emit })),
  }))
  const loops = journals.flatMap((journal) => journal.loops)
  const unwatches = journals.map((journal) => watch(journal, runtime))
  const close = run.opened(loops)
  const tell = (): void => {
    for (const journal of journals) {
      const where = journals.length > 1 ? `${journal.folder} to ` : ''
      for (const loop of journal.loops) io.stderr.write(`${where}${reportOf(loop)}\n`)
    }
  }
  const report = runtime.timers.every(run.reportMs, tell)
  try {
    const running = Promise.all(loops.map((loop) => loop.run({ untilEnd: run.untilEnd })))
    await Promise.race([running, run.ended, untilStopped(io, run.seconds)])
    await Promise.race([
      Promise.all([...loops.map((loop) => loop.stop()), running]),
      new Promise<void>((resolve) => runtime.timers.after(STOP_MS, resolve)),
    ])
  } finally {
    report.cancel()
    close()
    for (const unwatch of unwatches) unwatch()
    for (const unlock of unlocks) unlock()
  }
  tell()
  return EXIT.ok
}

function watch({ folder, loops }: JournalLoops, { files }: Runtime): () => void {
  return files.watch(folder, () => {
    for (const loop of loops) if (loop instanceof DeliveryLoop) loop.wake()
  })
}

/** One process a sink of a journal. Throws `FailureError` with code `locked`, and gives back what it had taken. */
function lockAll(
  folders: readonly string[],
  names: readonly SinkName[],
  { files }: Runtime,
): readonly (() => void)[] {
  const unlocks: (() => void)[] = []
  try {
    for (const folder of folders) {
      files.makeFolder(sinksFolder(folder))
      for (const name of names) unlocks.push(files.lock(`${sinksFolder(folder)}/${name}.lock`))
    }
    return unlocks
  } catch (failure) {
    for (const unlock of unlocks) unlock()
    throw failure
  }
}

function makeLoop(
  name: SinkName,
  config: Config,
  { outside, emit }: { readonly outside: SinkOutside; readonly emit: Emit },
): Loop {
  const { runtime } = outside
  const { folder } = config.journal
  const cursor = Cursor.open(folder, name, runtime.files)
  const quarantine = new Quarantine(folder, name, runtime.files)
  const made = makeSink(name, config, outside)
  if (made.kind === 'segments') {
    return new SegmentLoop(made.sink, { folder, cursor, quarantine }, runtime, emit)
  }
  const reader = new JournalReader(folder, runtime.files, cursor.place)
  return new DeliveryLoop(made.sink, { reader, cursor, quarantine }, runtime, emit)
}

function reportOf({ sink, cursor, trouble }: Loop): string {
  const { delivered, rejected, lost, place } = cursor
  const parts = [
    `${delivered.total} records delivered`,
    ...(rejected.total > 0 ? [`${rejected.total} rejected`] : []),
    ...(lost.total > 0 ? [`${lost.total} lost`] : []),
    `at segment ${place.segment}`,
    ...(trouble === undefined ? [] : [`failing for ${trouble.attempts} tries: ${firstLine(trouble.text)}`]),
  ]
  return `${sink.name}: ${parts.join(', ')}`
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? ''
