import {
  closeSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statfsSync,
  statSync,
  unlinkSync,
  watch,
  writeSync,
} from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname, resolve as absolute } from 'node:path'
import { FailureError } from '../core/errors.ts'
import { errorCodeOf } from './failure-of.ts'
import { takeLock } from './lock-file.ts'
import type { AppendFile, Files, ReadFile } from './runtime.ts'

/** Causes that may pass by themselves: somebody makes room, or closes files. */
const PASSING = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EBUSY', 'EAGAIN', 'ENOMEM', 'EINTR'])

/** The file system. Names that are made or changed are on the disk (folder synced) when the call returns. */
export class SystemFiles implements Files {
  makeFolder(path: string): void {
    guarded(path, () => {
      const first = mkdirSync(path, { recursive: true })
      if (first === undefined) return
      const top = dirname(absolute(first))
      for (let made = absolute(path); made !== top; made = dirname(made)) syncFolder(dirname(made))
    })
  }

  openAppend(path: string): AppendFile {
    return guarded(path, () => {
      const isNew = statSync(path, { throwIfNoEntry: false }) === undefined
      const descriptor = openSync(path, 'a', 0o640)
      try {
        if (isNew) syncFolder(dirname(path))
        return new SystemAppendFile(path, descriptor, fstatSync(descriptor).size)
      } catch (cause) {
        closeSync(descriptor)
        throw cause
      }
    })
  }

  openRead(path: string): ReadFile | undefined {
    return guarded(path, () => {
      try {
        return new SystemReadFile(path, openSync(path, 'r'))
      } catch (cause) {
        if (errorCodeOf(cause) === 'ENOENT') return undefined
        throw cause
      }
    })
  }

  replace(path: string, bytes: Uint8Array): void {
    const draft = `${path}.tmp`
    this.remove(draft)
    const file = this.openAppend(draft)
    try {
      file.append(bytes)
      file.sync()
    } finally {
      file.close()
    }
    this.rename(draft, path)
  }

  freeBytes(folder: string): number {
    return guarded(folder, () => {
      const { bavail, bsize } = statfsSync(folder)
      return bavail * bsize
    })
  }

  async room(
    folder: string,
  ): Promise<{ readonly freeBytes: number; readonly totalBytes: number } | undefined> {
    try {
      const { bavail, blocks, bsize } = await statfs(folder)
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
    } catch (cause) {
      if (errorCodeOf(cause) === undefined) throw cause
      return undefined
    }
  }

  /** A watcher that fails (too many of them on this host) is no fault: whoever watches looks by itself as well, only less often. */
  watch(folder: string, onChange: () => void): () => void {
    try {
      const watcher = watch(folder, { persistent: false }, onChange)
      watcher.on('error', () => watcher.close())
      return () => watcher.close()
    } catch (cause) {
      if (errorCodeOf(cause) === undefined) throw cause
      return () => undefined
    }
  }

  list(folder: string): readonly string[] {
    return guarded(folder, () => readdirSync(folder).toSorted())
  }

  sizeOf(path: string): number | undefined {
    return guarded(path, () => statSync(path, { throwIfNoEntry: false })?.size)
  }

  read(path: string): Uint8Array {
    return guarded(path, () => readFileSync(path))
  }

  rename(from: string, to: string): void {
    guarded(from, () => {
      renameSync(from, to)
      syncFolder(dirname(to))
    })
  }

  lock(path: string): () => void {
    const giveBack = guarded(path, () => takeLock(path))
    return () => guarded(path, giveBack)
  }

  /** A file that is not there is removed already. */
  remove(path: string): void {
    guarded(path, () => {
      try {
        unlinkSync(path)
      } catch (cause) {
        if (errorCodeOf(cause) !== 'ENOENT') throw cause
      }
    })
  }
}

class SystemAppendFile implements AppendFile {
  readonly path: string
  #descriptor: number | undefined
  #sizeBytes: number

  constructor(path: string, descriptor: number, sizeBytes: number) {
    this.path = path
    this.#descriptor = descriptor
    this.#sizeBytes = sizeBytes
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  append(bytes: Uint8Array): void {
    const descriptor = this.#open()
    guarded(this.path, () => {
      writeWhole(bytes, (part) => {
        const written = writeSync(descriptor, part)
        this.#sizeBytes += written
        return written
      })
    })
  }

  truncate(sizeBytes: number): void {
    const descriptor = this.#open()
    guarded(this.path, () => ftruncateSync(descriptor, sizeBytes))
    this.#sizeBytes = sizeBytes
  }

  sync(): void {
    const descriptor = this.#open()
    guarded(this.path, () => fsyncSync(descriptor))
  }

  syncAside(): Promise<void> {
    const descriptor = this.#open()
    return new Promise((resolve, reject) => {
      fsync(descriptor, (cause) => {
        if (cause === null) resolve()
        else reject(diskFailure(this.path, cause))
      })
    })
  }

  close(): void {
    if (this.#descriptor === undefined) return
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    guarded(this.path, () => closeSync(descriptor))
  }

  #open(): number {
    if (this.#descriptor === undefined)
      throw new FailureError('disk', `closed: ${this.path}`, { retryable: false })
    return this.#descriptor
  }
}

class SystemReadFile implements ReadFile {
  readonly path: string
  readonly #descriptor: number

  constructor(path: string, descriptor: number) {
    this.path = path
    this.#descriptor = descriptor
  }

  sizeBytes(): number {
    return guarded(this.path, () => fstatSync(this.#descriptor).size)
  }

  read(into: Uint8Array, at: number): number {
    return guarded(this.path, () => {
      let taken = 0
      while (taken < into.length) {
        const count = readSync(this.#descriptor, into, taken, into.length - taken, at + taken)
        if (count === 0) break
        taken += count
      }
      return taken
    })
  }

  close(): void {
    guarded(this.path, () => closeSync(this.#descriptor))
  }
}

/** So often in a row a write may take nothing before it counts as failed. */
const EMPTY_WRITES_LIMIT = 100

/** Writes all of `bytes`, however little `write` takes at a time; `write` answers how much it took. */
export function writeWhole(bytes: Uint8Array, write: (part: Uint8Array) => number): void {
  let at = 0
  let empty = 0
  while (at < bytes.length) {
    const written = write(bytes.subarray(at))
    at += written
    empty = written === 0 ? empty + 1 : 0
    if (empty > EMPTY_WRITES_LIMIT) throw new Error('the file takes no more bytes')
  }
}

/** A created or renamed file survives a crash only once its folder is synced. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function guarded<Result>(path: string, work: () => Result): Result {
  try {
    return work()
  } catch (cause) {
    throw cause instanceof FailureError ? cause : diskFailure(path, cause)
  }
}

function diskFailure(path: string, cause: unknown): FailureError {
  const code = errorCodeOf(cause)
  const text = cause instanceof Error ? cause.message : String(cause)
  const retryable = code !== undefined && PASSING.has(code)
  return new FailureError('disk', `${path}: ${text}`, { retryable, cause })
}
