import type { Config } from '../config/schema.ts'
import { systemRuntime } from '../runtime/system.ts'
import type { SystemEvent } from '../telemetry/events.ts'
import { Collector } from './collector.ts'
import { DeliveryChild } from './delivery-child.ts'
import { eventText } from './event-text.ts'
import { EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { ShownCollector } from './shown-collector.ts'

/** No venue has answered for so long: say what to do. */
const UNREACHABLE_MS = 10_000

export interface CollectorRun {
  /** `undefined`: until a signal. */
  readonly seconds: number | undefined
  /** Whether a second process delivers what is collected. */
  readonly delivers: boolean
}

/** Collects from the venues of a configuration. Answers the exit code. */
export async function startCollector(config: Config, run: CollectorRun, io: Io): Promise<number> {
  const runtime = systemRuntime()
  const delivery = new DeliveryChild(config, runtime)
  const collector = new Collector(config, runtime, (event) => tell(event, io))
  const startUs = runtime.clock.steadyUs()
  const shown = new ShownCollector(
    collector,
    {
      title: config.capture.enabled ? 'marketprism capture' : 'marketprism',
      folder: config.journal.folder,
      plain: !io.isTerminal,
      notice: () => {
        const isOld = runtime.clock.steadyUs() - startUs > UNREACHABLE_MS * 1_000
        const isHeard = collector.collections.some(({ counts }) => counts.frames > 0)
        return isOld && !isHeard
          ? 'No venue can be reached from here; trying on. To see it work without a network: npm run demo'
          : (holdOf(collector) ?? delivery.trouble)
      },
    },
    runtime,
    io,
  )
  collector.start()
  if (run.delivers) delivery.start()
  shown.open()
  await untilStopped(io, run.seconds)
  shown.hold()
  await collector.stop()
  await delivery.stop()
  shown.close()
  return EXIT.ok
}

/** What must be said while the journal takes nothing. */
export const holdOf = ({ journal }: Collector): string | undefined =>
  journal.isHeld ? 'THE DISK TAKES NOTHING: books are kept, and nothing is recorded' : undefined

/** On a terminal the screen says it; logs want the moment. */
export function tell(event: SystemEvent, io: Io): void {
  const text = io.isTerminal ? undefined : eventText(event)
  if (text !== undefined) io.stderr.write(`${text}\n`)
}

/** Resolves at the first signal that asks the process to end, or after `seconds`. */
export async function untilStopped(io: Io, seconds: number | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = seconds === undefined ? undefined : setTimeout(resolve, seconds * 1_000)
    io.onSignal(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
