import { collectGarbage } from './garbage.ts'
import { OpenSockets } from './open-sockets.ts'
import type { Runtime } from './runtime.ts'
import { SystemClock, SystemTimers } from './system-clock.ts'
import { SystemFiles } from './system-files.ts'
import { SystemHttp } from './system-http.ts'
import { SystemSockets } from './system-sockets.ts'

/** The real outside world. */
export function systemRuntime(): Runtime {
  const clock = new SystemClock()
  const connections = new OpenSockets(clock)
  connections.watch()
  return {
    clock,
    timers: new SystemTimers(clock),
    random: { next: () => Math.random() },
    sockets: new SystemSockets(clock, connections),
    http: new SystemHttp(clock, connections),
    files: new SystemFiles(),
    connections,
    collectGarbage,
  }
}
