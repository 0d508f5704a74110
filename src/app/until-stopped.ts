import type { Io } from './io.ts'

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
