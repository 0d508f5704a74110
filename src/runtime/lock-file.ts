import { readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { FailureError } from '../core/errors.ts'
import { errorCodeOf } from './failure-of.ts'

/** A lock that is left behind is taken over once; more, and several processes are at it. */
const TRIES = 3

/** Makes the lock file `path`, which names this process. Throws `FailureError` with code `locked` while its holder lives. */
export function takeLock(path: string): void {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    try {
      writeFileSync(path, `${process.pid} ${startOf(process.pid) ?? ''}\n`, { flag: 'wx' })
      return
    } catch (cause) {
      if (errorCodeOf(cause) !== 'EEXIST') throw cause
    }
    const holder = holderOf(path)
    if (holder !== undefined) {
      throw new FailureError('locked', `${path}: held by process ${holder}`, { retryable: true })
    }
    unlinkSync(path)
  }
  throw new FailureError('locked', `${path}: several processes are trying to take it`, { retryable: true })
}

/** The process that holds the lock, if it lives. Process numbers are used again, hence its start is compared as well. */
function holderOf(path: string): number | undefined {
  const [pid = '', start = ''] = readFileSync(path, 'utf8').trim().split(' ')
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
