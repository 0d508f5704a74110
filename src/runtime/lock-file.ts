import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { FailureError } from '../core/errors.ts'
import { errorCodeOf } from './failure-of.ts'

/** A lock that is left behind is taken over once; more, and several processes are at it. */
const TRIES = 5

/**
 * Makes the lock file `path`, which names this process. Throws `FailureError` with code `locked` while its holder lives. Answers how
 * to give it back, which leaves a lock of anybody else alone.
 */
export function takeLock(path: string): () => void {
  const ours = `${process.pid} ${startOf(process.pid) ?? ''}\n`
  // Linked, not created and then written: whoever sees the lock sees its holder.
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, ours)
  try {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      if (isLinked(draft, path)) return () => giveBack(path, ours)
      const content = contentOf(path)
      if (content === undefined) continue
      const holder = holderIn(content)
      if (holder !== undefined) {
        throw new FailureError('locked', `${path}: held by process ${holder}`, { retryable: true })
      }
      takeAway(path, content)
    }
  } finally {
    unlinkSync(draft)
  }
  throw new FailureError('locked', `${path}: several processes are trying to take it`, { retryable: true })
}

/** The process that holds the lock file `path`, without touching it; `undefined` where nobody does who lives. */
export function lockHolder(path: string): number | undefined {
  const content = contentOf(path)
  return content === undefined ? undefined : holderIn(content)
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
  const aside = `${path}.${process.pid}.stale`
  try {
    renameSync(path, aside)
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return
    throw cause
  }
  if (contentOf(aside) !== stale) isLinked(aside, path)
  unlinkSync(aside)
}

function giveBack(path: string, ours: string): void {
  if (contentOf(path) === ours) unlinkSync(path)
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

/** The process that a lock names, if it lives. Process numbers are used again, hence its start is compared as well. */
function holderIn(content: string): number | undefined {
  const [pid = '', start = ''] = content.trim().split(' ')
  const number = Number(pid)
  if (!Number.isInteger(number) || number <= 0 || !isAlive(number)) return undefined
  const running = startOf(number)
  return running === undefined || start === '' || running === start ? number : undefined
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
