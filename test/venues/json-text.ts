/**
 * JSON as text that can be taken apart and put together differently without touching a digit: what JSON.parse would make of
 * `1.0e4` or a 64-bit integer does not matter here. For well-formed text only.
 */
export type JsonText =
  | { readonly type: 'scalar'; readonly text: string }
  | { readonly type: 'array'; readonly items: readonly JsonText[] }
  | { readonly type: 'object'; readonly entries: readonly Entry[] }

/** A key with its quotes, and its value. */
export type Entry = readonly [key: string, value: JsonText]

const TOKEN = /\s*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|([^\s{}[\],:"]+))/y

export const scalar = (text: string): JsonText => ({ type: 'scalar', text })

/** Takes well-formed JSON apart. Throws `SyntaxError` for what it cannot follow. */
export function parseText(text: string): JsonText {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const match = TOKEN.exec(text)
    if (match === null) throw new SyntaxError('no JSON token')
    tokens.push(match[1] ?? match[2] ?? match[3] ?? '')
  }
  return value({ tokens: tokens[Symbol.iterator]() }, undefined)
}

/** The text, with `space` around every token; without white space by default. */
export function writeText(json: JsonText, space = ''): string {
  const write = (part: JsonText): string => writeText(part, space)
  const around = (text: string): string => `${space}${text}${space}`
  if (json.type === 'scalar') return around(json.text)
  if (json.type === 'array') return around(`[${json.items.map(write).join(',')}]`)
  return around(`{${json.entries.map(([key, member]) => `${around(key)}:${write(member)}`).join(',')}}`)
}

/** Every object's entries rearranged. */
export function reorder(json: JsonText, arrange: (entries: readonly Entry[]) => readonly Entry[]): JsonText {
  if (json.type === 'scalar') return json
  if (json.type === 'array') return { type: 'array', items: json.items.map((item) => reorder(item, arrange)) }
  const entries = json.entries.map(([key, member]): Entry => [key, reorder(member, arrange)])
  return { type: 'object', entries: arrange(entries) }
}

/** All variants of `json` in which `change` made something else of exactly one node. */
export function* variants(
  json: JsonText,
  change: (node: JsonText) => readonly JsonText[],
): Generator<JsonText> {
  yield* change(json)
  if (json.type === 'array') {
    for (const [at, item] of json.items.entries()) {
      for (const other of variants(item, change)) yield { type: 'array', items: json.items.with(at, other) }
    }
  }
  if (json.type === 'object') {
    for (const [at, [key, member]] of json.entries.entries()) {
      for (const other of variants(member, change)) {
        yield { type: 'object', entries: json.entries.with(at, [key, other]) }
      }
    }
  }
}

interface Source {
  readonly tokens: Iterator<string>
}

function next(source: Source): string {
  const { value: token, done } = source.tokens.next()
  if (done === true) throw new SyntaxError('JSON ends too early')
  return token
}

function value(source: Source, first: string | undefined): JsonText {
  const token = first ?? next(source)
  if (token === '[') return array(source)
  return token === '{' ? object(source) : scalar(token)
}

function array(source: Source): JsonText {
  const items: JsonText[] = []
  for (let token = next(source); token !== ']'; token = next(source)) {
    items.push(value(source, token === ',' ? undefined : token))
  }
  return { type: 'array', items }
}

function object(source: Source): JsonText {
  const entries: Entry[] = []
  for (let token = next(source); token !== '}'; token = next(source)) {
    const key = token === ',' ? next(source) : token
    next(source)
    entries.push([key, value(source, undefined)])
  }
  return { type: 'object', entries }
}
