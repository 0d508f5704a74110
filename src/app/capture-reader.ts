import { createReadStream } from 'node:fs'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { CaptureLine } from '../core/capture.ts'
import { readZstd } from './zstd-frames.ts'

/** A line of a capture that is not one: names the file and the line. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError'
}

/** A capture line with its 1-based number in the file, and its place in words: `file:number`. */
export interface NumberedLine {
  readonly number: number
  readonly place: string
  readonly line: CaptureLine
}

/**
 * Reads a capture line by line, plain or packed (`.gz`, `.zst`), without holding it in memory. Throws `CaptureError` for a line
 * that is no capture line and for a file that cannot be read.
 */
export async function* readCapture(path: string): AsyncGenerator<NumberedLine> {
  let number = 0
  try {
    for await (const text of linesOf(open(path))) {
      number++
      const place = `${path}:${number}`
      if (text !== '') yield { number, place, line: parse(text, place) }
    }
  } catch (cause) {
    if (cause instanceof CaptureError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CaptureError(`${path}: cannot be read after line ${number}: ${reason}`, { cause })
  }
}

/** Reads captures one after the other. */
export async function* readCaptures(paths: readonly string[]): AsyncGenerator<NumberedLine> {
  for (const path of paths) yield* readCapture(path)
}

/**
 * Lines as they end with a line feed, and with nothing else: the separators U+2028 and U+2029, at which `node:readline` splits as
 * well, may stand inside a JSON string. A carriage return before the line feed and a byte order mark are not part of a line.
 */
async function* linesOf(input: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of input) {
    const parts = (
      rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))
    ).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) yield part.endsWith('\r') ? part.slice(0, -1) : part
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}

function open(path: string): NodeJS.ReadableStream {
  if (path.endsWith('.zst')) return Readable.from(readZstd(path), { objectMode: false })
  const file = createReadStream(path)
  if (!path.endsWith('.gz')) return file
  // Errors of the file surface as errors of the last stream, which the reader iterates.
  return pipeline(file, createGunzip(), () => undefined)
}

function parse(text: string, place: string): CaptureLine {
  const value = parseJson(text, place)
  if (typeof value !== 'object' || value === null) throw new CaptureError(`${place}: not a capture line`)
  const { t = null, src, conn, dir, raw } = Object.fromEntries(Object.entries(value))
  if (t !== null && typeof t !== 'number') throw new CaptureError(`${place}: t is no time`)
  if (src !== 'ws' && src !== 'rest') throw new CaptureError(`${place}: src is neither ws nor rest`)
  if (dir !== 'in' && dir !== 'out') throw new CaptureError(`${place}: dir is neither in nor out`)
  if (typeof conn !== 'string') throw new CaptureError(`${place}: conn is no text`)
  if (typeof raw !== 'string') throw new CaptureError(`${place}: raw is no text`)
  return { t, src, conn, dir, raw }
}

function parseJson(text: string, place: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch (cause) {
    throw new CaptureError(`${place}: not JSON`, { cause })
  }
}
