import type { ComponentVerdict } from './verdict.ts'

/** How much a finding weighs: not at all, enough for `degraded`, or enough for `unhealthy` all by itself. */
export type Gravity = 'none' | 'degrading' | 'grave'

/** How one component is at one moment. */
export interface Finding extends Omit<ComponentVerdict, 'sinceUs'> {
  readonly gravity: Gravity
}

/** A finding without a fault. */
export const fine = (name: string, state: 'ok' | 'stopping' | 'stopped' = 'ok', ageMs?: number): Finding => ({
  name,
  state,
  reason: undefined,
  text: undefined,
  ageMs,
  gravity: 'none',
})

/** A length of time for a person: `61 s`, `12 min 5 s`, `3 h 20 min`, `2 d 4 h`. */
export function lasting(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 120) return `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** `61 s (allowed: 60 s)`. */
export const over = (ms: number, limitMs: number): string => `${lasting(ms)} (allowed: ${lasting(limitMs)})`
