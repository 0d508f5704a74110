import type { FailureError } from '../../core/errors.ts'
import type { Clock, Timer, Timers } from '../../runtime/runtime.ts'
import type { RecordBatch, Rejected } from '../sink.ts'
import type { Connection, ConnectionListener } from './connection.ts'
import { natsFailure } from './failures.ts'
import { HeaderBlocks } from './header-blocks.ts'
import type { NatsMode } from './options.ts'
import { readPubAck } from './puback.ts'
import { findId, type IdRange, type Subjects } from './subjects.ts'
import { nextWindow, WINDOW_FIRST } from './window.ts'

/** Lines that numbers of publishes leave room for in one batch. */
const LINE_SPAN = 2 ** 22
/** How often progress is looked for within the time that a write may go without it. */
const LOOKS = 4

/** Where a line of a batch stands. `settled`: acknowledged, rejected, or of no concern. */
const LINE = { waiting: 0, inFlight: 1, settled: 2 } as const

/** What became of a batch, kept over tries: a try sends exactly what is not settled. */
export class Progress {
  readonly token: string
  readonly #serial: number
  readonly lines: Uint8Array
  readonly rejected: Rejected[] = []
  left: number

  /** `serial` tells the acknowledgements of this batch from those of others. */
  constructor(batch: RecordBatch, serial: number) {
    this.token = batch.token
    this.#serial = serial
    this.lines = new Uint8Array(batch.count)
    this.left = batch.count
  }

  isOf(batch: RecordBatch): boolean {
    return this.token === batch.token && this.lines.length === batch.count
  }

  numberOf(line: number): number {
    return this.#serial * LINE_SPAN + line
  }

  /** The line that was published under `number`; -1 where it is of another batch. */
  lineOf(number: number): number {
    const line = number - this.#serial * LINE_SPAN
    return line >= 0 && line < this.lines.length ? line : -1
  }

  /** Whatever was in flight when a try failed is sent again. */
  rewind(): void {
    for (let line = 0; line < this.lines.length; line++) {
      if (this.lines[line] === LINE.inFlight) this.lines[line] = LINE.waiting
    }
  }
}

/** What publishing needs of the sink: settings, and what outlives a batch. */
export interface PublishingContext {
  readonly outside: { readonly clock: Clock; readonly timers: Timers }
  readonly subjects: Subjects
  /** By type code. */
  readonly modes: readonly NatsMode[]
  readonly maxRecords: number
  readonly maxBytes: number
  readonly ackTimeoutMs: number
  /** Records that may be in flight; adapts. */
  window: number
}

/**
 * One try at a batch on one connection: publishes what is not settled, in its order, with no more in flight than the window allows.
 * `run` resolves when all is settled, and rejects at the first failure; `Progress` then tells how far it came.
 */
export class Publishing implements ConnectionListener {
  readonly #context: PublishingContext
  readonly #connection: Connection
  readonly #batch: RecordBatch
  readonly #progress: Progress
  readonly #headers = new HeaderBlocks()
  readonly #done = Promise.withResolvers<void>()
  readonly #range: IdRange = { start: 0, end: 0 }
  #next = 0
  #inFlight = 0
  #inFlightBytes = 0
  /** Core messages that no flush has confirmed yet: lines from here to `#next`. */
  #coreFrom = 0
  #coreWaiting = 0
  #isFlushing = false
  #isOver = false
  /** A line by which the latency is taken, and when it went out. */
  #probe = -1
  #probeUs = 0
  #isHeldBack = false
  #hasMoved = false
  #looks = 0
  #timer: Timer | undefined

  constructor(context: PublishingContext, connection: Connection, batch: RecordBatch, progress: Progress) {
    this.#context = context
    this.#connection = connection
    this.#batch = batch
    this.#progress = progress
  }

  async run(): Promise<void> {
    const lookMs = Math.max(1, Math.ceil(this.#context.ackTimeoutMs / LOOKS))
    this.#timer = this.#context.outside.timers.every(lookMs, () => this.#look())
    this.#connection.listen(this)
    try {
      this.#pump()
      await this.#done.promise
    } finally {
      this.#isOver = true
      this.#timer.cancel()
      this.#connection.listen(undefined)
      this.#progress.rewind()
    }
  }

  onFailure(failure: FailureError): void {
    this.#isOver = true
    // A window that has led into trouble begins anew.
    this.#context.window = Math.min(this.#context.window, WINDOW_FIRST)
    this.#done.reject(failure)
  }

  onAck(number: number, data: Uint8Array, status: number): void {
    const line = this.#progress.lineOf(number)
    if (line === -1 || this.#isOver || this.#progress.lines[line] === LINE.settled) return
    const ack = readPubAck(data, status)
    if (ack.kind === 'failed') {
      this.onFailure(ack.failure)
      return
    }
    if (ack.kind === 'rejected') this.#progress.rejected.push({ line, code: ack.code, reason: ack.reason })
    if (line === this.#probe) this.#measure()
    this.#settle(line)
    // Some at a time: a publish for every acknowledgement would be a write to the socket each.
    if (this.#inFlight <= this.#context.window / 2 || this.#progress.left === 0) this.#pump()
  }

  /** Publishes as much as may be in flight. */
  #pump(): void {
    const { count } = this.#batch
    try {
      while (this.#next < count && !this.#isOver) {
        this.#isHeldBack = this.#isFull()
        if (this.#isHeldBack) break
        this.#send(this.#next)
        this.#next++
      }
    } catch (error) {
      this.#isOver = true
      // The client throws when its connection has ended; anything else is a mistake of ours.
      this.#done.reject(this.#connection.isOpen ? error : this.#connection.failure)
      return
    }
    if (this.#coreWaiting > 0 && !this.#isFlushing && !this.#isOver) void this.#confirm()
    if (this.#progress.left === 0) this.#done.resolve()
  }

  #isFull(): boolean {
    if (this.#inFlight === 0) return false
    return this.#inFlight >= this.#context.window || this.#inFlightBytes >= this.#context.maxBytes
  }

  #send(line: number): void {
    if (this.#progress.lines[line] !== LINE.waiting) return
    const mode = this.#modeOf(line)
    if (mode === 'off') {
      this.#skip(line)
      return
    }
    const { bytes, starts } = this.#batch
    const start = starts[line] ?? 0
    // The newline ends a line of the journal; a message needs none.
    const payload = bytes.subarray(start, (starts[line + 1] ?? 0) - 1)
    const head = this.#context.subjects.headOf(payload)
    if (head === undefined || !findId(payload, head.bytes.length, this.#range)) {
      this.#reject(line, 'bad_record', 'it has no head or id that makes a subject')
      return
    }
    const header = mode === 'jetstream' ? this.#headers.of(payload, this.#range) : undefined
    const sizeBytes = payload.length + (header?.length ?? 0)
    const limitBytes = this.#connection.maxPayloadBytes
    if (sizeBytes > limitBytes) {
      this.#reject(line, 'too_large', `${sizeBytes} bytes, the server takes ${limitBytes}`)
      return
    }
    this.#depart(line)
    if (header === undefined) this.#connection.publish(head.subject, payload)
    else this.#connection.publishForAck(head.subject, payload, header, this.#progress.numberOf(line))
  }

  #modeOf(line: number): NatsMode {
    return this.#context.modes[this.#batch.types[line] ?? -1] ?? 'off'
  }

  /** Bytes of a line without its newline. */
  #sizeOf(line: number): number {
    return (this.#batch.starts[line + 1] ?? 0) - (this.#batch.starts[line] ?? 0) - 1
  }

  #depart(line: number): void {
    this.#progress.lines[line] = LINE.inFlight
    this.#inFlight++
    this.#inFlightBytes += this.#sizeOf(line)
    if (this.#modeOf(line) === 'core') {
      this.#coreWaiting++
      return
    }
    if (this.#probe !== -1) return
    this.#probe = line
    this.#probeUs = this.#context.outside.clock.steadyUs()
  }

  #reject(line: number, code: Rejected['code'], reason: string): void {
    this.#progress.rejected.push({ line, code, reason })
    this.#skip(line)
  }

  #skip(line: number): void {
    this.#progress.lines[line] = LINE.settled
    this.#progress.left--
  }

  #settle(line: number): void {
    if (this.#progress.lines[line] === LINE.inFlight) {
      this.#inFlight--
      this.#inFlightBytes -= this.#sizeOf(line)
    }
    this.#hasMoved = true
    this.#skip(line)
  }

  #measure(): void {
    const latencyUs = this.#context.outside.clock.steadyUs() - this.#probeUs
    this.#probe = -1
    const trip = { latencyUs, isHeldBack: this.#isHeldBack }
    this.#context.window = nextWindow(this.#context.window, trip, this.#context.maxRecords)
  }

  /** Settles the core messages that are out once the server has read them. */
  async #confirm(): Promise<void> {
    this.#isFlushing = true
    const from = this.#coreFrom
    const end = this.#next
    this.#coreWaiting = 0
    try {
      await this.#connection.flush()
    } catch {
      // The connection has ended, and tells so itself.
      return
    }
    this.#isFlushing = false
    if (this.#isOver) return
    this.#coreFrom = end
    for (let line = from; line < end; line++) {
      if (this.#modeOf(line) === 'core' && this.#progress.lines[line] === LINE.inFlight) this.#settle(line)
    }
    this.#pump()
  }

  /** A write of which nothing moves is given up, and its connection: what waits in the socket of a frozen server goes with it. */
  #look(): void {
    this.#looks = this.#hasMoved ? 0 : this.#looks + 1
    this.#hasMoved = false
    if (this.#looks < LOOKS) return
    const message = `nothing was acknowledged for ${this.#context.ackTimeoutMs} ms, ${this.#inFlight} records in flight`
    this.onFailure(natsFailure('timeout', message, { retryable: true }))
    void this.#connection.close()
  }
}
