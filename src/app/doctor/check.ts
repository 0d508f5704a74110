import type { Timers } from '../../runtime/runtime.ts'

/** How checks may come out, the best first. */
export const RESULTS = ['ok', 'skipped', 'warning', 'fault'] as const
export type Result = (typeof RESULTS)[number]

/** What a check has found, in words with figures; and what to do about it, where something is to be done. */
export type Finding =
  | { readonly result: 'ok' | 'skipped'; readonly text: string }
  | { readonly result: 'warning' | 'fault'; readonly text: string; readonly advice: string }

/** A finding with what it is about: `venue deribit`, `clock`. Checks of one group stand together. */
export type Check = Finding & { readonly group: string; readonly subject: string }

/** A finding in its place. */
export const check = (group: string, subject: string, finding: Finding): Check => ({
  group,
  subject,
  ...finding,
})

/** For one request or handshake, its answer included. */
export const REQUEST_MS = 5_000
/** What has not come out by then is told as a fault: the whole command is to take less than ten seconds. */
export const CHECK_MS = 7_500

export const ok = (text: string): Finding => ({ result: 'ok', text })
export const skipped = (text: string): Finding => ({ result: 'skipped', text })
export const warning = (text: string, advice: string): Finding => ({ result: 'warning', text, advice })
export const fault = (text: string, advice: string): Finding => ({ result: 'fault', text, advice })

/** What comes first: the outcome of `work`, or that of `late` (which may throw) after so long. What comes of `work` later is dropped. */
export async function within<Outcome>(
  timers: Timers,
  limitMs: number,
  work: Promise<Outcome>,
  late: () => Outcome,
): Promise<Outcome> {
  const due = Promise.withResolvers<void>()
  const timer = timers.after(limitMs, due.resolve)
  try {
    return await Promise.race([work, due.promise.then(late)])
  } finally {
    timer.cancel()
  }
}

/** `3.4 ms`, `120 ms`, `5.0 s` */
export function milliseconds(value: number): string {
  if (value >= 1_000) return `${(value / 1_000).toFixed(1)} s`
  return value < 10 ? `${value.toFixed(1)} ms` : `${value.toFixed(0)} ms`
}
