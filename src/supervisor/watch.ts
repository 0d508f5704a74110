import type { ChildState } from './instance.ts'

/** Silences after which a process is called stalling, called unhealthy, and killed. Each is longer than the one before. */
export interface WatchWindows {
  readonly stallingMs: number
  readonly unhealthyMs: number
  readonly killMs: number
}

/**
 * Between two looks no more than this counts as silence. Longer ones mean that the watcher itself was stopped or starved: what its
 * processes said meanwhile is still on the way to it.
 */
const LOOK_MAX_US = 2_000_000

/** What is known of one process that is watched. Steady times. */
export interface Watch {
  readonly state: ChildState
  /** Its silence began here; later than the last sign of life where nobody was looking for a while. */
  readonly quietUs: number
  readonly lookUs: number
  /** It is as good as ended: what is still read of it is no sign of life. */
  readonly isKilled: boolean
}

/** What comes after the end of a process. */
export type Sequel =
  { readonly name: 'stopped' } | { readonly name: 'waiting' | 'looping'; readonly retryUs: number }

/** What happens to a process that is watched. */
export type WatchInput =
  | { readonly type: 'started' }
  /** It gave a sign of life. */
  | { readonly type: 'heard' }
  /** Time has passed. */
  | { readonly type: 'tick' }
  /** It has been asked to end. */
  | { readonly type: 'stopping' }
  | { readonly type: 'ended'; readonly sequel: Sequel }

/** `keep_evidence` and `kill` come once in a silence, `start` with every tick until it is started. */
export type WatchOrder = 'keep_evidence' | 'kill' | 'start'

export interface WatchStep {
  readonly watch: Watch
  readonly orders: readonly WatchOrder[]
}

/** A process that has not been started yet. */
export function unwatched(nowUs: number): Watch {
  return { state: { name: 'stopped', sinceUs: nowUs }, quietUs: nowUs, lookUs: nowUs, isKilled: false }
}

/** One step of the state machine. Pure. A process that was just started has the same patience as one that was just heard. */
export function watchStep(watch: Watch, input: WatchInput, nowUs: number, windows: WatchWindows): WatchStep {
  switch (input.type) {
    case 'started':
      return quiet({
        state: { name: 'running', sinceUs: nowUs },
        quietUs: nowUs,
        lookUs: nowUs,
        isKilled: false,
      })
    case 'heard':
      return quiet(heard(watch, nowUs))
    case 'tick':
      return look(watch, nowUs, windows)
    case 'stopping':
      return quiet(isUp(watch) ? { ...watch, state: { name: 'stopping', sinceUs: nowUs } } : watch)
    case 'ended':
      return quiet({ ...watch, state: { ...input.sequel, sinceUs: nowUs } })
  }
}

const quiet = (watch: Watch): WatchStep => ({ watch, orders: [] })

/** It runs, and is expected to be heard from. */
function isUp({ state }: Watch): boolean {
  return state.name === 'running' || state.name === 'stalling' || state.name === 'unhealthy'
}

function heard(watch: Watch, nowUs: number): Watch {
  if (!isUp(watch) || watch.isKilled) return watch
  const { state } = watch
  return {
    ...watch,
    state: state.name === 'running' ? state : { name: 'running', sinceUs: nowUs },
    quietUs: nowUs,
    lookUs: nowUs,
  }
}

function look(before: Watch, nowUs: number, windows: WatchWindows): WatchStep {
  const unseenUs = Math.max(0, nowUs - before.lookUs - LOOK_MAX_US)
  const watch = { ...before, lookUs: nowUs, quietUs: Math.min(nowUs, before.quietUs + unseenUs) }
  const { state } = watch
  if (state.name === 'waiting' || state.name === 'looping') {
    return { watch, orders: nowUs >= state.retryUs ? ['start'] : [] }
  }
  if (!isUp(watch) || watch.isKilled) return quiet(watch)
  const name = nameAfter((nowUs - watch.quietUs) / 1_000, windows)
  const isKilled = nowUs - watch.quietUs >= windows.killMs * 1_000
  const isFound = name === 'unhealthy' && state.name !== 'unhealthy'
  return {
    watch: { ...watch, isKilled, state: state.name === name ? state : { name, sinceUs: nowUs } },
    orders: [...(isFound ? ['keep_evidence' as const] : []), ...(isKilled ? ['kill' as const] : [])],
  }
}

function nameAfter(
  silentMs: number,
  { stallingMs, unhealthyMs, killMs }: WatchWindows,
): 'running' | 'stalling' | 'unhealthy' {
  if (silentMs >= Math.min(unhealthyMs, killMs)) return 'unhealthy'
  return silentMs >= stallingMs ? 'stalling' : 'running'
}
