import { FailureError } from '../core/errors.ts'
import { journalLock } from '../journal/lock.ts'
import { errorCodeOf } from '../runtime/failure-of.ts'
import { livingHolder } from '../runtime/lock-file.ts'

/**
 * Rejects with `FailureError` of code `locked` where a process that lives has the journal of one of these folders; `advice`, a sentence,
 * is what to do then. Takes none of them, and leaves one that cannot be looked at to its collector, which tells why.
 */
export async function requireFreeJournals(folders: readonly string[], advice: string): Promise<void> {
  const paths = folders.map(journalLock)
  const looks = paths.map(async (path) => ({ path, holder: await holderOf(path) }))
  const held = (await Promise.all(looks)).find(({ holder }) => holder !== undefined)
  if (held === undefined) return
  throw new FailureError('locked', `${held.path}: held by ${held.holder}. ${advice}`, { retryable: true })
}

async function holderOf(path: string): Promise<string | undefined> {
  try {
    return await livingHolder(path)
  } catch (cause) {
    if (errorCodeOf(cause) === undefined) throw cause
    return undefined
  }
}
