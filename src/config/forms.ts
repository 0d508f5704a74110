import type { TextForm } from './field.ts'

/** Longest symbol of the venues: Deribit's combos have some 40 characters. */
const INSTRUMENT_LIMIT = 64
const PATH_LIMIT = 1_024

const isPlain = (text: string): boolean => {
  for (const letter of text) if (letter <= ' ' || letter === '\u007F') return false
  return true
}

const isLine = (text: string): boolean => text.trim() === text && !/\p{Cc}/u.test(text)

/** A symbol of the venue or a common name. Binance has symbols beyond ASCII, and Deribit's lower case matters: no folding. */
export const INSTRUMENT: TextForm = {
  name: 'an instrument: the symbol of the venue or a name such as BTC-USDT',
  sample: 'BTC-USDT',
  hint: "write one instrument an entry, as the venue spells it or as in 'BTC-USDT'",
  accepts: (text) =>
    text.length > 0 && text.length <= INSTRUMENT_LIMIT && isPlain(text) && !/[/,;:@?&#*\\"'{}[\]]/.test(text),
}

/** A folder of this machine, absolute or relative to where the program is started. */
export const FOLDER: TextForm = {
  name: 'a folder',
  sample: './data',
  hint: 'write a path such as ./data; it is made when it is missing',
  accepts: (text) =>
    text.trim() === text &&
    text.length > 0 &&
    text.length <= PATH_LIMIT &&
    !text.includes('\0') &&
    !text.includes('\n'),
}

/** A file of this machine, absolute or relative to where the program is started. */
export const FILE: TextForm = {
  name: 'a file',
  sample: './nats.creds',
  hint: 'write the path of the file, not what is in it',
  accepts: (text) => text.length > 0 && text.length <= PATH_LIMIT && isLine(text),
}

/** A name to log in with. */
export const USER: TextForm = {
  name: 'a user name',
  sample: 'marketprism',
  hint: 'no spaces around it; the password goes into a file',
  accepts: (text) => text.length > 0 && text.length <= 256 && isLine(text),
}

/** An address of this machine to listen at. */
export const HOST: TextForm = {
  name: 'an address of this machine',
  sample: '127.0.0.1',
  hint: 'write an IP address or a host name, without port',
  accepts: (text) => /^[0-9A-Za-z.:_-]{1,253}$/.test(text),
}

/** A word that tells this collector from others. */
export const COLLECTOR_NAME: TextForm = {
  name: 'a name of 1 to 40 letters, digits and dashes',
  sample: 'marketprism',
  hint: "lower case letters, digits and '-' only, beginning with a letter",
  accepts: (text) => /^[a-z][a-z0-9-]{0,39}$/.test(text),
}

/** Base URL of a venue's streams. */
export const STREAM_URL = baseUrl('wss://stream.example.com', ['wss:', 'ws:'])
/** Base URL of a venue's REST interface. */
export const REST_URL = baseUrl('https://api.example.com', ['https:', 'http:'])

function baseUrl(sample: string, protocols: readonly [string, string]): TextForm {
  const [first, second] = protocols
  return {
    name: `a URL that begins with ${first}// or ${second}//`,
    sample,
    hint: `write it as ${sample}, without user, query, or '/' at the end`,
    accepts: (text) => isBaseUrl(text, protocols),
  }
}

function isBaseUrl(text: string, protocols: readonly string[]): boolean {
  if (!isPlain(text) || text.endsWith('/')) return false
  const url = URL.parse(text)
  if (url === null || !protocols.includes(url.protocol)) return false
  return (
    url.hostname !== '' &&
    `${url.search}${url.hash}${url.username}${url.password}` === '' &&
    !/[?#@]/.test(text)
  )
}
