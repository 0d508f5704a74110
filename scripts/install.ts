// Packages that are needed for one purpose only, and are too large for everybody: each in a folder with a package.json of its own.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Installs what the package.json of `folder` asks for, unless all of it is there; answers whether it is afterwards. */
export function installFolder(folder: string): boolean {
  if (isInstalled(folder)) return true
  const quiet = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts']
  spawnSync('npm', ['install', ...quiet, '--prefix', folder], { stdio: ['ignore', 'ignore', 'inherit'] })
  return isInstalled(folder)
}

/** Whether every dependency is there, in the version that is asked for. */
function isInstalled(folder: string): boolean {
  const { dependencies = {} } = manifest(folder) ?? {}
  return Object.entries(dependencies).every(
    ([name, version]) => manifest(join(folder, 'node_modules', name))?.version === version,
  )
}

interface Manifest {
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
}

function manifest(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
}
