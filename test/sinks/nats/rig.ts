import { setTimeout as delay } from 'node:timers/promises'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { FailureError } from '../../../src/core/errors.ts'
import { SystemClock, SystemTimers } from '../../../src/runtime/system-clock.ts'
import { connectTo, type NatsConnection } from '../../../src/sinks/nats/connection.ts'
import type { NatsOptions } from '../../../src/sinks/nats/options.ts'
import { NatsSink } from '../../../src/sinks/nats/sink.ts'
import type { RecordBatch, Rejected } from '../../../src/sinks/sink.ts'
import { optionsFor } from './options.ts'

const clock = new SystemClock()
const outside = { clock, timers: new SystemTimers(clock) }

/** A wait of the delivery loop between two tries. */
const RETRY_MS = 50
/** Far more tries than any outage here lasts. */
const RETRY_LIMIT = 400

/** A sink that is closed at the end of the test. */
export class OwnedSink extends AsyncDisposableStack {
  readonly sink: NatsSink

  constructor(servers: readonly string[], changes: Partial<NatsOptions> = {}) {
    super()
    this.sink = new NatsSink(optionsFor(servers, changes), outside)
    this.defer(() => this.sink.close())
  }
}

/** The failure with which `attempt` rejects. */
export async function failureFrom(attempt: Promise<unknown>): Promise<FailureError> {
  try {
    await attempt
  } catch (error) {
    if (error instanceof FailureError) return error
    throw error
  }
  throw new Error('it did not fail')
}

/** What a delivery did: the records that were rejected, and the failures on the way. */
export interface Delivery {
  readonly rejected: readonly Rejected[]
  readonly failures: readonly FailureError[]
}

/** Gives a batch until it is taken, as the delivery loop does; a failure that is not retryable ends it. */
export async function deliver(sink: NatsSink, batch: RecordBatch): Promise<Delivery> {
  const failures: FailureError[] = []
  while (failures.length < RETRY_LIMIT) {
    try {
      return { rejected: await sink.write(batch), failures }
    } catch (error) {
      if (!(error instanceof FailureError) || !error.retryable) throw error
      failures.push(error)
      await delay(RETRY_MS)
    }
  }
  throw new Error('it was never taken', { cause: failures.at(-1) })
}

/** Delivers batches one after the other until `isOver` answers true after one. */
export async function deliverUntil(
  sink: NatsSink,
  batchAt: (index: number) => RecordBatch,
  isOver: () => boolean,
): Promise<{ readonly batches: readonly RecordBatch[]; readonly failures: readonly FailureError[] }> {
  const batches: RecordBatch[] = []
  const failures: FailureError[] = []
  do {
    const batch = batchAt(batches.length)
    const delivery = await deliver(sink, batch)
    batches.push(batch)
    failures.push(...delivery.failures)
  } while (!isOver())
  return { batches, failures }
}

/** Does something with a connection of the test's own. */
export async function withClient<Answer>(
  url: string,
  use: (client: NatsConnection) => Promise<Answer>,
  changes: Partial<NatsOptions> = {},
): Promise<Answer> {
  const connection = await connectTo(
    optionsFor([url], { connectTimeoutMs: 5_000, ...changes }),
    new AbortController().signal,
  )
  try {
    return await use(connection.client)
  } finally {
    await connection.close()
  }
}

/** A message of a stream as a consumer gets it. */
export interface Stored {
  readonly subject: string
  readonly id: string
  readonly text: string
}

/** Everything in a stream, in its order. */
export async function storedIn(
  url: string,
  name = 'TEST',
  changes: Partial<NatsOptions> = {},
): Promise<Stored[]> {
  const read = async (client: NatsConnection): Promise<Stored[]> => {
    const manager = await jetstreamManager(client, { checkAPI: false, timeout: 10_000 })
    const { state } = await manager.streams.info(name)
    const stored: Stored[] = []
    if (state.messages === 0) return stored
    const consumer = await jetstream(client).consumers.get(name)
    for await (const message of await consumer.consume({ max_messages: 2_000 })) {
      const id = message.headers?.get('Nats-Msg-Id') ?? ''
      stored.push({ subject: message.subject, id, text: message.string() })
      if (message.seq >= state.last_seq) break
    }
    return stored
  }
  return withClient(url, read, changes)
}

const ID = /"id":"([^"]+)"/g

/** The ids of all records of batches, in their order. */
export function idsOf(batches: readonly RecordBatch[]): string[] {
  return batches.flatMap(({ bytes }) =>
    [...new TextDecoder().decode(bytes).matchAll(ID)].map(([, id]) => id ?? ''),
  )
}

/** What is missing from `stored`, and what is in it twice. */
export function difference(
  sent: readonly string[],
  stored: readonly Stored[],
): { lost: number; twice: number } {
  const there = new Set(stored.map(({ id }) => id))
  return { lost: sent.filter((id) => !there.has(id)).length, twice: stored.length - there.size }
}
