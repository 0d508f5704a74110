// Packages that are needed for one purpose only, and are too large for everybody: each in a folder with a package.json of its own.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Installs what `folder` asks for, unless `name` is there already; answers whether it is afterwards. */
export function installFolder(folder: string, name: string): boolean {
  const place = join(folder, 'node_modules', name)
  if (existsSync(place)) return true
  const quiet = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts']
  spawnSync('npm', ['install', ...quiet, '--prefix', folder], { stdio: ['ignore', 'ignore', 'inherit'] })
  return existsSync(place)
}
