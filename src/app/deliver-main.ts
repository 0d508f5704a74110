import type { SystemEvent } from '../telemetry/events.ts'
import { systemRuntime } from '../runtime/system.ts'
import { answer } from './collect.ts'
import { type DeliverRun, type Loop, runDelivery } from './deliver.ts'
import { eventText } from './event-text.ts'
import type { Io } from './io.ts'
import { ParentLink } from './parent-link.ts'
import { ProcessMeter } from './process-meter.ts'
import { mergedReports } from './sink-reports.ts'
import { StoragePause } from './storage-pause.ts'

/**
 * Runs the delivery as a process: tells what happens on standard error, and to the process that started it, with which it ends.
 * Answers the exit code.
 */
export async function deliver(
  run: Omit<DeliverRun, 'runtime' | 'emit' | 'opened' | 'ended'>,
  io: Io,
): Promise<number> {
  const runtime = systemRuntime()
  const link = new ParentLink(runtime.timers)
  // The clients of the sinks open their sockets themselves, and answer for all of them.
  const meter = new ProcessMeter(() => runtime.connections?.total ?? 0)
  const emit = (event: SystemEvent): void => {
    const text = eventText(event)
    if (text !== undefined) io.stderr.write(`${text}\n`)
  }
  const opened = (loops: readonly Loop[]): (() => void) => {
    const storage = new StoragePause(loops, emit)
    return link.open(
      () => ({
        role: 'delivery',
        process: meter.report(),
        sinks: mergedReports(loops.map((loop) => loop.report())),
      }),
      (ask) => {
        if (ask.kind === 'govern') storage.govern(ask)
        else answer(ask, link)
      },
    )
  }
  const code = await runDelivery({ ...run, runtime, emit, opened, ended: link.parted }, io)
  meter.close()
  return code
}
