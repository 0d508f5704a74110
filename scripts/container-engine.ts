// The engine that builds and runs the image of `npm run test:container`, and the base image that it builds on.
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { findCommand } from './tools.ts'

/** As the Dockerfile names it. */
export const BASE_IMAGE = 'docker.io/library/node:24-bookworm-slim'
const DEBIAN_RELEASE = 'bookworm'
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'
const ROOT = join(import.meta.dirname, '..')

/** An engine without a daemon behind it says so at once; one that is starting may take a while. */
const ASK_LIMIT_MS = 15_000
/** A registry that takes longer is as good as none. */
const PULL_LIMIT_MS = 90_000
const STEP_LIMIT_MS = 600_000

export interface Ended {
  readonly code: number
  /** Standard output. */
  readonly out: string
  /** Standard output, and behind it what was said of faults. */
  readonly text: string
}

/** Runs a command to its end, within `limitMs`. Code 127 where it cannot be started, 124 at the limit. */
export function runTool(tool: string, args: readonly string[], limitMs: number = STEP_LIMIT_MS): Ended {
  const ended = spawnSync(tool, args, {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: limitMs,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (ended.error !== undefined && ended.status === null) {
    const isLate = 'code' in ended.error && ended.error.code === 'ETIMEDOUT'
    return { code: isLate ? 124 : 127, out: '', text: ended.error.message }
  }
  const { status, stdout: out, stderr } = ended
  return { code: status ?? 1, out, text: `${out}${stderr}` }
}

/** What is different between the two. */
export interface Engine {
  readonly name: 'docker' | 'podman'
  readonly run: (args: readonly string[], limitMs?: number) => Ended
  /** Of `build` and of `run`. */
  readonly buildArgs: readonly string[]
  readonly runArgs: readonly string[]
  /** Takes the writable folders away that podman adds to a read-only root. */
  readonly strictlyReadOnly: readonly string[]
  /** Lets go of the folder, so that it can be removed. */
  readonly close: () => void
}

/** Docker where its daemon answers, else podman, with all that it keeps below `folder`; or why there is neither. */
export function findEngine(folder: string): Engine | { readonly missing: string } {
  const docker = findCommand('docker')
  if (docker !== undefined && runTool(docker, ['info'], ASK_LIMIT_MS).code === 0) {
    return {
      name: 'docker',
      run: (args, limitMs) => runTool(docker, args, limitMs),
      buildArgs: ['--network=host'],
      runArgs: [],
      strictlyReadOnly: [],
      close: () => undefined,
    }
  }
  const podman = findCommand('podman')
  if (podman === undefined) return { missing: 'no docker daemon answers, and podman is not installed' }
  if (process.getuid?.() !== 0)
    return { missing: 'no docker daemon answers, and only root can use podman here' }
  return podmanIn(folder, podman)
}

function podmanIn(folder: string, podman: string): Engine {
  const runc = findCommand('runc')
  const config = join(folder, 'containers.conf')
  // A machine without systemd, with the limits that it has.
  writeFileSync(
    config,
    [
      '[containers]',
      'default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]',
      'pids_limit = 0',
      '[engine]',
      'cgroup_manager = "cgroupfs"',
      'events_logger = "file"',
      ...(runc === undefined ? [] : ['runtime = "runc"', '[engine.runtimes]', `runc = ["${runc}"]`]),
      '',
    ].join('\n'),
  )
  process.env['CONTAINERS_CONF'] = config
  const places = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run')]
  return {
    name: 'podman',
    run: (args, limitMs) => runTool(podman, [...places, ...args], limitMs),
    // The format of Docker: that of OCI has no healthcheck.
    buildArgs: ['--pull=never', '--network=host', '--isolation=chroot', '--format=docker'],
    // Its healthchecks are timers of systemd: the check is run by hand.
    runArgs: ['--pull=never', '--ulimit=host', '--no-healthcheck'],
    strictlyReadOnly: ['--read-only-tmpfs=false'],
    // It mounts the folder of its layers onto itself, and leaves it so.
    close: () => void runTool('umount', [join(folder, 'storage/overlay')]),
  }
}

/** Makes the base image available. Answers which it is, or why there is none. */
export function provideBase(
  engine: Engine,
  folder: string,
): { readonly base: string } | { readonly missing: string } {
  if (engine.run(['image', 'inspect', BASE_IMAGE]).code === 0) return { base: 'as it is on this machine' }
  const pulled = engine.run(['pull', '--quiet', BASE_IMAGE], PULL_LIMIT_MS)
  if (pulled.code === 0) return { base: 'the one of the registry' }
  const debootstrap = findCommand('debootstrap')
  if (engine.name !== 'podman' || debootstrap === undefined) {
    return {
      missing: `${BASE_IMAGE} cannot be pulled, and debootstrap is not here: ${lastLine(pulled.text)}`,
    }
  }
  const fault = makeBase(engine, folder, debootstrap)
  return fault === undefined
    ? { base: `NOT the one of the registry: Debian ${DEBIAN_RELEASE} with Node ${process.versions.node}` }
    : { missing: `${BASE_IMAGE} cannot be pulled, and cannot be made: ${fault}` }
}

/** An image under the name of the base, of a Debian from its mirror and the Node that runs this. Answers what went wrong. */
function makeBase(engine: Engine, folder: string, debootstrap: string): string | undefined {
  const rootfs = join(folder, 'rootfs')
  const made = runTool(debootstrap, [
    '--variant=minbase',
    '--include=ca-certificates',
    DEBIAN_RELEASE,
    rootfs,
    // Else debootstrap takes its own.
    ...mirror(),
  ])
  if (made.code !== 0) return `debootstrap: ${lastLine(made.text)}`
  addNode(rootfs)
  const user = runTool('chroot', [
    rootfs,
    'sh',
    '-c',
    'groupadd -g 1000 node && useradd -u 1000 -g node -m node',
  ])
  if (user.code !== 0) return lastLine(user.text)
  const archive = join(folder, 'rootfs.tar')
  const packed = runTool('tar', ['-C', rootfs, '-cf', archive, '.'])
  if (packed.code !== 0) return lastLine(packed.text)
  const imported = engine.run(['import', '--change', 'CMD ["node"]', archive, BASE_IMAGE])
  return imported.code === 0 ? undefined : lastLine(imported.text)
}

function mirror(): readonly string[] {
  const url = process.env['DEBIAN_MIRROR']
  return url === undefined ? [] : [url]
}

/** Node and npm as the base has them, with the registry and the certificates of this machine. */
function addNode(rootfs: string): void {
  const local = join(rootfs, 'usr/local')
  copyFileSync(process.execPath, join(local, 'bin/node'))
  const npm = join(local, 'lib/node_modules/npm')
  cpSync(npmFolder(), npm, { recursive: true, dereference: true })
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'))
  mkdirSync(join(local, 'etc'), { recursive: true })
  const registry = runTool('npm', ['config', 'get', 'registry']).out.trim()
  const settings = [`registry=${registry}`]
  if (existsSync(CERTIFICATES)) {
    copyFileSync(CERTIFICATES, join(rootfs, CERTIFICATES))
    settings.push(`cafile=${CERTIFICATES}`)
  }
  writeFileSync(join(local, 'etc/npmrc'), `${settings.join('\n')}\n`)
}

function npmFolder(): string {
  const script = process.env['npm_execpath'] ?? findCommand('npm') ?? ''
  return dirname(dirname(realpathSync(script)))
}

/** What a tool said last tells why it ended. */
function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
