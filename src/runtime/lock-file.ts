import { randomUUID } from 'node:crypto'
import {
  linkSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { FailureError } from '../core/errors.ts'
import { errorCodeOf } from './failure-of.ts'

/** A lock that is left behind is taken over once; more, and several processes are at it. */
const TRIES = 5
/** A process of another container or machine is not to be seen from here: it shows by the time of its lock that it lives. */
const TOUCH_MS = 1_000
/** A process that hangs is killed after 15 s: one that has not touched its lock for longer writes no more. */
const UNTOUCHED_MS = 20_000
/** A holder elsewhere that lives touches its lock once or more in this time, also on a busy machine. */
const PROOF_MS = 3 * TOUCH_MS
const PROOF_LOOK_MS = 250
/** In place of a start, where /proc does not tell. */
const UNKNOWN = '-'

/**
 * Makes the lock file `path`, which names this process and where it runs. Throws `FailureError` with code `locked` while its holder
 * lives. Answers how to give it back, which leaves a lock of anybody else alone.
 */
export function takeLock(path: string): () => void {
  const ours = `${process.pid} ${startOf(process.pid) ?? UNKNOWN} ${placeOf()}\n`
  // Linked, not created and then written: whoever sees the lock sees its holder. Processes of two containers may have one number.
  const draft = `${path}.${process.pid}.${randomUUID()}`
  writeFileSync(draft, ours)
  try {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      if (isLinked(draft, path)) return kept(path, ours)
      const content = contentOf(path)
      if (content === undefined) continue
      const holder = holderIn(path, content)
      if (holder !== undefined) {
        throw new FailureError('locked', `${path}: held by ${holder}`, { retryable: true })
      }
      takeAway(path, content)
    }
  } finally {
    unlinkSync(draft)
  }
  throw new FailureError('locked', `${path}: several processes are trying to take it`, { retryable: true })
}

/** Who holds the lock file `path`, as `process 12`, without touching it; `undefined` where nobody does who lives. */
export function lockHolder(path: string): string | undefined {
  const content = contentOf(path)
  return content === undefined ? undefined : holderIn(path, content)
}

/**
 * As `lockHolder`, but only whoever is sure to live. The lock of a container that was killed looks held for 20 s: a holder elsewhere has
 * to touch it while it is looked at, which takes up to 3 s.
 */
export async function livingHolder(path: string): Promise<string | undefined> {
  const content = contentOf(path)
  const holder = content === undefined ? undefined : holderIn(path, content)
  if (content === undefined || holder === undefined || readLock(content).place === placeOf()) return holder
  const before = touchedMs(path)
  for (let waitedMs = 0; waitedMs < PROOF_MS; waitedMs += PROOF_LOOK_MS) {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    await sleep(PROOF_LOOK_MS)
    // To open it has a file system of a network ask for its times anew.
    if (contentOf(path) === undefined) return undefined
    if (touchedMs(path) !== before) return lockHolder(path)
  }
  return undefined
}

/** Shows from time to time that the holder lives; answers how to give the lock back. */
function kept(path: string, ours: string): () => void {
  const timer = setInterval(() => touch(path, ours), TOUCH_MS).unref()
  return () => {
    clearInterval(timer)
    if (contentOf(path) === ours) unlinkSync(path)
  }
}

/** A disk that fails ends nobody here: whoever holds the lock finds out by himself, and only the proof of life is missing. */
function touch(path: string, ours: string): void {
  try {
    if (contentOf(path) !== ours) return
    const nowSeconds = Date.now() / 1_000
    utimesSync(path, nowSeconds, nowSeconds)
  } catch (cause) {
    if (errorCodeOf(cause) === undefined) throw cause
  }
}

function isLinked(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (cause) {
    if (errorCodeOf(cause) === 'EEXIST') return false
    throw cause
  }
}

/** Removes a lock that was left behind, unless somebody else has taken it over since it was read: then that one is put back. */
function takeAway(path: string, stale: string): void {
  const aside = `${path}.${process.pid}.${randomUUID()}.stale`
  try {
    renameSync(path, aside)
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return
    throw cause
  }
  if (contentOf(aside) !== stale) isLinked(aside, path)
  unlinkSync(aside)
}

/** `undefined` where there is no such file. */
function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return undefined
    throw cause
  }
}

/** What a lock says. One without a place is of a process here. */
function readLock(content: string): { readonly pid: string; readonly start: string; readonly place: string } {
  const [pid = '', start = '', place = placeOf()] = content.trim().split(' ')
  return { pid, start, place }
}

/** Whom a lock names, if he lives. Process numbers are used again, hence the start is compared as well. */
function holderIn(path: string, content: string): string | undefined {
  const { pid, start, place } = readLock(content)
  const number = Number(pid)
  if (!Number.isInteger(number) || number <= 0) return undefined
  if (place !== placeOf()) {
    return isTouched(path) ? `process ${pid} of ${place}, another container or machine` : undefined
  }
  return isAlive(number) && isSameStart(startOf(number), start) ? `process ${pid}` : undefined
}

/** Where either is not known, the number has to do. */
function isSameStart(running: string | undefined, noted: string): boolean {
  return running === undefined || noted === '' || noted === UNKNOWN || running === noted
}

/** Where process numbers mean the same: the host, and the namespace of numbers, of which each container has its own. */
function placeOf(): string {
  try {
    return `${hostname()}/${readlinkSync('/proc/self/ns/pid')}`
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return hostname()
    throw cause
  }
}

function isTouched(path: string): boolean {
  const ms = touchedMs(path)
  return ms !== undefined && Math.abs(Date.now() - ms) < UNTOUCHED_MS
}

/** When a lock was touched last; `undefined` where there is none. */
function touchedMs(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return errorCodeOf(cause) === 'EPERM'
  }
}

/** When a process began, in ticks since boot: field 22 of /proc/PID/stat. `undefined` where /proc does not tell. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in field 2 may hold spaces and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return undefined
    throw cause
  }
}
