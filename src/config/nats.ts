import * as field from './field.ts'
import { FILE, USER } from './forms.ts'
import { INBOX_PREFIX, NATS_SERVER, STREAM_NAME, SUBJECT_TEMPLATE } from './nats-forms.ts'
import type { RecordType } from '../core/record.ts'

const mode = (what: string): field.ChoiceField<'jetstream' | 'core' | 'off'> =>
  field.choice(
    `How ${what} go out. jetstream: kept in the stream, each acknowledged, and plain subscribers get them as well. core: only to those who listen at this moment. off: not at all.`,
    ['jetstream', 'core', 'off'],
  )

const MODES = {
  trade: mode('trades'),
  orderbook_delta: mode('changes of books'),
  orderbook: mode('books'),
  gap: mode('gaps'),
} satisfies Record<RecordType, field.ChoiceField>

/** Keys of the sink `nats`. */
export const NATS = field.section(
  'NATS: each record a message, for live consumers and in a stream that keeps them.',
  {
    enabled: field.boolean('Whether records go there.', false),
    servers: field.texts('Servers; of a cluster name all, they are tried in any order.', NATS_SERVER, {
      value: ['nats://127.0.0.1:4222'],
      limit: 16,
    }),
    subject: field.text(
      'Subject of a record. Whatever is no letter, digit, - or _ in a value becomes %XX of its UTF-8 bytes.',
      SUBJECT_TEMPLATE,
      '{type}.{exchange}.{market_type}.{symbol}',
    ),
    modes: field.section('How records of each type go out.', MODES),
    stream: field.section(
      'The stream that keeps records. It is made where it is missing; one that exists and differs is an error, it is never changed.',
      {
        name: field.text('Its name.', STREAM_NAME, 'MARKETPRISM'),
        storage: field.choice('Where the server keeps it.', ['file', 'memory']),
        replicas: field.integer('Servers of a cluster that keep it: 3 survive the loss of one.', {
          value: 1,
          min: 1,
          max: 5,
        }),
        max_age_s: field.integer('Age at which records go; 0: none.', {
          value: 86_400,
          min: 0,
          max: 315_360_000,
        }),
        max_bytes: field.integer('Size at which it is full; 0: no limit but that of the server.', {
          value: 10_737_418_240,
          min: 0,
          max: 1_099_511_627_776,
        }),
        discard: field.choice(
          'What a full stream does: drop its oldest records, or refuse those that come.',
          ['old', 'new'],
        ),
        duplicate_window_s: field.integer(
          'How long the server knows the ids of records, to drop those that come twice; never over max_age_s. An outage that is longer may repeat what was in flight when it began. Each id takes about 100 bytes of its memory.',
          { value: 120, min: 1, max: 86_400 },
        ),
      },
    ),
    auth: field.section(
      'Who the sink is: one of user with password_file, nkey_seed_file, credentials_file, or nothing.',
      {
        user: field.optional(field.requiredText('User name.', USER), 'marketprism'),
        password_file: field.optional(
          field.requiredText('File with the password of the user.', FILE),
          './nats.password',
        ),
        nkey_seed_file: field.optional(
          field.requiredText('File with the seed of an nkey (SU…).', FILE),
          './nats.seed',
        ),
        credentials_file: field.optional(
          field.requiredText('File with a JWT and its seed, as nsc writes it.', FILE),
          './nats.creds',
        ),
      },
    ),
    tls: field.section('Encryption.', {
      enabled: field.boolean('Whether the connection must be encrypted.', false),
      ca_file: field.optional(
        field.requiredText('Certificate authority of the server; without it those of Node count.', FILE),
        './ca.pem',
      ),
      cert_file: field.optional(
        field.requiredText('Certificate of the sink, where the server asks for one.', FILE),
        './client.pem',
      ),
      key_file: field.optional(field.requiredText('Key of that certificate.', FILE), './client.key'),
    }),
    inbox_prefix: field.text(
      'Beginning of the subjects on which answers come back: the user must be allowed to subscribe to it and below.',
      INBOX_PREFIX,
      '_INBOX',
    ),
    window: field.section(
      'Records that are on their way and not acknowledged. It adapts below these limits.',
      {
        max_records: field.integer('At most so many.', { value: 8_192, min: 1, max: 65_536 }),
        max_bytes: field.integer('At most so many bytes.', {
          value: 8_388_608,
          min: 65_536,
          max: 268_435_456,
        }),
      },
    ),
    batch_bytes: field.integer('Records taken from the journal at a time.', {
      value: 4_194_304,
      min: 65_536,
      max: 67_108_864,
    }),
    connect_timeout_ms: field.integer('Time for a connection to a server, login included.', {
      value: 4_000,
      min: 100,
      max: 60_000,
    }),
    ack_timeout_ms: field.integer(
      'When no acknowledgement comes for so long, the connection is given up and the records are sent again.',
      { value: 5_000, min: 100, max: 300_000 },
    ),
  },
)
