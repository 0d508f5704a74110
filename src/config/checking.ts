import {
  camelCase,
  defaultOf,
  type PlainValue,
  type SchemaNode,
  type Section,
  type TextForm,
} from './field.ts'
import type { ConfigFault } from './fault.ts'
import { nearest } from './nearest.ts'
import { findConflicts } from './rules.ts'
import { type Config, SCHEMA } from './schema.ts'
import { placeOf, type Source, type SourceEntry } from './source.ts'

export type ConfigOutcome = { readonly config: Config } | { readonly faults: readonly ConfigFault[] }

/** Holds what a file says against the schema: a configuration complete with defaults, or all faults in order of place. */
export function checkConfig(source: Source): ConfigOutcome {
  const check = new Check()
  const value = check.node(SCHEMA, source, [])
  if (check.faults.length > 0) return { faults: check.faults.toSorted(byPlace) }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- built key by key from the schema that the type is made of
  const config = value as unknown as Config
  const conflicts = findConflicts(config).map(({ keys, expected, found, hint }) => {
    const { line, column } = placeOf(source, keys)
    return { path: keys.join('.'), line, column, expected, found, hint }
  })
  return conflicts.length > 0 ? { faults: conflicts.toSorted(byPlace) } : { config }
}

const byPlace = (one: ConfigFault, other: ConfigFault): number =>
  one.line - other.line || one.column - other.column

type Path = readonly string[]
type Node<Kind extends SchemaNode['kind']> = Extract<SchemaNode, { kind: Kind }>
type Scalar = Extract<Source, { kind: 'scalar' }>

/** One walk over schema and source. After a fault the value of a node is `undefined`, and the walk goes on. */
class Check {
  readonly faults: ConfigFault[] = []

  node(node: SchemaNode, source: Source, path: Path): PlainValue {
    switch (node.kind) {
      case 'section':
        return this.#section(node, source, path)
      case 'entries':
        return this.#entries(node, source, path)
      case 'optional':
        return this.node(node.field, source, path)
      case 'texts':
        return this.#texts(node, source, path)
      case 'choices':
        return this.#choices(node, source, path)
      case 'boolean':
        return this.#boolean(source, path)
      case 'integer':
        return this.#integer(node, source, path)
      case 'choice':
        return this.#word(node.values, source, path)
      case 'text':
        return this.#text(node.form, source, path)
    }
  }

  #fault(source: Source, path: Path, expected: string, hint: string): undefined {
    const { line, column } = source.place
    this.faults.push({ path: path.join('.'), line, column, expected, found: describe(source), hint })
  }

  #section(section: Section, source: Source, path: Path): PlainValue {
    if (source.kind !== 'map') {
      const hint =
        source.kind === 'list' ? "without '-' before the keys" : 'leave the key out to take all defaults'
      return this.#fault(source, path, `keys: ${Object.keys(section.fields).join(', ')}`, hint)
    }
    for (const entry of source.entries) {
      if (!Object.hasOwn(section.fields, entry.key)) this.#unknownKey(section, entry, path)
    }
    const value: Record<string, PlainValue> = {}
    for (const [key, node] of Object.entries(section.fields)) {
      const entry = source.entries.find((candidate) => candidate.key === key)
      value[camelCase(key)] = entry
        ? this.node(node, entry.value, [...path, key])
        : this.#absent(node, source, [...path, key])
    }
    return value
  }

  #absent(node: SchemaNode, parent: Source, path: Path): PlainValue {
    const value = defaultOf(node)
    if (value !== undefined || node.kind !== 'text') return value
    const { line, column } = parent.place
    const hint = `add '${path.at(-1)}: ${node.form.sample}'`
    this.faults.push({
      path: path.join('.'),
      line,
      column,
      expected: node.form.name,
      found: 'no such key',
      hint,
    })
    return undefined
  }

  #unknownKey(section: Section, entry: SourceEntry, path: Path): void {
    const known = Object.keys(section.fields)
    this.faults.push({
      path: [...path, entry.key].join('.'),
      ...entry.place,
      expected: `one of the keys ${known.join(', ')}`,
      found: `the unknown key ${quote(entry.key)}`,
      hint: unknownKeyHint(entry.key, known),
    })
  }

  #entries(node: Node<'entries'>, source: Source, path: Path): PlainValue {
    const items = this.#items(source, path, node.limit, "a list of entries, each beginning with '-'")
    return items.map((item, index) => this.#section(node.entry, item, [...path, `${index}`]))
  }

  #texts(node: Node<'texts'>, source: Source, path: Path): PlainValue {
    const items = this.#items(source, path, node.limit, `a list such as [${node.value.join(', ')}]`)
    const values = items.map((item, index) => this.#text(node.form, item, [...path, `${index}`]))
    this.#refuseRepeats(items, path)
    return values
  }

  #choices(node: Node<'choices'>, source: Source, path: Path): PlainValue {
    const expected = `a list of ${node.values.join(', ')}`
    const items = this.#items(source, path, node.values.length, expected)
    if (source.kind === 'list' && items.length === 0 && source.items.length === 0) {
      this.#fault(source, path, `at least one of ${node.values.join(', ')}`, 'leave the key out to take all')
    }
    const values = items.map((item, index) => this.#word(node.values, item, [...path, `${index}`]))
    this.#refuseRepeats(items, path)
    return values
  }

  #items(source: Source, path: Path, limit: number, expected: string): readonly Source[] {
    if (source.kind !== 'list') {
      const isText = source.kind === 'scalar' && source.value !== null
      this.#fault(
        source,
        path,
        expected,
        isText ? `write it as a list: [${source.text}]` : "entries in [ ] or after '-'",
      )
      return []
    }
    if (source.items.length <= limit) return source.items
    this.#fault(source, path, `at most ${limit} entries`, 'take some out')
    return []
  }

  #refuseRepeats(items: readonly Source[], path: Path): void {
    const seen = new Set<string>()
    for (const [index, item] of items.entries()) {
      if (item.kind !== 'scalar') continue
      if (seen.has(item.text))
        this.#fault(item, [...path, `${index}`], 'each entry once', 'it stands above too: take it out')
      seen.add(item.text)
    }
  }

  #boolean(source: Source, path: Path): PlainValue {
    if (source.kind === 'scalar' && typeof source.value === 'boolean') return source.value
    const word = source.kind === 'scalar' ? source.text.toLowerCase() : ''
    const meant = ['yes', 'on', 'y', '1', 'true'].includes(word) ? 'true' : 'false'
    const isClear = ['yes', 'on', 'y', '1', 'no', 'off', 'n', '0', 'true', 'false'].includes(word)
    return this.#fault(
      source,
      path,
      'true or false',
      isClear ? `write ${meant}, without quotes` : 'write true or false',
    )
  }

  #integer(node: Node<'integer'>, source: Source, path: Path): PlainValue {
    const expected = `a whole number from ${node.min} to ${node.max}`
    const isWhole = source.kind === 'scalar' && !source.quoted && /^-?\d+$/.test(source.text)
    if (!isWhole)
      return this.#fault(source, path, expected, numberHint(source, path.at(-1) ?? '', node.value))
    const value = Number(source.text)
    if (value < node.min)
      return this.#fault(source, path, expected, `the least is ${node.min}, the default ${node.value}`)
    if (value > node.max)
      return this.#fault(source, path, expected, `the most is ${node.max}, the default ${node.value}`)
    return value
  }

  #word(values: readonly string[], source: Source, path: Path): PlainValue {
    const text = source.kind === 'scalar' && typeof source.value !== 'object' ? source.text : undefined
    if (text !== undefined && values.includes(text)) return text
    const near = text === undefined ? undefined : nearest(text, values)
    const hint = near === undefined ? `the default is ${values[0]}` : `did you mean \`${near}\`?`
    return this.#fault(source, path, `one of ${values.join(', ')}`, hint)
  }

  #text(form: TextForm, source: Source, path: Path): PlainValue {
    const scalar = source.kind === 'scalar' ? source : undefined
    if (typeof scalar?.value === 'string' && form.accepts(scalar.value)) return scalar.value
    return this.#fault(
      source,
      path,
      form.name,
      isBare(scalar) ? `put it in quotes: "${scalar.text}"` : form.hint,
    )
  }
}

/** A number, or a true or false, where a text belongs. */
const isBare = (scalar: Scalar | undefined): scalar is Scalar =>
  typeof scalar?.value === 'number' || typeof scalar?.value === 'boolean'

function describe(source: Source): string {
  if (source.kind === 'map') return 'keys'
  if (source.kind === 'list') return source.items.length === 0 ? 'an empty list' : 'a list'
  if (source.value === null) return 'nothing'
  return typeof source.value === 'string' ? quote(source.text) : source.text
}

const quote = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)

function numberHint(source: Source, key: string, value: number): string {
  if (source.kind === 'scalar' && /^\d+$/.test(source.text)) return 'write it without quotes'
  if (source.kind === 'scalar' && /^\d+([._ ,']\d+)+$/.test(source.text))
    return 'digits only, without separators'
  return `digits only; the unit is in the name of the key: '${key}: ${value}'`
}

function unknownKeyHint(key: string, known: readonly string[]): string {
  const near = nearest(key, known)
  if (near !== undefined) return `did you mean \`${near}\`?`
  if (key === '<<') return 'this file takes plain values only: write it out'
  const elsewhere = homesOf(key, SCHEMA, []).find((path) => path.length > 0)
  return elsewhere === undefined ? 'take it out' : `it belongs under \`${elsewhere.join('.')}\``
}

/** Paths of the sections that have `key`. */
function homesOf(key: string, section: Section, path: Path): readonly Path[] {
  const own = Object.hasOwn(section.fields, key) ? [path] : []
  const below = Object.entries(section.fields).flatMap(([name, node]) =>
    node.kind === 'section' ? homesOf(key, node, [...path, name]) : [],
  )
  return [...own, ...below]
}
