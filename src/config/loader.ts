import { isAlias, isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, type YAMLError } from 'yaml'
import { type ConfigOutcome, checkConfig } from './checking.ts'
import type { ConfigFault } from './fault.ts'
import type { Place, Source, SourceEntry } from './source.ts'

/** A file over this is refused unread: 20,000 instruments need half of it. */
export const CONFIG_LIMIT_BYTES = 1_000_000
/** Nesting a file may have; the schema has 4. */
const DEPTH_LIMIT = 16

const SYNTAX_HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'keys of one section begin in the same column; two spaces a level',
  BLOCK_AS_IMPLICIT_KEY: "one 'key: value' a line; text with ': ' in it needs quotes",
  MULTILINE_IMPLICIT_KEY: "one 'key: value' a line",
  MISSING_CHAR: 'close the quote or bracket',
  BAD_SCALAR_START: 'put the value in quotes',
  MULTIPLE_DOCS: "one document a file: take the line '---' and what follows it out",
  NON_STRING_KEY: 'a key is a plain word',
  RESOURCE_EXHAUSTION: 'nest at most as deep as marketprism.example.yaml',
  BAD_DIRECTIVE: "take the lines that begin with '%' out",
  TAG_RESOLVE_FAILED: "take the word that begins with '!' out, or put it in quotes",
  BAD_ALIAS: "write the value out, or put a text that begins with '*' in quotes",
}
const SYNTAX_HINT = 'compare with marketprism.example.yaml'

/** Reads a configuration file: complete with defaults, or everything that is wrong with it. Pure; never throws. */
export function readConfig(bytes: Uint8Array): ConfigOutcome {
  const text = decode(bytes)
  if (typeof text !== 'string') return { faults: [text] }
  const parsed = parse(text)
  return 'faults' in parsed ? parsed : checkConfig(parsed.source)
}

function fileFault(place: Place, expected: string, found: string, hint: string): ConfigFault {
  return { path: '', ...place, expected, found, hint }
}

const START: Place = { line: 1, column: 1 }

function decode(bytes: Uint8Array): string | ConfigFault {
  if (bytes.length > CONFIG_LIMIT_BYTES) {
    const found = `${bytes.length} bytes`
    return fileFault(START, `at most ${CONFIG_LIMIT_BYTES} bytes`, found, 'is this the right file?')
  }
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return fileFault(START, 'text in UTF-8', 'UTF-16', 'save the file as UTF-8')
  }
  const text = decodeUtf8(bytes)
  if (text === undefined) {
    const place = { line: lineOfBadByte(bytes), column: 1 }
    return fileFault(place, 'text in UTF-8', 'bytes that are not', 'save the file as UTF-8')
  }
  const control = placeOfControl(text)
  if (control === undefined) return text
  return fileFault(control, 'text', 'a control character', 'is this the right file?')
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    if (cause instanceof TypeError) return undefined
    throw cause
  }
}

function lineOfBadByte(bytes: Uint8Array): number {
  let line = 1
  let start = 0
  for (;;) {
    const end = bytes.indexOf(10, start)
    if (end === -1 || decodeUtf8(bytes.subarray(start, end)) === undefined) return line
    line++
    start = end + 1
  }
}

function placeOfControl(text: string): Place | undefined {
  let line = 1
  let start = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 10) {
      line++
      start = at + 1
    } else if ((code < 32 && code !== 9 && code !== 13) || code === 127)
      return { line, column: at - start + 1 }
  }
  return undefined
}

type Parsed = { readonly source: Source } | { readonly faults: readonly ConfigFault[] }

function parse(text: string): Parsed {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    schema: 'core',
    stringKeys: true,
    // The package compares each key with all others: minutes for a large file. The reader below looks for duplicates.
    uniqueKeys: false,
  })
  const reader = new Reader(lines)
  for (const error of [...document.errors, ...document.warnings]) reader.syntax(error)
  // One fault of syntax makes more further down that mean nothing.
  if (reader.faults.length > 0) return { faults: reader.faults.slice(0, 1) }
  if (document.contents === null) {
    const hint = "start from marketprism.example.yaml; '{}' alone takes every default"
    return { faults: [fileFault(START, 'keys', 'an empty file', hint)] }
  }
  const source = reader.read(document.contents, [])
  return reader.faults.length > 0 ? { faults: reader.faults } : { source }
}

/** Turns the nodes of the YAML package into a `Source`, refusing what a configuration has no use for. */
class Reader {
  readonly faults: ConfigFault[] = []
  readonly #lines: LineCounter

  constructor(lines: LineCounter) {
    this.#lines = lines
  }

  syntax({ code, message, pos }: YAMLError): void {
    const { line, col } = this.#lines.linePos(pos[0])
    const place = { line: Math.max(1, line), column: Math.max(1, col) }
    this.faults.push(fileFault(place, 'YAML', inline(message), SYNTAX_HINTS[code] ?? SYNTAX_HINT))
  }

  read(node: unknown, path: readonly string[]): Source {
    const place = this.#place(node)
    if (path.length > DEPTH_LIMIT) {
      this.#refuse(place, path, 'nesting as in marketprism.example.yaml', `more than ${DEPTH_LIMIT} levels`)
      return nothing(place)
    }
    this.#refuseExtras(node, place, path)
    if (isMap(node)) return { kind: 'map', place, entries: this.#entries(node.items, path) }
    if (isSeq(node)) {
      return {
        kind: 'list',
        place,
        items: node.items.map((item, index) => this.read(item, [...path, `${index}`])),
      }
    }
    return isScalar(node) ? scalar(node, place) : nothing(place)
  }

  #entries(pairs: readonly Pair[], path: readonly string[]): readonly SourceEntry[] {
    const seen = new Map<string, Place>()
    return pairs.map(({ key: keyNode, value }) => {
      const place = this.#place(keyNode)
      const key = isScalar(keyNode) && typeof keyNode.value === 'string' ? keyNode.value : ''
      const first = seen.get(key)
      if (first !== undefined) {
        const hint = `it stands in line ${first.line} too: keep one of them`
        this.faults.push({
          ...place,
          path: [...path, key].join('.'),
          expected: 'each key once',
          found: 'it twice',
          hint,
        })
      }
      seen.set(key, place)
      this.#refuseExtras(keyNode, place, [...path, key])
      return { key, place, value: value === null ? nothing(place) : this.read(value, [...path, key]) }
    })
  }

  #refuseExtras(node: unknown, place: Place, path: readonly string[]): void {
    if (isAlias(node)) this.#refuse(place, path, 'a value', `the alias *${node.source}`)
    else if (isMap(node) || isSeq(node) || isScalar(node)) {
      if (node.anchor !== undefined) this.#refuse(place, path, 'a value', `the anchor &${node.anchor}`)
      if (node.tag !== undefined) this.#refuse(place, path, 'a value', `the tag ${inline(node.tag)}`)
    }
  }

  #refuse(place: Place, path: readonly string[], expected: string, found: string): void {
    const hint = 'this file takes plain values only: write it out'
    this.faults.push({ ...place, path: path.join('.'), expected, found, hint })
  }

  #place(node: unknown): Place {
    const offset = isAlias(node) || isMap(node) || isSeq(node) || isScalar(node) ? node.range?.[0] : undefined
    if (offset === undefined || offset === null) return START
    const { line, col } = this.#lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
}

const nothing = (place: Place): Source => ({ kind: 'scalar', place, value: null, text: '', quoted: false })

function scalar(node: { value: unknown; source?: string; type?: string }, place: Place): Source {
  const { value, source = '', type } = node
  const quoted = type !== undefined && type !== 'PLAIN'
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return { kind: 'scalar', place, value, text: source, quoted }
  }
  return { kind: 'scalar', place, value: null, text: source, quoted }
}

const inline = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, 120)
