import {
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream'
import type { FailureError } from '../../core/errors.ts'
import { RECORD_TYPES } from '../../core/record.ts'
import type { NatsConnection } from './connection.ts'
import { failureOf, natsFailure } from './failures.ts'
import type { NatsOptions, NatsStream } from './options.ts'
import { isFull } from './puback.ts'
import { SubjectTemplate } from './subjects.ts'

const NANOS_PER_SECOND = 1_000_000_000

/** What the stream has to be, in the words of the server. Every option of it exists in nats-server 2.9. */
export type StreamShape = Pick<
  StreamConfig,
  | 'name'
  | 'subjects'
  | 'retention'
  | 'storage'
  | 'num_replicas'
  | 'max_age'
  | 'max_bytes'
  | 'max_msgs'
  | 'max_msgs_per_subject'
  | 'discard'
  | 'duplicate_window'
>

/** The stream that `stream` describes, with everything that the filters take. */
export function shapeOf(stream: NatsStream, filters: readonly string[]): StreamShape {
  return {
    name: stream.name,
    subjects: [...filters],
    retention: 'limits',
    storage: stream.storage,
    num_replicas: stream.replicas,
    max_age: stream.maxAgeS * NANOS_PER_SECOND,
    max_bytes: stream.maxBytes === 0 ? -1 : stream.maxBytes,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    discard: stream.discard,
    duplicate_window: stream.duplicateWindowS * NANOS_PER_SECOND,
  }
}

/** The stream that a sink with these options needs; `undefined` where nothing is stored. Throws `FailureError` `mismatch` where the subject is no template. */
export function streamOf({
  subject,
  modes,
  stream,
}: Pick<NatsOptions, 'subject' | 'modes' | 'stream'>): StreamShape | undefined {
  const template = new SubjectTemplate(subject)
  const stored = RECORD_TYPES.filter((type) => modes[type] === 'jetstream')
  const filters = stored.map((type) => template.filterOf(type))
  return filters.length === 0 ? undefined : shapeOf(stream, filters)
}

/** Every way in which the stream there is differs from the one wanted, each as `max_age is 60 s, configured 3600 s`. */
export function differencesOf(actual: StreamConfig, wanted: StreamShape): readonly string[] {
  const differences: string[] = []
  const compare = (key: string, is: string, configured: string): void => {
    if (is !== configured) differences.push(`${key} is ${is}, configured ${configured}`)
  }
  compare('subjects', listOf(actual.subjects), listOf(wanted.subjects))
  compare('retention', actual.retention, wanted.retention)
  compare('storage', actual.storage, wanted.storage)
  compare('replicas', `${actual.num_replicas}`, `${wanted.num_replicas}`)
  compare('max_age', secondsOf(actual.max_age), secondsOf(wanted.max_age))
  compare('max_bytes', limitOf(actual.max_bytes), limitOf(wanted.max_bytes))
  compare('max_msgs', limitOf(actual.max_msgs), limitOf(wanted.max_msgs))
  compare('max_msgs_per_subject', limitOf(actual.max_msgs_per_subject), limitOf(wanted.max_msgs_per_subject))
  compare('discard', actual.discard, wanted.discard)
  compare('duplicate_window', secondsOf(actual.duplicate_window), secondsOf(wanted.duplicate_window))
  // Without acknowledgements nothing could ever be called delivered.
  compare('no_ack', `${actual.no_ack ?? false}`, 'false')
  compare('sealed', `${actual.sealed}`, 'false')
  return differences
}

// Servers give an absent list as none.
const listOf = (subjects: readonly string[] | undefined): string => (subjects ?? []).toSorted().join(' ')
const secondsOf = (nanos: number): string => (nanos === 0 ? 'unlimited' : `${nanos / NANOS_PER_SECOND} s`)
const limitOf = (limit: number): string => (limit <= 0 ? 'unlimited' : `${limit}`)

/**
 * Makes the stream where it is missing and holds it against what is wanted where it is not. Rejects with `FailureError`: `mismatch`
 * naming each difference, `full` when the server has no room for it, `unreachable` while JetStream or its leader is away.
 */
export async function ensureStream(
  client: NatsConnection,
  wanted: StreamShape,
  timeoutMs: number,
): Promise<void> {
  const manager = await jetstreamManager(client, { checkAPI: false, timeout: timeoutMs })
  try {
    const actual = (await findStream(manager, wanted.name)) ?? (await manager.streams.add(wanted)).config
    const differences = differencesOf(actual, wanted)
    if (differences.length === 0) return
    const message = `stream ${wanted.name} is set up otherwise: ${differences.join('; ')}`
    throw natsFailure('mismatch', message, { retryable: false })
  } catch (error) {
    throw streamFailure(error, wanted.name)
  }
}

/** How the stream there is differs from the one wanted; `undefined` where there is none. Only looks; rejects as `ensureStream`. */
export async function streamDifferences(
  client: NatsConnection,
  wanted: StreamShape,
  timeoutMs: number,
): Promise<readonly string[] | undefined> {
  const manager = await jetstreamManager(client, { checkAPI: false, timeout: timeoutMs })
  try {
    const actual = await findStream(manager, wanted.name)
    return actual === undefined ? undefined : differencesOf(actual, wanted)
  } catch (error) {
    throw streamFailure(error, wanted.name)
  }
}

async function findStream(manager: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(name)).config
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)
      return undefined
    throw error
  }
}

/** Statuses from here on are the server's troubles; below, the request was wrong. */
const SERVER_FAULT = 500

function streamFailure(error: unknown, name: string): FailureError {
  if (error instanceof JetStreamApiError) {
    const message = `stream ${name}: ${error.message} (${error.code})`
    if (isFull(error.code)) return natsFailure('full', message, { retryable: true, cause: error })
    // Also for an account without JetStream the status is 503: what tells it apart is its code.
    const isWrong =
      error.status < SERVER_FAULT || error.code === JetStreamApiCodes.JetStreamNotEnabledForAccount
    return natsFailure(isWrong ? 'mismatch' : 'unreachable', message, { retryable: !isWrong, cause: error })
  }
  // Nobody answers: JetStream is switched off, or no server of the cluster leads it at the moment.
  if (error instanceof Error && error.name === 'JetStreamNotEnabled')
    return natsFailure('unreachable', 'JetStream is not available', { retryable: true, cause: error })
  return failureOf(error)
}
