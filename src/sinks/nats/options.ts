import { FailureError } from '../../core/errors.ts'
import type { RecordType } from '../../core/record.ts'

/**
 * How records of a type go out. `jetstream`: stored, each acknowledged; plain subscribers of the subject get them as well.
 * `core`: for whoever listens at this moment. `off`: not at all.
 */
export const NATS_MODES = ['jetstream', 'core', 'off'] as const
export type NatsMode = (typeof NATS_MODES)[number]

/** Who the sink is. Secrets are in files only, and read again at each connect: they may be exchanged while it runs. */
export type NatsCredentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'password'; readonly user: string; readonly passwordFile: string }
  | { readonly kind: 'nkey'; readonly seedFile: string }
  /** The file that `nsc` writes: a JWT and its seed. */
  | { readonly kind: 'credentials'; readonly file: string }

/** With it the connection is encrypted or is not made. Without `caFile` the certificate authorities of Node count. */
export interface NatsTls {
  readonly enabled: boolean
  readonly caFile: string | undefined
  /** Certificate and key of the client, where the server asks for them. */
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
}

/** How the stream is made where there is none, and what one that exists is held against. */
export interface NatsStream {
  readonly name: string
  readonly storage: 'file' | 'memory'
  readonly replicas: number
  /** 0: no limit. */
  readonly maxAgeS: number
  /** 0: no limit. */
  readonly maxBytes: number
  /** What a full stream does: drops its oldest records, or refuses those that come. */
  readonly discard: 'old' | 'new'
  readonly duplicateWindowS: number
}

/** Records that are published and not yet acknowledged: at most so many, and at most so many bytes. */
export interface NatsWindow {
  readonly maxRecords: number
  readonly maxBytes: number
}

export interface NatsOptions {
  /** `nats://host:port`, tried in any order. */
  readonly servers: readonly string[]
  readonly credentials: NatsCredentials
  readonly tls: NatsTls
  readonly modes: Readonly<Record<RecordType, NatsMode>>
  /** Tokens with dots between them: `{type}.{exchange}.{market_type}.{symbol}`. */
  readonly subject: string
  readonly inboxPrefix: string
  readonly stream: NatsStream
  readonly window: NatsWindow
  readonly batchBytes: number
  readonly connectTimeoutMs: number
  /** A write of which nothing was acknowledged for so long has failed, and its connection with it. */
  readonly ackTimeoutMs: number
  /** Content of a file with a secret. What it throws must not tell the content. */
  readonly readSecret: (path: string) => string | Promise<string>
}

/** The section `sinks.nats` of the configuration, as far as it concerns the sink. */
export interface NatsKeys extends Omit<NatsOptions, 'credentials' | 'modes' | 'readSecret'> {
  readonly auth: NatsAuth
  readonly modes: {
    readonly trade: NatsMode
    readonly orderbookDelta: NatsMode
    readonly orderbook: NatsMode
    readonly gap: NatsMode
  }
}

/** Options of the sink from its configuration; throws `FailureError` `mismatch` where that does not say one way to log in. */
export function natsOptionsOf(keys: NatsKeys, readSecret: NatsOptions['readSecret']): NatsOptions {
  const { trade, orderbookDelta, orderbook, gap } = keys.modes
  return {
    ...keys,
    credentials: credentialsOf(keys.auth),
    modes: { trade, orderbook_delta: orderbookDelta, orderbook, gap },
    readSecret,
  }
}

/** The keys about credentials, each of which may be left out. */
export interface NatsAuth {
  readonly user: string | undefined
  readonly passwordFile: string | undefined
  readonly nkeySeedFile: string | undefined
  readonly credentialsFile: string | undefined
}

/** The one way to log in that `auth` describes; throws `FailureError` `mismatch` where it describes none or two. */
export function credentialsOf(auth: NatsAuth): NatsCredentials {
  const ways: NatsCredentials[] = []
  const { user, passwordFile, nkeySeedFile, credentialsFile } = auth
  if (user !== undefined && passwordFile !== undefined) ways.push({ kind: 'password', user, passwordFile })
  else if (user !== undefined || passwordFile !== undefined)
    throw mismatch('user and password_file of sinks.nats.auth go together: give both or none')
  if (nkeySeedFile !== undefined) ways.push({ kind: 'nkey', seedFile: nkeySeedFile })
  if (credentialsFile !== undefined) ways.push({ kind: 'credentials', file: credentialsFile })
  const [way, other] = ways
  if (other !== undefined)
    throw mismatch(
      'sinks.nats.auth names two ways to log in: keep one of user, nkey_seed_file, credentials_file',
    )
  return way ?? { kind: 'none' }
}

const mismatch = (message: string): FailureError =>
  new FailureError('mismatch', message, { retryable: false })
