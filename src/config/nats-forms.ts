import type { TextForm } from './field.ts'

/** Where a NATS server listens. No user or password: those are in files. */
export const NATS_SERVER: TextForm = {
  name: 'a NATS server: nats://host:port or tls://host:port',
  sample: 'nats://127.0.0.1:4222',
  hint: 'write it as nats://host:port; user and password belong in the keys under auth',
  accepts: (text) => {
    if (!/^(nats|tls):\/\/[^/?#@\s]+$/.test(text)) return false
    const url = URL.parse(text.replace(/^(nats|tls):/, 'http:'))
    return url !== null && url.hostname !== ''
  },
}

/** A subject with `{names}` for what is in the record. */
export const SUBJECT_TEMPLATE: TextForm = {
  name: 'a subject: tokens with dots between them, one of them {type}',
  sample: '{type}.{exchange}.{market_type}.{symbol}',
  hint: "a token is letters, digits, '-' and '_', or one of {type}, {exchange}, {market_type}, {symbol}, {instrument}",
  accepts: (text) =>
    text.length <= 256 &&
    text
      .split('.')
      .every((token) => /^([A-Za-z0-9_-]+|\{(type|exchange|market_type|symbol|instrument)\})$/.test(token)) &&
    text.split('.').includes('{type}'),
}

/** The beginning of the subjects on which answers come back. */
export const INBOX_PREFIX: TextForm = {
  name: 'a subject without wildcards',
  sample: '_INBOX',
  hint: "tokens of letters, digits, '-' and '_' with dots between them",
  accepts: (text) => /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(text) && text.length <= 128,
}

/** A name of a stream. */
export const STREAM_NAME: TextForm = {
  name: "a name of 1 to 64 letters, digits, '-' and '_'",
  sample: 'MARKETPRISM',
  hint: 'no dots, spaces or wildcards: NATS takes none in the name of a stream',
  accepts: (text) => /^[A-Za-z0-9_-]{1,64}$/.test(text),
}
