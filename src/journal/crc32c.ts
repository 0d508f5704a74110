import { kernel } from '../core/kernel.ts'

/** The CRC-32C of bytes `from` to `to`, as an unsigned 32-bit integer. `seed` is that of the bytes before them. */
export function crc32c(bytes: Uint8Array, from: number, to: number, seed = 0): number {
  const { frame, frameLimit, crcOfFrame } = kernel()
  let value = seed
  for (let at = from; at < to; at += frameLimit) {
    const piece = bytes.subarray(at, Math.min(to, at + frameLimit))
    frame.set(piece)
    value = crcOfFrame(piece.length, value)
  }
  return value >>> 0
}
