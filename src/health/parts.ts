import type { HealthFacts, HealthWindows, JournalFacts, ProcessFacts, SinkFacts } from './facts.ts'
import { type Finding, fine, lasting, over } from './finding.ts'

/** Nothing is recorded while the disk takes nothing. After so long it is no passing shortage. */
const HELD_LIMIT_MS = 60_000
/** Level 4 asks for a restart; where none has helped for so long, the machine is too small. */
const OVERLOAD_LIMIT_MS = 60_000
const RESTART_LEVEL = 4

/** Failures of a sink that stay until a person changes something. */
const LASTING_CODES: ReadonlySet<string> = new Set(['unauthorized', 'mismatch', 'corrupt'])

/** Whether it runs and has said nothing for so long that only a restart helps. */
export const isStalled = (process: ProcessFacts, windows: HealthWindows): boolean =>
  process.isRunning && process.silentMs !== undefined && process.silentMs >= windows.unhealthyMs

/** How a process is. One that is not vital makes the instance degraded at most: the journal keeps what it leaves undone. */
export function processFinding(
  process: ProcessFacts,
  windows: HealthWindows,
  at: { readonly isStopping: boolean; readonly isGrace: boolean },
): Finding {
  const { name, silentMs, ending } = process
  if (at.isStopping) return fine(name, process.isRunning ? 'stopping' : 'stopped', silentMs)
  const grave = process.isVital ? 'grave' : 'degrading'
  const last = ending === undefined ? '' : `, last: ${ending}`
  if (process.isLooping)
    return {
      name,
      state: 'permanent',
      reason: 'crash_loop',
      text: `Ends again and again${last}`,
      ageMs: silentMs,
      gravity: grave,
    }
  if (!process.isRunning) return notRunning(process, at.isGrace)
  if (silentMs === undefined || silentMs < windows.stallingMs) return fine(name, 'ok', silentMs)
  const finding = { name, state: 'recoverable', ageMs: silentMs } as const
  return isStalled(process, windows)
    ? {
        ...finding,
        reason: 'stalled',
        text: `Hangs: not heard from for ${over(silentMs, windows.unhealthyMs)}`,
        gravity: grave,
      }
    : {
        ...finding,
        reason: 'stalling',
        text: `Not heard from for ${over(silentMs, windows.stallingMs)}`,
        gravity: 'degrading',
      }
}

function notRunning({ name, ending }: ProcessFacts, isGrace: boolean): Finding {
  const isFirst = ending === undefined
  return {
    name,
    state: isFirst && isGrace ? 'starting' : 'recoverable',
    reason: 'not_running',
    text: isFirst ? 'Not running yet' : `Not running: ${ending}`,
    ageMs: undefined,
    gravity: 'degrading',
  }
}

/** How the journal is: the disk takes what is written, or does not. */
export function journalFinding({ heldMs, lostLately }: JournalFacts): Finding {
  const name = 'journal'
  if (heldMs === undefined && lostLately > 0) {
    const text = `${lostLately} records went within 5 minutes before a sink had read them`
    return { name, state: 'recoverable', reason: 'data_lost', text, ageMs: undefined, gravity: 'grave' }
  }
  if (heldMs === undefined) return fine(name)
  const isLosing = heldMs > HELD_LIMIT_MS
  return {
    name,
    state: 'recoverable',
    reason: 'disk_full',
    text: `The disk has taken nothing for ${lasting(heldMs)}: books are kept, and nothing is recorded`,
    ageMs: heldMs,
    gravity: isLosing ? 'grave' : 'degrading',
  }
}

/** How a sink is. Behind is harmless while the journal keeps what it lacks; lost is not. */
export function sinkFinding(sink: SinkFacts, windows: HealthWindows): Finding {
  const { trouble, behindMs, lostLately } = sink
  const finding = { name: `sink/${sink.sink}`, state: 'recoverable', ageMs: undefined } as const
  const behind = behindMs > 0 ? `; ${lasting(behindMs)} behind` : ''
  const why = trouble === undefined ? '' : `${trouble.code}: ${trouble.text}`
  if (lostLately > 0) {
    const lost = `${lostLately} ${lostLately === 1 ? 'record' : 'records'} left the journal unread within the last 5 min`
    const text = why === '' ? `${lost}${behind}` : `${lost}${behind}; ${why}`
    return { ...finding, reason: 'data_lost', text, gravity: 'grave' }
  }
  if (trouble !== undefined)
    return {
      ...finding,
      state: LASTING_CODES.has(trouble.code) ? 'permanent' : 'recoverable',
      reason: 'sink_failing',
      text: `${why}${behind}`,
      gravity: 'degrading',
    }
  if (sink.isPaused)
    return { ...finding, reason: 'shedding', text: `Paused by the governor${behind}`, gravity: 'degrading' }
  if (behindMs < windows.sinkMs) return fine(finding.name)
  return {
    ...finding,
    reason: 'sink_behind',
    text: `Behind the journal by ${over(behindMs, windows.sinkMs)}`,
    gravity: 'degrading',
  }
}

/** How the governor is: anything above level 0 means that something is left out. */
export function governorFinding({ governor, nowUs }: HealthFacts): Finding {
  const { level } = governor
  const name = 'governor'
  if (level < 1) return fine(name)
  const levelMs = (nowUs - governor.sinceUs) / 1_000
  const finding = { name, state: 'recoverable', ageMs: undefined } as const
  const since = `Level ${level} for ${lasting(levelMs)}`
  if (level < RESTART_LEVEL)
    return {
      ...finding,
      reason: 'shedding',
      text: `${since}: less is done so that the rest holds`,
      gravity: 'degrading',
    }
  return {
    ...finding,
    reason: 'overload',
    text: `${since}: too much to do for this machine, only a restart is left`,
    gravity: levelMs >= OVERLOAD_LIMIT_MS ? 'grave' : 'degrading',
  }
}
