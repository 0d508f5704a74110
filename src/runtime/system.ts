import type { Runtime } from './runtime.ts'
import { SystemClock, SystemTimers } from './system-clock.ts'
import { SystemFiles } from './system-files.ts'
import { SystemHttp } from './system-http.ts'
import { SystemSockets } from './system-sockets.ts'

/** The real outside world. */
export function systemRuntime(): Runtime {
  const clock = new SystemClock()
  return {
    clock,
    timers: new SystemTimers(clock),
    random: { next: () => Math.random() },
    sockets: new SystemSockets(clock),
    http: new SystemHttp(clock),
    files: new SystemFiles(),
  }
}
