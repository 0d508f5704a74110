import { FailureError } from '../core/errors.ts'
import type { AppendFile, Files, ReadFile } from './runtime.ts'

/** Files in memory: the double of a disk in tests. */
export class MemoryFiles implements Files {
  readonly #files = new Map<string, Content>()
  readonly #folders = new Set<string>(['', '.'])
  readonly #watchers = new Set<{ readonly folder: string; readonly onChange: () => void }>()
  /** The disk is full beyond so many bytes. */
  limitBytes = Infinity

  /** Bytes of all files. */
  get usedBytes(): number {
    let sum = 0
    for (const { size } of this.#files.values()) sum += size
    return sum
  }

  makeFolder(path: string): void {
    for (let folder = path; !this.#folders.has(folder); folder = parentOf(folder)) this.#folders.add(folder)
  }

  openAppend(path: string): AppendFile {
    this.#expectFolder(parentOf(path))
    const content = this.#files.get(path) ?? new Content()
    this.#files.set(path, content)
    this.#tell(path)
    return new MemoryAppendFile(path, content, {
      room: () => this.limitBytes - this.usedBytes,
      tell: () => this.#tell(path),
    })
  }

  openRead(path: string): ReadFile | undefined {
    const content = this.#files.get(path)
    return content === undefined ? undefined : new MemoryReadFile(path, content)
  }

  replace(path: string, bytes: Uint8Array): void {
    const draft = `${path}.tmp`
    this.remove(draft)
    const file = this.openAppend(draft)
    file.append(bytes)
    file.close()
    this.rename(draft, path)
  }

  freeBytes(): number {
    return Math.max(0, this.limitBytes - this.usedBytes)
  }

  async room(): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    return { freeBytes: this.freeBytes(), totalBytes: this.limitBytes }
  }

  watch(folder: string, onChange: () => void): () => void {
    const watcher = { folder, onChange }
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  list(folder: string): readonly string[] {
    this.#expectFolder(folder)
    const prefix = folder === '.' ? '' : `${folder}/`
    const names = [...this.#files.keys(), ...this.#folders]
      .filter((path) => path.startsWith(prefix) && path.length > prefix.length)
      .map((path) => path.slice(prefix.length))
    return names.filter((name) => !name.includes('/') && name !== '.').toSorted()
  }

  sizeOf(path: string): number | undefined {
    return this.#files.get(path)?.size
  }

  read(path: string): Uint8Array {
    return this.#expectFile(path).bytes()
  }

  rename(from: string, to: string): void {
    const content = this.#expectFile(from)
    this.#expectFolder(parentOf(to))
    this.#files.delete(from)
    this.#files.set(to, content)
    this.#tell(to)
  }

  remove(path: string): void {
    this.#files.delete(path)
  }

  lock(path: string): () => void {
    if (this.#files.has(path)) {
      throw new FailureError('locked', `${path}: held by this simulation`, { retryable: true })
    }
    this.openAppend(path).close()
    return () => this.remove(path)
  }

  #tell(path: string): void {
    for (const { folder, onChange } of this.#watchers) if (folder === parentOf(path)) onChange()
  }

  #expectFile(path: string): Content {
    const content = this.#files.get(path)
    if (content === undefined) throw diskFailure('ENOENT', path)
    return content
  }

  #expectFolder(folder: string): void {
    if (!this.#folders.has(folder)) throw diskFailure('ENOENT', folder)
  }
}

interface MemoryDisk {
  readonly room: () => number
  readonly tell: () => void
}

class MemoryAppendFile implements AppendFile {
  readonly path: string
  readonly #content: Content
  readonly #disk: MemoryDisk
  #closed = false

  constructor(path: string, content: Content, disk: MemoryDisk) {
    this.path = path
    this.#content = content
    this.#disk = disk
  }

  get sizeBytes(): number {
    return this.#content.size
  }

  /** Writes what fits, like a disk that fills up in the middle. */
  append(bytes: Uint8Array): void {
    if (this.#closed) throw diskFailure('EBADF', this.path)
    const room = Math.max(0, this.#disk.room())
    this.#content.append(bytes.subarray(0, room))
    this.#disk.tell()
    if (room < bytes.length) throw diskFailure('ENOSPC', this.path)
  }

  truncate(sizeBytes: number): void {
    if (this.#closed) throw diskFailure('EBADF', this.path)
    this.#content.size = sizeBytes
  }

  sync(): void {
    if (this.#closed) throw diskFailure('EBADF', this.path)
  }

  async syncAside(): Promise<void> {
    this.sync()
  }

  close(): void {
    this.#closed = true
  }
}

class MemoryReadFile implements ReadFile {
  readonly path: string
  readonly #content: Content

  constructor(path: string, content: Content) {
    this.path = path
    this.#content = content
  }

  sizeBytes(): number {
    return this.#content.size
  }

  read(into: Uint8Array, at: number): number {
    const bytes = this.#content.bytes().subarray(at, at + into.length)
    into.set(bytes)
    return bytes.length
  }

  close(): void {
    // Nothing is held.
  }
}

/** Bytes that grow. */
class Content {
  size = 0
  #bytes = new Uint8Array(256)

  append(bytes: Uint8Array): void {
    const needed = this.size + bytes.length
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      grown.set(this.#bytes.subarray(0, this.size))
      this.#bytes = grown
    }
    this.#bytes.set(bytes, this.size)
    this.size = needed
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.size)
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash === -1 ? '.' : path.slice(0, slash)
}

function diskFailure(code: string, path: string): FailureError {
  return new FailureError('disk', `${code}: ${path}`, { retryable: code === 'ENOSPC' })
}
