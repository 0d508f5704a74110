import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename } from 'node:path'
import { errorCodeOf } from './failure-of.ts'

/** Whether this process could listen at a port. `refused`: the address or the right to it is missing. */
export type PortOutcome =
  | { readonly name: 'free' }
  | { readonly name: 'taken' }
  | { readonly name: 'refused'; readonly reason: string }

/** Listens at the port for a moment, and leaves it again. */
export function tryPort(host: string, port: number): Promise<PortOutcome> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', (error) => {
      const isTaken = errorCodeOf(error) === 'EADDRINUSE'
      resolve(isTaken ? { name: 'taken' } : { name: 'refused', reason: error.message })
    })
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve({ name: 'free' })))
  })
}

/** A process that listens at a port. */
export interface PortHolder {
  readonly pid: number
  /** Its program without its folder, and the script of an interpreter: `node server.mjs`. Never further arguments. */
  readonly command: string
}

/**
 * Who listens at the TCP port. `undefined` where nobody does, where it is a process of somebody else or of another container, and
 * where the system has no /proc. Never throws.
 */
export function portHolder(port: number): PortHolder | undefined {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => textOf(path) ?? '')
  const inodes = tables.flatMap((table) => listeningInodes(table, port))
  if (inodes.length === 0) return undefined
  const links = new Set(inodes.map((inode) => `socket:[${inode}]`))
  for (const name of namesIn('/proc')) {
    if (!/^\d+$/.test(name) || !holdsAny(`/proc/${name}/fd`, links)) continue
    return { pid: Number(name), command: commandOf(name) }
  }
  return undefined
}

/** State of a listening socket in /proc/net/tcp. */
const LISTEN = '0A'

/**
 * Inodes of the sockets that listen at `port`, from the text of /proc/net/tcp or tcp6:
 *
 *     0: 0100007F:1F97 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 48213 1 …
 */
export function listeningInodes(table: string, port: number): readonly string[] {
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
    const isIt = state === LISTEN && Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16) === port
    return isIt && inode !== undefined ? [inode] : []
  })
}

/** A command for people, from the text of /proc/PID/cmdline, whose arguments end with NUL. Empty for a process without one. */
export function commandIn(cmdline: string): string {
  const [program = '', ...args] = cmdline.split('\0').filter((part) => part !== '')
  const name = basename(program)
  const script = /^(node|nodejs|python[\d.]*|ruby|perl|bash|sh)$/.test(name)
    ? args.find((arg) => !arg.startsWith('-') && /[./]/.test(arg))
    : undefined
  return script === undefined ? name : `${name} ${basename(script)}`
}

function commandOf(pid: string): string {
  const command = commandIn(textOf(`/proc/${pid}/cmdline`) ?? '')
  return command === '' ? (textOf(`/proc/${pid}/comm`)?.trim() ?? 'unknown') : command
}

const holdsAny = (folder: string, links: ReadonlySet<string>): boolean =>
  namesIn(folder).some((name) => links.has(guarded(() => readlinkSync(`${folder}/${name}`)) ?? ''))

const namesIn = (folder: string): readonly string[] => guarded(() => readdirSync(folder)) ?? []

const textOf = (path: string): string | undefined => guarded(() => readFileSync(path, 'utf8'))

/** Processes end between two looks, and those of others may not be looked at: then there is nothing to see. */
function guarded<Answer>(read: () => Answer): Answer | undefined {
  try {
    return read()
  } catch (cause) {
    if (errorCodeOf(cause) === undefined) throw cause
    return undefined
  }
}
