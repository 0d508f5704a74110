import type { FailureCode } from '../core/errors.ts'
import type { EpochMicros } from '../core/units.ts'

/** Wall time and steady time. */
export interface Clock {
  /** Wall time. May step when the host's clock is set. */
  now(): EpochMicros
  /** Microseconds that only grow: for every deadline, age and rate. */
  steadyUs(): number
}

export interface Timer {
  cancel(): void
}

/** Timers on steady time. A timer runs once, with a delay of 0 at the end of this turn of the loop; `every` until it is cancelled. */
export interface Timers {
  after(delayMs: number, run: () => void): Timer
  every(periodMs: number, run: () => void): Timer
}

/** Uniform in [0, 1). */
export interface Random {
  next(): number
}

/** How a socket ended. */
export interface SocketEnd {
  /** WebSocket close code; 1006 when there was no close frame. */
  readonly code: number
  readonly reason: string
  /** HTTP status of a refused handshake. */
  readonly status?: number
  readonly retryAfterMs?: number
  /** Why there never was a connection: `dns`, `tls`, `timeout`, `unreachable`; `refused` with a `status`. */
  readonly failure?: FailureCode
}

export interface SocketHandlers {
  onOpen(): void
  /** One text or binary message, stamped when it was read from the socket. The bytes are only good during the call. */
  onFrame(bytes: Uint8Array, receiveTimeUs: EpochMicros): void
  /** A protocol ping of the venue; the pong has been sent. */
  onPing(): void
  /** The venue answered a ping of ours. */
  onPong?(): void
  /** Called exactly once, whichever side ended it, also when it never opened. */
  onEnd(end: SocketEnd): void
}

/** A WebSocket as this system needs one: no compression, deadlines and limits fixed, closed for certain. */
export interface Socket {
  /** Sends a text message. Throws before `onOpen`; after the end it does nothing. */
  send(text: string): void
  /** Sends a protocol ping, under the same conditions. */
  ping(): void
  /** Closes; a peer that does not answer within 3 s is cut off. `onEnd` follows. */
  close(code: number, reason: string): void
  /** Bytes that wait to be sent. */
  readonly unsentBytes: number
}

export interface SocketOptions {
  /** Time for name, TCP, TLS and upgrade together. */
  readonly handshakeMs: number
  /** A message over this ends the socket with 1009. */
  readonly messageLimitBytes: number
}

export interface Sockets {
  open(url: string, options: SocketOptions, handlers: SocketHandlers): Socket
}

export interface HttpRequest {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** For the whole answer, body included. */
  readonly deadlineMs: number
  /** A body over this is refused. */
  readonly bodyLimitBytes: number
}

export interface HttpAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly receiveTimeUs: EpochMicros
}

/**
 * GET only; redirects are not followed: they are answers. Rejects with `FailureError`: `unreachable`, `dns`, `tls`, `timeout`,
 * `too_large`, `bad_answer` (not HTTP, or a body that does not unpack).
 */
export interface Http {
  get(request: HttpRequest): Promise<HttpAnswer>
}

/** A file open for appending. Writes are synchronous: when `append` returns, the operating system has the bytes. */
export interface AppendFile {
  readonly path: string
  readonly sizeBytes: number
  append(bytes: Uint8Array): void
  /** Cuts the file back: what a write that failed half way has left must not stand before the next. */
  truncate(sizeBytes: number): void
  sync(): void
  /** As `sync`, off this thread: resolves once everything appended before the call is on the disk. */
  syncAside(): Promise<void>
  close(): void
}

/** A file open for reading, which another process may be appending to, renaming or removing. */
export interface ReadFile {
  readonly path: string
  sizeBytes(): number
  /** Reads into `into` from byte `at` of the file; answers how many bytes there were, 0 at its end. */
  read(into: Uint8Array, at: number): number
  close(): void
}

/** The part of a file system that the journal and captures use. Failures are `FailureError` with code `disk`. */
export interface Files {
  makeFolder(path: string): void
  openAppend(path: string): AppendFile
  /** `undefined` where there is no such file. */
  openRead(path: string): ReadFile | undefined
  /** Puts `bytes` in the place of the file, on the disk when it returns: a crash leaves the former or this, never half. */
  replace(path: string, bytes: Uint8Array): void
  /** Bytes of the disk below `folder` that this process may still fill. */
  freeBytes(folder: string): number
  /** Bytes of the disk below `folder`: those that may still be filled, and all; `undefined` where it cannot be asked. Off this thread. */
  room(folder: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number } | undefined>
  /** Calls `onChange` when a file of `folder` was appended to, made or renamed; may miss some. Answers how to end it. */
  watch(folder: string, onChange: () => void): () => void
  list(folder: string): readonly string[]
  sizeOf(path: string): number | undefined
  read(path: string): Uint8Array
  rename(from: string, to: string): void
  remove(path: string): void
  /**
   * Takes the lock file `path` for this process; answers how to give it back. What a process that is gone left behind is taken
   * over. Throws `FailureError` with code `locked`, naming the holder.
   */
  lock(path: string): () => void
}

/** TCP connections that this process has opened and that have not ended. */
export interface Connections {
  /** Those that were opened through `Sockets` and `Http`: somebody ends them. */
  readonly owned: number
  /** All of them, also those that a package has opened by itself. */
  readonly total: number
  /** Ends those that nobody answers for, once they are ten seconds old; answers how many. Not where packages open their own. */
  endOrphans(): number
}

/** Everything that the rest of the system may take from the outside world. */
export interface Runtime {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly sockets: Sockets
  readonly http: Http
  readonly files: Files
  /** Absent where connections are not real. */
  readonly connections?: Connections
  /** Collects all garbage there is, now; answers the share of the heap that it freed, 0 to 1. Absent where there is no heap to free. */
  readonly collectGarbage?: () => number
}
