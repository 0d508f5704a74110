import type { FailureError } from '../../core/errors.ts'
import { RECORD_TYPES, type RecordType } from '../../core/record.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import type { Batching, RecordBatch, Rejected, Sink } from '../sink.ts'
import { type Connection, connectTo } from './connection.ts'
import { natsFailure } from './failures.ts'
import type { NatsOptions } from './options.ts'
import { Progress, Publishing, type PublishingContext } from './publishing.ts'
import { ensureStream, streamOf, type StreamShape } from './streams.ts'
import { Subjects, SubjectTemplate } from './subjects.ts'
import { WINDOW_FIRST } from './window.ts'

/** Records taken at a time: at 60,000 a second a fifth of a second. */
const BATCH_RECORDS = 16_384

/**
 * Records as NATS messages, by type in a JetStream stream or for live consumers only. What is in a stream was acknowledged, and is
 * there once, unless an outage is longer than the duplicate window: then what was in flight may be there twice. The order of a
 * stream of records is kept but for what is sent again. Throws `FailureError` `mismatch` where the subject is no template.
 */
export class NatsSink implements Sink {
  readonly name = 'nats'
  readonly batching: Batching
  readonly #options: NatsOptions
  readonly #stream: StreamShape | undefined
  readonly #context: PublishingContext
  readonly #closing = new AbortController()
  #connection: Connection | undefined
  #progress: Progress | undefined
  #serial = 0

  constructor(options: NatsOptions, outside: Pick<Runtime, 'clock' | 'timers'>) {
    const template = new SubjectTemplate(options.subject)
    this.#options = options
    this.batching = {
      limitBytes: options.batchBytes,
      limitRecords: BATCH_RECORDS,
      lingerMs: 0,
      isFixed: false,
    }
    this.#stream = streamOf(options)
    this.#context = {
      outside,
      subjects: new Subjects(template),
      modes: RECORD_TYPES.map((type) => options.modes[type]),
      maxRecords: options.window.maxRecords,
      maxBytes: options.window.maxBytes,
      ackTimeoutMs: options.ackTimeoutMs,
      window: Math.min(WINDOW_FIRST, options.window.maxRecords),
    }
  }

  takes(type: RecordType): boolean {
    return this.#options.modes[type] !== 'off'
  }

  async open(): Promise<void> {
    await this.#ready()
  }

  async write(batch: RecordBatch): Promise<readonly Rejected[]> {
    const connection = await this.#ready()
    const progress = this.#progressOf(batch)
    try {
      await new Publishing(this.#context, connection, batch, progress).run()
    } catch (error) {
      // What the server still has to say of this try goes with the connection, and the next one looks at the stream again.
      this.#leave(connection)
      throw this.#closing.signal.aborted ? closedFailure() : error
    }
    this.#progress = undefined
    return progress.rejected
  }

  async close(): Promise<void> {
    this.#closing.abort(closedFailure())
    await this.#connection?.close()
  }

  /** A connection that can be used, on which the stream has been checked. */
  async #ready(): Promise<Connection> {
    this.#closing.signal.throwIfAborted()
    if (this.#connection?.isOpen) return this.#connection
    const connection = await connectTo(this.#options, this.#closing.signal)
    // Known from here on, so that `close` ends it also during the check.
    this.#connection = connection
    try {
      await this.#check(connection)
    } catch (error) {
      this.#leave(connection)
      throw this.#closing.signal.aborted ? closedFailure() : error
    }
    return connection
  }

  /** Holds the stream against the options; what the server refuses meanwhile is the reason when it fails. */
  async #check(connection: Connection): Promise<void> {
    if (this.#closing.signal.aborted) throw closedFailure()
    const refused = Promise.withResolvers<never>()
    connection.listen({ onAck: () => undefined, onFailure: refused.reject })
    try {
      // Through one flush the server has said whether answers may be subscribed to.
      const checks =
        this.#stream === undefined ? connection.flush() : this.#checkStream(connection, this.#stream)
      await Promise.race([checks, refused.promise])
    } finally {
      connection.listen(undefined)
    }
  }

  async #checkStream(connection: Connection, stream: StreamShape): Promise<void> {
    await connection.flush()
    await ensureStream(connection.client, stream, this.#options.connectTimeoutMs)
  }

  #leave(connection: Connection): void {
    void connection.close()
    if (this.#connection === connection) this.#connection = undefined
  }

  #progressOf(batch: RecordBatch): Progress {
    if (this.#progress?.isOf(batch)) return this.#progress
    this.#serial++
    this.#progress = new Progress(batch, this.#serial)
    return this.#progress
  }
}

const closedFailure = (): FailureError =>
  natsFailure('unreachable', 'the sink is closed', { retryable: true })
