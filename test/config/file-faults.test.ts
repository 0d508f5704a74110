import { type BadConfig, bad, testBadConfigs } from './bad-config.ts'

/** The unnamed path is the file as a whole. */
const WHOLE_FILE: readonly BadConfig[] = [
  bad('an empty file', '', '1:1 ', [/^keys$/, /'\{\}' alone takes every default/]),
  bad('a file of comments', '# nothing\n\n# here\n', '1:1 ', [/^keys$/, /example/]),
  bad('white space', ' \n \n', '1:1 ', [/^keys$/, /example/]),
  bad('a list at the top', '- name: x\n', '1:1 ', [/^keys: name, venues/, /without '-'/]),
  bad('a text at the top', 'hello\n', '1:1 ', [/^keys: name/, /defaults/]),
  bad('a number at the top', '7\n', '1:1 ', [/^keys: name/, /defaults/]),
  bad('null at the top', 'null\n', '1:1 ', [/^keys: name/, /defaults/]),
  bad('JSON that was cut', '{"name": "x"', '1:13 ', [/^YAML$/, /./]),
  bad('a tab as indent', 'journal:\n\tflush_ms: 20\n', '2:1 ', [/^YAML$/, /indent with spaces/]),
  bad('two documents', 'name: a\n---\nname: b\n', '2:1 ', [/^YAML$/, /one document a file/]),
  bad('a quote that is not closed', 'name: "marketprism\n', '2:1 ', [/^YAML$/, /close the quote/]),
  bad('a bracket that is not closed', 'venues:\n  deribit:\n    instruments: [A\nname: x\n', '4:1 ', [
    /YAML/,
    /./,
  ]),
  bad('a colon in a text', 'name: a: b\n', '1:7 ', [/YAML/, /needs quotes/]),
  bad('a reserved sign', 'name: @home\n', '1:7 ', [/YAML/, /in quotes/]),
  bad('keys in different columns', 'book:\n    level_limit: 500\n  x: 1\n', '3:1 ', [/YAML/, /./]),
  bad('a list as a key', '[name]: x\n', '1:1 ', [/YAML/, /a key is a plain word/]),
  bad('a directive of another version', '%YAML 3.0\n---\nname: x\n', '1:7 ', [/YAML/, /begin with '%'/]),
  bad('an unknown tag', 'name: !python/object x\n', '1:7 ', [/YAML/, /begins with '!'/]),
  bad('a control character', 'name: "a\u0000b"\n', '1:9 ', [/text/, /right file/]),
  bad('an escape character', 'name: x\n# \u001b[31m\n', '2:3 ', [/text/, /right file/]),
]

const PLAIN_VALUES: readonly BadConfig[] = [
  bad('a known tag', 'name: !!str x\n', '1:13 name', [/a value/, /plain values only/]),
  bad('an anchor', 'name: &n x\n', '1:10 name', [/a value/, /plain values only/]),
  bad('a merge key', '<<: {name: x}\n', '1:1 <<', [/one of the keys/, /plain values only/]),
  bad('a key twice', 'name: a\nbook: {}\nname: b\n', '3:1 name', [/each key once/, /line 1/]),
  bad('a venue twice', 'venues:\n  deribit: {}\n  deribit: {}\n', '3:3 venues.deribit', [/once/, /line 2/]),
  bad('__proto__ as a key', '__proto__:\n  name: x\n', '1:1 __proto__', [/one of the keys/, /take it out/]),
  bad('constructor as a key', 'journal:\n  constructor: 1\n', '2:3 journal.constructor', [
    /keys/,
    /take it out/,
  ]),
  bad('an empty key', '"": 1\n', '1:1 ', [/one of the keys/, /take it out/]),
]

const UNKNOWN_KEYS: readonly BadConfig[] = [
  bad('a misspelled top key', 'venus: {}\n', '1:1 venus', [
    /one of the keys name, venues/,
    /did you mean `venues`\?/,
  ]),
  bad('a misspelled venue', 'venues:\n  okx_spot: {}\n', '2:3 venues.okx_spot', [/okx-spot/, /`okx-spot`/]),
  bad('a venue that there is not', 'venues:\n  kraken: {}\n', '2:3 venues.kraken', [
    /binance-spot/,
    /take it out/,
  ]),
  bad('a swapped letter', 'venues:\n  deribit:\n    instrumnets: [A]\n', '3:5 venues.deribit.instrumnets', [
    /instruments/,
    /did you mean `instruments`\?/,
  ]),
  bad('camel case', 'journal:\n  flushMs: 5\n', '2:3 journal.flushMs', [/flush_ms/, /`flush_ms`/]),
  bad('dashes for underscores', 'journal:\n  flush-ms: 5\n', '2:3 journal.flush-ms', [
    /flush_ms/,
    /`flush_ms`/,
  ]),
  bad('a key of another section', 'flush_ms: 5\n', '1:1 flush_ms', [/keys/, /it belongs under `journal`/]),
  bad('a key one level up', 'publish:\n  depth: 5\n', '2:3 publish.depth', [
    /keys/,
    /belongs under `publish.books`/,
  ]),
  bad(
    'a snapshot depth where there are no requests',
    'venues: {deribit: {snapshot_depth: 100}}\n',
    '1:20 venues.deribit.snapshot_depth',
    [/keys/, /belongs under `venues.binance-spot`/],
  ),
  bad(
    'a misspelled key of an entry',
    'publish:\n  overrides:\n    - instrument: X\n      dept: 5\n',
    '4:7 publish.overrides.0.dept',
    [/depth/, /`depth`/],
  ),
]

const SECTIONS: readonly BadConfig[] = [
  bad('a section of nothing', 'journal:\n', '1:9 journal', [/keys: folder/, /leave the key out/]),
  bad('a section that is a text', 'journal: ./data\n', '1:10 journal', [/keys: folder/, /leave the key out/]),
  bad('a section that is a list', 'journal:\n  - folder: x\n', '2:3 journal', [
    /keys: folder/,
    /without '-'/,
  ]),
  bad('venues as a list', 'venues: [deribit]\n', '1:9 venues', [/keys: binance-spot/, /without '-'/]),
  bad('overrides as keys', 'publish:\n  overrides:\n    instrument: X\n', '3:5 publish.overrides', [
    /list of entries/,
    /after '-'/,
  ]),
  bad('an override that is a text', 'publish: {overrides: [BTC-USDT]}\n', '1:23 publish.overrides.0', [
    /keys: instrument/,
    /defaults/,
  ]),
  bad(
    'an override without its instrument',
    'publish: {overrides: [{depth: 5}]}\n',
    '1:23 publish.overrides.0.instrument',
    [/an instrument/, /add 'instrument: BTC-USDT'/],
  ),
]

const CONFLICTS: readonly BadConfig[] = [
  bad(
    'no venue that is enabled',
    'name: x\nvenues:\n  binance-spot: {enabled: false}\n  binance-derivatives: {enabled: false}\n  okx-spot: {enabled: false}\n  okx-derivatives: {enabled: false}\n  deribit: {enabled: false}\n',
    '2:1 venues',
    [/at least one venue/, /enabled: true/],
  ),
  bad(
    'an enabled venue without instruments',
    'venues:\n  deribit:\n    instruments: []\n',
    '3:5 venues.deribit.instruments',
    [/at least one instrument/, /enabled: false/],
  ),
  bad(
    'a top deeper than the book',
    'book: {level_limit: 100}\npublish: {books: {depth: 200}}\n',
    '2:19 publish.books.depth',
    [/at most book.level_limit, 100/, /keep more/],
  ),
  bad(
    'a top of an override deeper than the book',
    'book: {level_limit: 100}\npublish:\n  overrides:\n    - {instrument: X, depth: 101}\n',
    '4:23 publish.overrides.0.depth',
    [/level_limit, 100/, /keep more/],
  ),
  bad(
    'an override that changes nothing',
    'publish: {overrides: [{instrument: X}]}\n',
    '1:23 publish.overrides.0',
    [/one of deltas, books, depth, every_ms/, /take the entry out/],
  ),
  bad(
    'an override of a venue that is off',
    'venues: {deribit: {enabled: false}}\npublish: {overrides: [{instrument: X, venue: deribit, depth: 5}]}\n',
    '2:39 publish.overrides.0.venue',
    [/enabled/, /enable it/],
  ),
  bad(
    'one folder for journal and Parquet',
    'sinks: {parquet: {folder: ./data/journal/}}\n',
    '1:19 sinks.parquet.folder',
    [/another folder/, /its own/],
  ),
  bad(
    'a journal of less than two segments',
    'journal: {limit_bytes: 67108864}\n',
    '1:11 journal.limit_bytes',
    [/at least two segments, 134217728/, /segment_bytes/],
  ),
  bad('a user without password', 'sinks: {nats: {auth: {user: me}}}\n', '1:16 sinks.nats.auth', [
    /user and password_file together/,
    /both or none/,
  ]),
  bad(
    'two ways to log in',
    'sinks: {nats: {auth: {nkey_seed_file: a, credentials_file: b}}}\n',
    '1:16 sinks.nats.auth',
    [/at most one way/, /keep one/],
  ),
  bad(
    'a memory of ids that outlives the records',
    'sinks: {nats: {stream: {max_age_s: 60}}}\n',
    '1:16 sinks.nats.stream.duplicate_window_s',
    [/at most max_age_s, 60/, /refuses/],
  ),
  bad(
    'one folder for journal and capture',
    'journal: {folder: ./data}\ncapture: {folder: data/}\n',
    '2:11 capture.folder',
    [/another folder/, /its own folder/],
  ),
]

testBadConfigs([...WHOLE_FILE, ...PLAIN_VALUES, ...UNKNOWN_KEYS, ...SECTIONS, ...CONFLICTS])
