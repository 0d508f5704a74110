import type { Clock } from '../runtime/runtime.ts'
import type { Rate } from '../venues/venue.ts'

/**
 * How a venue counts. `clock`: in windows of its wall clock that all begin anew together (Binance: the UTC minute). `sliding`: no
 * stretch of `perMs` may hold more than the limit, which is safe for every other way of counting.
 */
export type Window = 'clock' | 'sliding'

/** A venue's clock may be this far from ours: what is spent so close to the turn of a window counts in both. */
export const CLOCK_MARGIN_MS = 1_000

/** Weight spent, until it no longer counts. */
export interface Spent {
  readonly weight: number
  /** Steady time. */
  readonly untilUs: number
  /** Answered: contained in whatever the venue tells afterwards. */
  settled: boolean
}

/** Weight that counts against a limit, oldest first, and until when the venue wants no request at all (steady time). */
export interface Spending {
  readonly window: Window
  spent: Spent[]
  heldUntilUs: number
}

export const createSpending = (window: Window): Spending => ({ window, spent: [], heldUntilUs: -Infinity })

/** Writes down `weight` spent here and now. */
export function spend(spending: Spending, weight: number, rate: Rate, clock: Clock): Spent {
  const spent: Spent = { weight, untilUs: endUs(rate, clock, spending.window), settled: false }
  forget(spending, clock.steadyUs())
  insert(spending.spent, spent)
  return spent
}

/** The request that spent it has been answered, or has failed. */
export function settle(spent: Spent): void {
  spent.settled = true
}

/**
 * Takes over the venue's own count, which others behind the same address add to. Of ours, only what is still unanswered comes on
 * top. Where the window slides, the venue's figure can raise our count but not lower it.
 */
export function adopt(spending: Spending, usedWeight: number, rate: Rate, clock: Clock): void {
  const steadyUs = clock.steadyUs()
  forget(spending, steadyUs)
  if (spending.window === 'sliding') {
    const unseen = usedWeight - usedAt(spending, steadyUs)
    if (unseen > 0)
      insert(spending.spent, { weight: unseen, untilUs: endUs(rate, clock, spending.window), settled: true })
    return
  }
  spending.spent = spending.spent.filter(({ settled }) => !settled)
  insert(spending.spent, { weight: usedWeight, untilUs: figureEndUs(rate, clock), settled: true })
}

/**
 * Steady time at which `weight` fits under `limit`: `steadyUs` itself when it fits at once. What is heavier than the limit goes
 * alone.
 */
export function readyUs(
  spending: Spending,
  ask: { readonly weight: number; readonly limit: number },
  steadyUs: number,
): number {
  let used = usedAt(spending, steadyUs)
  let ready = Math.max(steadyUs, spending.heldUntilUs)
  for (const { weight, untilUs } of spending.spent) {
    if (untilUs <= steadyUs) continue
    if (used + ask.weight <= ask.limit) break
    used -= weight
    ready = Math.max(ready, untilUs)
  }
  return ready
}

/** Weight that counts at `steadyUs`. */
export function usedAt(spending: Spending, steadyUs: number): number {
  return spending.spent.reduce((sum, { weight, untilUs }) => (untilUs > steadyUs ? sum + weight : sum), 0)
}

function forget(spending: Spending, steadyUs: number): void {
  const first = spending.spent.findIndex(({ untilUs }) => untilUs > steadyUs)
  if (first === -1) spending.spent.length = 0
  else if (first > 0) spending.spent.splice(0, first)
}

/** In order of `untilUs`; nearly always at the end. */
function insert(all: Spent[], spent: Spent): void {
  let at = all.length
  while (at > 0 && (all[at - 1]?.untilUs ?? 0) > spent.untilUs) at--
  all.splice(at, 0, spent)
}

/** When something spent here no longer counts, in steady time: a step of the wall clock moves nothing already written down. */
function endUs(rate: Rate, clock: Clock, window: Window): number {
  const perUs = rate.perMs * 1_000
  if (window === 'sliding') return clock.steadyUs() + perUs
  const marginUs = CLOCK_MARGIN_MS * 1_000
  return clock.steadyUs() + perUs - ((clock.now() + marginUs) % perUs) + 2 * marginUs
}

/** When a figure told here is void. Just after the turn of a window it is taken to be the count of the window before. */
function figureEndUs(rate: Rate, clock: Clock): number {
  const perUs = rate.perMs * 1_000
  return clock.steadyUs() + perUs - ((clock.now() - CLOCK_MARGIN_MS * 1_000) % perUs)
}
