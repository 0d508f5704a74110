// Installs the programs that tests on real servers start, as far as they are missing and this machine lets it: `node scripts/tools.ts`.
// Ends with 0 whatever comes of it: tests whose program is missing are skipped and say so.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

interface Tool {
  readonly command: string
  /** The Debian package that has it. */
  readonly package: string
  /** Which tests are skipped without it. */
  readonly tests: string
}

const TOOLS: readonly Tool[] = [
  { command: 'nats-server', package: 'nats-server', tests: 'the NATS sink on real servers' },
  { command: 'promtool', package: 'prometheus', tests: 'the metrics and the rules against Prometheus' },
  { command: 'amtool', package: 'prometheus-alertmanager', tests: 'the routes of alerts' },
  {
    command: 'prometheus-alertmanager',
    package: 'prometheus-alertmanager',
    tests: 'which alerts mute others',
  },
  { command: 'docker-compose', package: 'docker-compose', tests: 'the compose file' },
]

/** Debian keeps servers where the path of a plain user does not lead. */
const SERVER_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin']
/** A mirror that takes longer is as good as none. */
const APT_TIMEOUT_MS = 180_000

/** Where a command is, on the path or among the servers of Debian; `undefined` when it is not on this machine. */
export function findCommand(command: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SERVER_FOLDERS]
  return folders.map((folder) => join(folder, command)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Runs apt-get, quietly and without questions; answers whether it succeeded. */
function run(aptGet: string, ...args: readonly string[]): boolean {
  const ended = spawnSync(aptGet, ['-qq', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: APT_TIMEOUT_MS,
  })
  return ended.status === 0
}

const isMissing = ({ command }: Tool): boolean => findCommand(command) === undefined

/** Installs what is missing, where that is possible, and tells what still is afterwards. */
export function installTools(): void {
  const missing = TOOLS.filter(isMissing)
  if (missing.length === 0) return
  const reason = install(missing)
  for (const { command, package: name, tests } of missing.filter(isMissing)) {
    console.log(`${command} is missing (Debian package ${name}): ${reason}. Tests of ${tests} are skipped.`)
  }
}

/** Installs packages where that is possible; answers why one may still be missing afterwards. */
function install(missing: readonly Tool[]): string {
  const aptGet = findCommand('apt-get')
  if (aptGet === undefined) return 'there is no apt-get'
  if (process.getuid?.() !== 0) return 'only root may install packages'
  if (!run(aptGet, 'update')) return 'apt-get update failed'
  const names = missing.map((tool) => tool.package)
  const isInstalled = run(aptGet, 'install', '-y', '--no-install-recommends', ...names)
  return isInstalled ? 'its package came without it' : 'apt-get install failed'
}

if (import.meta.main) installTools()
