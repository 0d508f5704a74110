import { readFile } from 'node:fs/promises'
import { zstdDecompressSync } from 'node:zlib'

/**
 * The text of a zstd file, frame by frame. Node's decompressors end after the first frame and leave the rest, and captures are
 * written as a frame for each second, so that a file that was cut short can be read up to there.
 */
export async function* readZstd(path: string): AsyncGenerator<Buffer> {
  let rest: Buffer = await readFile(path)
  while (rest.length > 0) {
    const { text, usedBytes } = unpackFrame(rest)
    yield text
    rest = rest.subarray(usedBytes)
  }
}

/** Unpacks the first frame of `bytes` and answers how many bytes it had. Throws for what is no whole frame. */
function unpackFrame(bytes: Buffer): { readonly text: Buffer; readonly usedBytes: number } {
  // With `info` the engine is answered too, which its type does not say.
  const answer: unknown = zstdDecompressSync(bytes, { info: true })
  const { buffer, engine } = Object(answer)
  const usedBytes: unknown = Object(engine).bytesWritten
  if (!(buffer instanceof Buffer) || typeof usedBytes !== 'number' || usedBytes === 0) {
    throw new TypeError('the zstd decompressor did not say how much it read')
  }
  return { text: buffer, usedBytes }
}
