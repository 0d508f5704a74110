import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A disk of `bytes`, gone with `Symbol.dispose`; `undefined` where this process may not mount one. */
export function smallDisk(bytes: number): (Disposable & { readonly folder: string }) | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'marketprism-disk-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder])
  const isMounted = mounted.status === 0 && statSync(folder).dev !== statSync(tmpdir()).dev
  if (!isMounted) {
    rmSync(folder, { recursive: true })
    return undefined
  }
  return {
    folder,
    [Symbol.dispose]: () => {
      // Lazy: a file that is still open must not keep the mount of a test that has failed.
      spawnSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true })
    },
  }
}
