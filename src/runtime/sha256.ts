import { createHash } from 'node:crypto'
import { FailureError } from '../core/errors.ts'
import type { Files, ReadFile } from './runtime.ts'

/** Read at a time. */
const CHUNK_BYTES = 1024 * 1024

/** A SHA-256 that grows with what is added to it. */
export class Sha256 {
  readonly #hash = createHash('sha256')

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes)
  }

  /** Ends it: lower-case hexadecimal. */
  text(): string {
    return this.#hash.digest('hex')
  }
}

/** Of a text in UTF-8. */
export const textDigest = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Of a whole file, as `sha256sum` prints it, and how many bytes there were. */
export function digestOf(file: ReadFile): { readonly bytes: number; readonly sha256: string } {
  const hash = new Sha256()
  const chunk = new Uint8Array(CHUNK_BYTES)
  let bytes = 0
  for (let read = file.read(chunk, 0); read > 0; read = file.read(chunk, bytes)) {
    hash.add(chunk.subarray(0, read))
    bytes += read
  }
  return { bytes, sha256: hash.text() }
}

/** As `digestOf`, of the file at `path`. Throws `FailureError` with code `disk`. */
export function digestAt(path: string, files: Files): { readonly bytes: number; readonly sha256: string } {
  const file = files.openRead(path)
  if (file === undefined) throw new FailureError('disk', `${path}: is gone`, { retryable: true })
  try {
    return digestOf(file)
  } finally {
    file.close()
  }
}
