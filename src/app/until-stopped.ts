import type { Io } from './io.ts'

/** Resolves at the first signal that asks the process to end, or after `seconds`. `force` is called before a second one ends it. */
export async function untilStopped(io: Io, seconds: number | undefined, force?: () => void): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = seconds === undefined ? undefined : setTimeout(resolve, seconds * 1_000)
    io.onSignal(() => {
      clearTimeout(timer)
      resolve()
    }, force)
  })
}
