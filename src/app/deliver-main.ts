import { once } from 'node:events'
import type { SystemEvent } from '../telemetry/events.ts'
import { type DeliverRun, runDelivery } from './deliver.ts'
import { eventText } from './event-text.ts'
import type { Io } from './io.ts'

/**
 * Runs the delivery as a process: tells what happens on standard error, and to the process that started it, with which it ends.
 * Answers the exit code.
 */
export function deliver(run: Omit<DeliverRun, 'emit' | 'ended'>, io: Io): Promise<number> {
  const ended = process.connected ? once(process, 'disconnect') : new Promise(() => undefined)
  const emit = (event: SystemEvent): void => {
    const text = eventText(event)
    if (text === undefined) return
    io.stderr.write(`${text}\n`)
    if (event.type === 'sink_failed') process.send?.({ sink: event.sink, trouble: text })
    else if (event.type === 'sink_recovered') process.send?.({ sink: event.sink })
  }
  return runDelivery({ ...run, emit, ended }, io)
}
