import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { isVenueId, VENUE_IDS, type VenueId } from '../core/ids.ts'
import type { Hosts } from '../venues/venue.ts'

export interface EmulatorChildOptions {
  readonly instruments: number
  readonly seed: number
  readonly portBase: number
}

/** The emulated venues in a process of their own, so that what the collector costs can be told from what they cost. */
export class EmulatorChild {
  readonly hosts: ReadonlyMap<VenueId, Hosts>
  readonly #process: ChildProcess

  private constructor(child: ChildProcess, hosts: ReadonlyMap<VenueId, Hosts>) {
    this.#process = child
    this.hosts = hosts
  }

  /** Starts it and waits until all venues listen; answers what it said instead when it ended. */
  static async start({ instruments, seed, portBase }: EmulatorChildOptions): Promise<EmulatorChild | string> {
    const [program = ''] = process.argv.slice(1)
    const args = [
      'emulate',
      '--instruments',
      String(instruments),
      '--seed',
      String(seed),
      '--port-base',
      String(portBase),
    ]
    // Detached: Ctrl-C is for the collector, which ends its emulator last. The channel ends it with its parent in any case.
    const child = spawn(process.execPath, [program, ...args], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    let complaint = ''
    child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
    const hosts = new Map<VenueId, Hosts>()
    if (child.stdout === null) return 'no output'
    for await (const line of createInterface({ input: child.stdout })) {
      const [venue = '', stream = '', rest = ''] = line.split(' ')
      if (isVenueId(venue)) hosts.set(venue, { stream, rest })
      if (hosts.size === VENUE_IDS.length) return new EmulatorChild(child, hosts)
    }
    return complaint.trim()
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    await ended
  }
}
