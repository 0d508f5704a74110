import { subscribe } from 'node:diagnostics_channel'
import { Socket } from 'node:net'
import type { Clock, Connections } from './runtime.ts'

/** Nobody answers for a socket so long after it was opened: it is an orphan. */
const ORPHAN_US = 10_000_000

interface OpenSocket {
  readonly sinceUs: number
  /** It was opened through a door of this program, whose owner ends it. */
  readonly isOwned: boolean
}

/**
 * Every TCP connection that this process opens, whoever does, as Node tells of it (`net.client.socket`), and which of them an owner
 * answers for: those that are opened within `own`. Pipes and IPC channels do not count, and listening sides neither.
 */
export class OpenSockets implements Connections {
  readonly #clock: Pick<Clock, 'steadyUs'>
  readonly #sockets = new Map<Socket, OpenSocket>()
  #isOwning = false

  constructor(clock: Pick<Clock, 'steadyUs'>) {
    this.#clock = clock
  }

  /** Begins to hear of sockets: for the life of the process, as there is no end to what it may open. */
  watch(): void {
    subscribe('net.client.socket', (message) => this.#opened(message))
  }

  /** Runs `open`; who called it answers for the sockets that it opens before it returns. */
  own<Opened>(open: () => Opened): Opened {
    const wasOwning = this.#isOwning
    this.#isOwning = true
    try {
      return open()
    } finally {
      this.#isOwning = wasOwning
    }
  }

  get owned(): number {
    return this.#count(({ isOwned }) => isOwned)
  }

  get total(): number {
    return this.#count(() => true)
  }

  endOrphans(): number {
    this.#forgetEnded()
    const beforeUs = this.#clock.steadyUs() - ORPHAN_US
    const orphans = [...this.#sockets].filter(
      ([socket, { isOwned, sinceUs }]) => !isOwned && sinceUs <= beforeUs && isTcp(socket),
    )
    for (const [socket] of orphans) socket.destroy()
    return orphans.length
  }

  #count(isMeant: (open: OpenSocket) => boolean): number {
    this.#forgetEnded()
    let count = 0
    for (const [socket, open] of this.#sockets) if (isMeant(open) && isTcp(socket)) count++
    return count
  }

  #opened(message: unknown): void {
    const socket = socketOf(message)
    if (socket === undefined) return
    this.#forgetEnded()
    this.#sockets.set(socket, { sinceUs: this.#clock.steadyUs(), isOwned: this.#isOwning })
  }

  /** Looked at rather than listened for: the socket belongs to somebody else. */
  #forgetEnded(): void {
    for (const socket of this.#sockets.keys()) if (socket.destroyed) this.#sockets.delete(socket)
  }
}

function socketOf(message: unknown): Socket | undefined {
  if (typeof message !== 'object' || message === null || !('socket' in message)) return undefined
  return message.socket instanceof Socket ? message.socket : undefined
}

/** A pipe has no port, and is connected at once. */
const isTcp = (socket: Socket): boolean => socket.connecting || socket.remotePort !== undefined
