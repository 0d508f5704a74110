import { type BadConfig, bad, testBadConfigs } from './bad-config.ts'

const VALUES: readonly BadConfig[] = [
  bad('yes for true', 'capture: {enabled: yes}\n', '1:20 capture.enabled', [/true or false/, /write true/]),
  bad('"false" in quotes', 'capture: {enabled: "false"}\n', '1:20 capture.enabled', [
    /true or false/,
    /write false, without quotes/,
  ]),
  bad('a 1 for true', 'capture: {enabled: 1}\n', '1:20 capture.enabled', [/true or false/, /write true/]),
  bad('another word for true', 'capture: {enabled: maybe}\n', '1:20 capture.enabled', [
    /true or false/,
    /true or false/,
  ]),
  bad('nothing for true', 'capture:\n  enabled:\n', '2:11 capture.enabled', [
    /true or false/,
    /true or false/,
  ]),
  bad('a unit', 'journal: {flush_ms: 20ms}\n', '1:21 journal.flush_ms', [
    /from 1 to 1000/,
    /unit is in the name of the key/,
  ]),
  bad('a size with its unit', 'journal: {segment_bytes: 64MB}\n', '1:26 journal.segment_bytes', [
    /whole number/,
    /unit/,
  ]),
  bad('a number in quotes', 'journal: {flush_ms: "20"}\n', '1:21 journal.flush_ms', [
    /whole number/,
    /without quotes/,
  ]),
  bad('a fraction', 'journal: {flush_ms: 2.5}\n', '1:21 journal.flush_ms', [/whole number/, /./]),
  bad('an exponent', 'journal: {flush_ms: 1e2}\n', '1:21 journal.flush_ms', [/whole number/, /digits only/]),
  bad('a hexadecimal number', 'journal: {flush_ms: 0x10}\n', '1:21 journal.flush_ms', [
    /whole number/,
    /digits only/,
  ]),
  bad('separators', 'journal: {segment_bytes: 67_108_864}\n', '1:26 journal.segment_bytes', [
    /whole/,
    /without separators/,
  ]),
  bad('infinity', 'journal: {flush_ms: .inf}\n', '1:21 journal.flush_ms', [/whole number/, /digits only/]),
  bad('not a number', 'journal: {flush_ms: .nan}\n', '1:21 journal.flush_ms', [
    /whole number/,
    /digits only/,
  ]),
  bad('a negative number', 'journal: {flush_ms: -1}\n', '1:21 journal.flush_ms', [
    /from 1/,
    /the least is 1, the default 2/,
  ]),
  bad('zero', 'journal: {flush_ms: 0}\n', '1:21 journal.flush_ms', [/from 1/, /the least is 1/]),
  bad('too large a number', 'rotation: {after_hours: 24}\n', '1:25 rotation.after_hours', [
    /from 1 to 23/,
    /the most is 23/,
  ]),
  bad(
    'a number beyond all doubles',
    `rotation: {after_hours: ${'9'.repeat(400)}}\n`,
    '1:25 rotation.after_hours',
    [/to 23/, /most/],
  ),
  bad('a list for a number', 'rotation: {after_hours: [5]}\n', '1:25 rotation.after_hours', [
    /whole number/,
    /digits only/,
  ]),
  bad('nothing for a number', 'rotation:\n  after_hours:\n', '2:15 rotation.after_hours', [
    /whole number/,
    /digits only/,
  ]),
  bad('a misspelled word', 'capture: {compression: gzp}\n', '1:24 capture.compression', [
    /zstd, gzip, none/,
    /`gzip`/,
  ]),
  bad('another word', 'capture: {compression: brotli}\n', '1:24 capture.compression', [
    /zstd, gzip/,
    /default is zstd/,
  ]),
  bad('a word in capitals', 'capture: {compression: ZSTD}\n', '1:24 capture.compression', [/zstd/, /`zstd`/]),
  bad('nothing for a word', 'capture:\n  compression: ~\n', '2:16 capture.compression', [
    /zstd/,
    /default is zstd/,
  ]),
  bad(
    'a stream of another venue',
    'venues: {okx-spot: {book_stream: depth@100ms}}\n',
    '1:34 venues.okx-spot.book_stream',
    [/books, books-l2-tbt/, /default is books/],
  ),
  bad(
    'a misspelled channel',
    'venues: {okx-spot: {channels: [books]}}\n',
    '1:32 venues.okx-spot.channels.0',
    [/book, trade/, /`book`/],
  ),
  bad(
    'a channel twice',
    'venues: {okx-spot: {channels: [book, book]}}\n',
    '1:38 venues.okx-spot.channels.1',
    [/once/, /take it out/],
  ),
  bad('no channel', 'venues: {okx-spot: {channels: []}}\n', '1:31 venues.okx-spot.channels', [
    /at least one of book, trade/,
    /all/,
  ]),
  bad(
    'a channel that is not a list',
    'venues: {okx-spot: {channels: book}}\n',
    '1:31 venues.okx-spot.channels',
    [/a list/, /\[book\]/],
  ),
  bad(
    'an instrument that is not a list',
    'venues: {deribit: {instruments: ETH-PERPETUAL}}\n',
    '1:33 venues.deribit.instruments',
    [/a list such as \[BTC-PERPETUAL/, /write it as a list: \[ETH-PERPETUAL\]/],
  ),
  bad(
    'an instrument twice',
    'venues: {deribit: {instruments: [A, B, A]}}\n',
    '1:40 venues.deribit.instruments.2',
    [/once/, /above/],
  ),
  bad(
    'an instrument that is a number',
    'venues: {okx-spot: {instruments: [1000]}}\n',
    '1:35 venues.okx-spot.instruments.0',
    [/an instrument/, /put it in quotes: "1000"/],
  ),
  bad(
    'an instrument that is true',
    'venues: {okx-spot: {instruments: [true]}}\n',
    '1:35 venues.okx-spot.instruments.0',
    [/an instrument/, /in quotes: "true"/],
  ),
  bad(
    'an empty instrument',
    'venues: {okx-spot: {instruments: [""]}}\n',
    '1:35 venues.okx-spot.instruments.0',
    [/an instrument/, /one/],
  ),
  bad(
    'two instruments in one text',
    'venues: {okx-spot: {instruments: ["A, B"]}}\n',
    '1:35 venues.okx-spot.instruments.0',
    [/an instrument/, /one instrument an entry/],
  ),
  bad(
    'an instrument with a slash',
    'venues: {okx-spot: {instruments: [BTC/USDT]}}\n',
    '1:35 venues.okx-spot.instruments.0',
    [/an instrument/, /BTC-USDT/],
  ),
  bad(
    'an instrument of 65 letters',
    `venues: {okx-spot: {instruments: [${'A'.repeat(65)}]}}\n`,
    '1:35 venues.okx-spot.instruments.0',
    [/an instrument/, /one/],
  ),
  bad(
    'a REST URL for streams',
    'venues: {deribit: {stream_url: "https://x.org"}}\n',
    '1:32 venues.deribit.stream_url',
    [/wss:\/\/ or ws:/, /write it as wss:/],
  ),
  bad(
    'a stream URL for REST',
    'venues: {deribit: {rest_url: "wss://x.org"}}\n',
    '1:30 venues.deribit.rest_url',
    [/https/, /https:/],
  ),
  bad(
    'a URL with a slash at the end',
    'venues: {deribit: {rest_url: "https://x.org/"}}\n',
    '1:30 venues.deribit.rest_url',
    [/URL/, /without user, query, or '\/' at the end/],
  ),
  bad(
    'a URL with a password',
    'venues: {deribit: {rest_url: "https://u:p@x.org"}}\n',
    '1:30 venues.deribit.rest_url',
    [/URL/, /user/],
  ),
  bad(
    'a URL with a query',
    'venues: {deribit: {rest_url: "https://x.org?a=1"}}\n',
    '1:30 venues.deribit.rest_url',
    [/URL/, /query/],
  ),
  bad('a host alone', 'venues: {deribit: {rest_url: x.org}}\n', '1:30 venues.deribit.rest_url', [
    /URL/,
    /https:/,
  ]),
  bad('a folder of nothing', 'journal: {folder: ""}\n', '1:19 journal.folder', [/a folder/, /\.\/data/]),
  bad('a folder that is a number', 'journal: {folder: 7}\n', '1:19 journal.folder', [
    /a folder/,
    /in quotes: "7"/,
  ]),
  bad('a folder with a line break', 'journal: {folder: "a\\nb"}\n', '1:19 journal.folder', [
    /a folder/,
    /path/,
  ]),
  bad('a name with a space', 'name: market prism\n', '1:7 name', [/1 to 40 letters/, /lower case/]),
  bad('a name in capitals', 'name: Prism\n', '1:7 name', [/letters/, /lower case/]),
  bad('a name that is a number', 'name: 7\n', '1:7 name', [/letters/, /quotes/]),
]

testBadConfigs(VALUES)
