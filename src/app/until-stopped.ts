import type { Io } from './io.ts'

/** Why a run ended: it was asked to, or its time had passed. */
export type StopReason = 'signal' | 'time'

/**
 * Resolves at the first signal that asks the process to end, or after `seconds`, with which it was. `force` is called before a second
 * signal ends it.
 */
export function untilStopped(io: Io, seconds: number | undefined, force?: () => void): Promise<StopReason> {
  return new Promise((resolve) => {
    const timer = seconds === undefined ? undefined : setTimeout(() => resolve('time'), seconds * 1_000)
    io.onSignal(() => {
      clearTimeout(timer)
      resolve('signal')
    }, force)
  })
}
