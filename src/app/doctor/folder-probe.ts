import { open, readdir, stat, statfs, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errorCodeOf } from '../../runtime/failure-of.ts'
import type { Clock } from '../../runtime/runtime.ts'

/** A folder as it was found: by writing a file into it, forcing that to the disk, and removing it. */
export type FolderProbe =
  | {
      readonly name: 'writable'
      /** Where the file was: the folder, or the first of its parents that there is. */
      readonly path: string
      readonly isMissing: boolean
      readonly device: number
      readonly freeBytes: number
      readonly totalBytes: number
      /** Files that stand in the folders themselves that were asked about. */
      readonly storedBytes: number
      readonly fsyncMs: number
    }
  | { readonly name: 'broken'; readonly path: string; readonly reason: string }

/** As much as a busy collector forces to the disk at a time. */
const PROBE_BYTES = 256 * 1024
/** Files whose sizes are asked for: a full journal of small segments has fewer. */
const FILES_LIMIT = 10_000

/**
 * Never rejects for what the disk does. A folder that is missing is not made. `token` names the file of this try; `stored` are the
 * folders of which it is told how much stands there.
 */
export async function probeFolder(
  folder: string,
  stored: readonly string[],
  { token, clock }: { readonly token: string; readonly clock: Clock },
): Promise<FolderProbe> {
  let path = folder
  try {
    path = await firstThatIs(folder)
    const fsyncMs = await writeOnce(join(path, `.marketprism-doctor-${token}`), clock)
    const [{ dev: device }, { bavail, blocks, bsize }] = await Promise.all([stat(path), statfs(path)])
    const isMissing = path !== folder
    const sizes = await Promise.all(stored.map((own) => storedIn(own)))
    const storedBytes = sizes.reduce((sum, bytes) => sum + bytes, 0)
    const room = { freeBytes: bavail * bsize, totalBytes: blocks * bsize, storedBytes }
    return { name: 'writable', path, isMissing, device, ...room, fsyncMs }
  } catch (cause) {
    if (!(cause instanceof Error) || errorCodeOf(cause) === undefined) throw cause
    return { name: 'broken', path, reason: cause.message }
  }
}

async function firstThatIs(folder: string): Promise<string> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- from the folder upwards, the first that there is
      await stat(path)
      return path
    } catch (cause) {
      if (errorCodeOf(cause) !== 'ENOENT' || path === dirname(path)) throw cause
    }
  }
}

/** Answers how long the disk took, ms. */
async function writeOnce(path: string, clock: Clock): Promise<number> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.write(new Uint8Array(PROBE_BYTES))
    const startUs = clock.steadyUs()
    await file.sync()
    return (clock.steadyUs() - startUs) / 1_000
  } finally {
    await file.close()
    await unlink(path)
  }
}

async function storedIn(folder: string): Promise<number> {
  const names = (await namesIn(folder)).slice(0, FILES_LIMIT)
  const sizes = await Promise.all(names.map((name) => sizeOf(join(folder, name))))
  return sizes.reduce((sum, bytes) => sum + bytes, 0)
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    if (errorCodeOf(cause) !== 'ENOENT') throw cause
    return []
  }
}

/** Segments are renamed and removed meanwhile. */
async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path)
    return found.isFile() ? found.size : 0
  } catch (cause) {
    if (errorCodeOf(cause) !== 'ENOENT') throw cause
    return 0
  }
}
