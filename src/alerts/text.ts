/** In one line, without control characters and without marks that turn the direction of writing. */
export const plainLine = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replaceAll(/[\u202A-\u202E\u2066-\u2069]/g, '')
    .trim()

/** The beginning of a text, of at most so many characters, ending in `…` where something is left out. */
export const clipped = (text: string, limit: number): string =>
  text.length <= limit ? text : `${text.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, '')}…`

/** A link is left out rather than cut. */
const HREF_LIMIT = 1_000

/** The URL in its usual form; `undefined` where it is none that a person can open, or is longer than anybody's. */
export function hrefOf(url: string | undefined): string | undefined {
  const parsed = url === undefined ? null : URL.parse(url)
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return undefined
  return parsed.href.length > HREF_LIMIT ? undefined : parsed.href
}

const ENCODER = new TextEncoder()

export const bytesOf = (text: string): number => ENCODER.encode(text).length

/** Bytes of the text inside of a JSON text. */
export const wireBytesOf = (text: string): number => bytesOf(JSON.stringify(text)) - 2

/** As `cutToBytes`, by what the text takes inside of a JSON text: every byte taken from it takes at least one there. */
export function cutToWire(text: string, limitBytes: number): string {
  const overBytes = wireBytesOf(text) - limitBytes
  return overBytes <= 0 ? text : cutToBytes(text, bytesOf(text) - overBytes)
}

/** As much of the text as fits into so many bytes of UTF-8, cut between characters, ending in `…` where something is left out. */
export function cutToBytes(text: string, limitBytes: number): string {
  if (bytesOf(text) <= limitBytes) return text
  const roomBytes = limitBytes - bytesOf('…')
  if (roomBytes < 0) return ''
  const target = new Uint8Array(roomBytes)
  const { read } = ENCODER.encodeInto(text, target)
  return `${withoutOpenMark(text.slice(0, read))}…`
}

/** A backslash at the end would take the next character with it. */
const withoutOpenMark = (text: string): string => text.replace(/\\+$/, '')
