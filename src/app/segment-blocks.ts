import { FailureError } from '../core/errors.ts'
import { HEADER_BYTES, readHeader, SEALED_SUFFIX } from '../journal/format.ts'
import { readSoundManifest } from '../journal/manifest.ts'
import { BatchScanner } from '../journal/scanner.ts'
import type { Files, ReadFile } from '../runtime/runtime.ts'
import { digestOf } from '../runtime/sha256.ts'

/** Read at a time; grows to the largest batch. */
const READ_BYTES = 1024 * 1024

/**
 * The records of a sealed segment, batch by batch; each block is good until the next is taken. Where the file is what was sealed, to
 * the last byte, its batches are not checked one by one: that hash is native code, and three times as fast as theirs. Otherwise those
 * whose checksum does not agree are left out.
 */
export function* segmentBlocks(path: string, files: Files): Generator<Uint8Array> {
  const file = files.openRead(path)
  if (file === undefined) throw new FailureError('disk', `${path}: is gone`, { retryable: false })
  try {
    yield* hasHashOfManifest(file, files) ? batchesOf(file) : soundBatchesOf(file)
  } finally {
    file.close()
  }
}

/** Whether the segment at `path` is what its manifest says, to the last byte. */
export function isAsSealed(path: string, files: Files): boolean {
  const file = files.openRead(path)
  if (file === undefined) return false
  try {
    return hasHashOfManifest(file, files)
  } finally {
    file.close()
  }
}

function hasHashOfManifest(file: ReadFile, files: Files): boolean {
  const slash = file.path.lastIndexOf('/')
  const folder = file.path.slice(0, slash)
  const stem = file.path.slice(slash + 1, -SEALED_SUFFIX.length)
  const manifest = readSoundManifest(files, folder, stem)
  if (manifest === undefined || manifest.damagedBytes > 0) return false
  return digestOf(file).sha256 === manifest.sha256
}

function* batchesOf(file: ReadFile): Generator<Uint8Array> {
  let buffer = new Uint8Array(READ_BYTES)
  let begin = 0
  let filled = file.read(buffer, begin)
  for (let at = 0; filled > 0;) {
    const header = readHeader(buffer, at - begin)
    const end = at + HEADER_BYTES + (header?.bytes ?? 0)
    if (header !== undefined && end <= begin + filled) {
      yield buffer.subarray(at - begin + HEADER_BYTES, end - begin)
      at = end
      continue
    }
    if (filled < buffer.length && at === begin) {
      throw new FailureError('corrupt', `${file.path}: no whole batch at byte ${at}`, { retryable: false })
    }
    // What is left begins with the rest of a batch; one that does not fit needs a larger buffer.
    if (at === begin) buffer = new Uint8Array(Math.max(buffer.length * 2, end - at))
    begin = at
    filled = file.read(buffer, begin)
  }
}

function* soundBatchesOf(file: ReadFile): Generator<Uint8Array> {
  const scanner = new BatchScanner(file)
  for (let found = scanner.next(); found.kind !== 'end'; found = scanner.next()) {
    if (found.kind === 'batch') yield found.records
  }
}
