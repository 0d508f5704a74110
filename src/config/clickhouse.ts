import { RECORD_TYPES } from '../core/record.ts'
import * as field from './field.ts'
import { REST_URL } from './forms.ts'

const MEBIBYTE = 1024 * 1024

/** A ClickHouse server; a path would be taken for the name of a database. */
const SERVER_URL: field.TextForm = {
  name: 'the URL of a ClickHouse server',
  sample: 'http://localhost:8123',
  hint: 'write scheme, host and the port of its HTTP interface only, as http://localhost:8123',
  accepts: (text) => REST_URL.accepts(text) && URL.parse(text)?.pathname === '/',
}

const DATABASE: field.TextForm = {
  name: 'a name of 1 to 64 letters, digits and underscores',
  sample: 'marketprism',
  hint: "letters, digits and '_' only, beginning with a letter",
  accepts: (text) => /^[A-Za-z]\w{0,63}$/.test(text),
}

const PREFIX: field.TextForm = {
  name: 'nothing, or up to 64 letters, digits and underscores',
  sample: 'binance_',
  hint: "letters, digits and '_' only, beginning with a letter",
  accepts: (text) => text === '' || DATABASE.accepts(text),
}

const USER: field.TextForm = {
  name: 'the name of a user',
  sample: 'default',
  hint: 'write the user as ClickHouse knows it; the password goes into a file',
  accepts: (text) => /^[^\s:]{1,128}$/.test(text),
}

const PASSWORD_FILE: field.TextForm = {
  name: 'a file',
  sample: '/run/secrets/clickhouse',
  hint: 'write the path of a file that holds the password and nothing else',
  accepts: (text) => text.trim() === text && /^[^\0\n]{1,1024}$/.test(text),
}

/** Keys of the sink `clickhouse`. */
export const CLICKHOUSE = field.section(
  'ClickHouse 24.5 or newer, over HTTP: a table for each type of record, made and kept up to date by this program.',
  {
    enabled: field.boolean('Whether records go there.', false),
    url: field.text('The server, by its HTTP interface.', SERVER_URL, 'http://localhost:8123'),
    user: field.text(
      'Who writes, and reads what it wrote: `SELECT` and `INSERT` on the tables.',
      USER,
      'default',
    ),
    password_file: field.optional(
      {
        kind: 'text',
        doc: 'File that holds the password; left out: the user has none.',
        form: PASSWORD_FILE,
      },
      PASSWORD_FILE.sample,
    ),
    database: field.text('Where the tables are; made when it is missing.', DATABASE, 'marketprism'),
    table_prefix: field.text('Begins the name of every table: `trade` becomes `binance_trade`.', PREFIX, ''),
    records: field.choices('Types of records that go there.', RECORD_TYPES),
    retention_days: field.integer(
      'Days after their receipt at which ClickHouse drops records; 0: it keeps them. Set on the tables at each start.',
      { value: 0, min: 0, max: 36_500 },
    ),
    compression: field.choice(
      'How records are packed on the way. `none` costs least on one host; over a slow network `zstd` sends least.',
      ['none', 'zstd', 'gzip'],
    ),
    batch_bytes: field.integer('Most bytes of one batch. Each batch becomes one part of each table.', {
      value: 32 * MEBIBYTE,
      min: MEBIBYTE,
      max: 64 * MEBIBYTE,
    }),
    batch_records: field.integer('Most records of one batch.', { value: 50_000, min: 1, max: 1_000_000 }),
    linger_ms: field.integer(
      'A batch that is not full waits so long for more. ClickHouse wants about one insert a second.',
      { value: 1_000, min: 0, max: 60_000 },
    ),
    request_ms: field.integer('A request without an answer in this time is tried again.', {
      value: 30_000,
      min: 1_000,
      max: 600_000,
    }),
  },
)
