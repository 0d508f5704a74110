import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { FailureError } from '../core/errors.ts'
import { errorCodeOf } from './failure-of.ts'
import { takeLock } from './lock-file.ts'
import type { AppendFile, Files } from './runtime.ts'

/** Causes that may pass by themselves: somebody makes room, or closes files. */
const PASSING = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EBUSY', 'EAGAIN', 'ENOMEM', 'EINTR'])

/** The file system. Names that are made or changed are on the disk (folder synced) when the call returns. */
export class SystemFiles implements Files {
  makeFolder(path: string): void {
    guarded(path, () => mkdirSync(path, { recursive: true }))
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
    guarded(path, () => takeLock(path))
    return () => this.remove(path)
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

  sync(): void {
    const descriptor = this.#open()
    guarded(this.path, () => fsyncSync(descriptor))
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
    if (cause instanceof FailureError) throw cause
    const code = errorCodeOf(cause)
    const text = cause instanceof Error ? cause.message : String(cause)
    const retryable = code !== undefined && PASSING.has(code)
    throw new FailureError('disk', `${path}: ${text}`, { retryable, cause })
  }
}
