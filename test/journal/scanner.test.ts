import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HEADER_BYTES, sealBatch } from '../../src/journal/format.ts'
import { BatchScanner, type Found } from '../../src/journal/scanner.ts'
import { line, NOW } from './rig.ts'

function batch(text: string): Uint8Array {
  const records = line(text)
  const bytes = new Uint8Array(HEADER_BYTES + records.length)
  bytes.set(records, HEADER_BYTES)
  sealBatch(bytes, bytes.length, { records: 1, firstUs: NOW, lastUs: NOW })
  return bytes
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts)

/** A file whose content is asked for at each call: another process is writing it. */
class LiveFile {
  readonly path = 'live'
  content: Uint8Array = new Uint8Array()
  /** Called after the content was read, before the next call. */
  afterRead: () => void = () => undefined

  sizeBytes(): number {
    return this.content.length
  }

  read(into: Uint8Array, at: number): number {
    const bytes = this.content.subarray(at, at + into.length)
    into.set(bytes)
    this.afterRead()
    return bytes.length
  }

  close(): void {
    // Nothing is held.
  }
}

const textOf = (found: Found): string =>
  found.kind === 'batch' ? String(JSON.parse(new TextDecoder().decode(found.records)).text) : found.kind

test('batches that are written while the scanner looks are not passed over', () => {
  const file = new LiveFile()
  const scanner = new BatchScanner(file)
  file.afterRead = () => (file.content = joined(batch('one'), batch('two')))
  assert.deepEqual([scanner.next(), scanner.next(), scanner.next()].map(textOf), ['one', 'two', 'end'])
})

test('half a batch that was taken back and replaced by another one is not taken for damage', () => {
  const file = new LiveFile()
  const scanner = new BatchScanner(file)
  file.content = batch('a batch that did not fit').subarray(0, -5)
  assert.equal(textOf(scanner.next()), 'end')
  file.content = joined(batch('another'), batch('next'))
  assert.deepEqual([scanner.next(), scanner.next()].map(textOf), ['another', 'next'])
})
