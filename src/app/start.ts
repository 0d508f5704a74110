import type { Config } from '../config/schema.ts'
import { systemRuntime } from '../runtime/system.ts'
import { Collector } from './collector.ts'
import { EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { ShownCollector } from './shown-collector.ts'

/** No venue has answered for so long: say what to do. */
const UNREACHABLE_MS = 10_000

/** Collects from the venues of a configuration until a signal, or for `seconds`. Answers the exit code. */
export async function startCollector(config: Config, io: Io, seconds?: number): Promise<number> {
  const runtime = systemRuntime()
  const collector = new Collector(config, runtime, () => undefined)
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
          : undefined
      },
    },
    runtime,
    io,
  )
  collector.start()
  shown.open()
  await untilStopped(io, seconds)
  shown.hold()
  await collector.stop()
  shown.close()
  return EXIT.ok
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
