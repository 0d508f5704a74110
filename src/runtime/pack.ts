import { constants, gzipSync, zstdCompressSync } from 'node:zlib'

export const PACKINGS = ['zstd', 'gzip', 'none'] as const
export type Packing = (typeof PACKINGS)[number]

/** Name ending of a packed file. */
export const packingSuffix = (packing: Packing): string => ({ zstd: '.zst', gzip: '.gz', none: '' })[packing]

/** Packs a chunk so that chunks written one after the other are one valid file. */
export function pack(packing: Packing, bytes: Uint8Array): Uint8Array {
  switch (packing) {
    case 'zstd':
      return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })
    case 'gzip':
      return gzipSync(bytes, { level: 5 })
    case 'none':
      return bytes
  }
}
