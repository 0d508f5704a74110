import { camelCase, defaultOf, type SchemaNode, type Section } from './field.ts'
import { type Config, SCHEMA } from './schema.ts'

const COMMENT_WIDTH = 96

/** A configuration as the YAML file that gives it, every key written out. */
export function configYaml(config: Config): string {
  return renderSection(SCHEMA, config, { indent: '', told: undefined }).join('\n').concat('\n')
}

/** marketprism.example.yaml: every key with its default, told once. */
export function exampleYaml(): string {
  const head = [
    '# Configuration of marketprism, made from src/config/schema.ts by `npm run docs`.',
    '# Every key is optional and stands here with its default. `marketprism check --config FILE` tells what is wrong.',
    '',
  ]
  return [...head, ...renderSection(SCHEMA, defaultOf(SCHEMA), { indent: '', told: new Set() })]
    .join('\n')
    .concat('\n')
}

interface Style {
  readonly indent: string
  /** Comments are written, each text once: those that are here have been. `undefined`: no comments. */
  readonly told: Set<string> | undefined
}

function renderSection(section: Section, value: unknown, style: Style): readonly string[] {
  return Object.entries(section.fields).flatMap(([key, node], index) => {
    const own = fieldOf(value, camelCase(key))
    const lines = renderKey(key, node, own, style)
    const isParted = style.told !== undefined && node.kind === 'section' && index > 0
    return (isParted ? [''] : []).concat(comment(node.doc, style), lines)
  })
}

const fieldOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined

function renderKey(key: string, node: SchemaNode, value: unknown, style: Style): readonly string[] {
  const { indent, told } = style
  const below = { indent: `${indent}  `, told }
  if (node.kind === 'section') {
    const lines = renderSection(node, value, below)
    // A section of optional keys only, none of which is given: the key alone would be no section.
    if (lines.length === 0) return []
    const isComment = lines.every((line) => line.trimStart().startsWith('#'))
    return [`${indent}${isComment ? '# ' : ''}${key}:`, ...lines]
  }
  if (node.kind === 'entries') return renderEntries(key, node.entry, value, style)
  if (value !== undefined) return [`${indent}${key}: ${plainText(value)}`]
  if (node.kind === 'optional' && told !== undefined) return [`${indent}# ${key}: ${node.sample}`]
  return []
}

function renderEntries(
  key: string,
  entry: Section,
  value: unknown,
  { indent, told }: Style,
): readonly string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : []
  const list = items.flatMap((item) => {
    const lines = renderSection(entry, item, { indent: `${indent}    `, told: undefined })
    return lines.map((line, index) => (index === 0 ? `${indent}  - ${line.trimStart()}` : line))
  })
  if (told === undefined) return list.length === 0 ? [`${indent}${key}: []`] : [`${indent}${key}:`, ...list]
  return [`${indent}${key}: []`, ...sampleEntry(entry, indent)]
}

function sampleEntry(entry: Section, indent: string): readonly string[] {
  return Object.entries(entry.fields).map(([key, node], index) => {
    const sample = node.kind === 'optional' ? node.sample : node.kind === 'text' ? node.form.sample : ''
    return `${indent}#   ${index === 0 ? '- ' : '  '}${key}: ${sample}`
  })
}

function comment(doc: string, { indent, told }: Style): readonly string[] {
  if (told === undefined || told.has(doc)) return []
  told.add(doc)
  const lines: string[] = []
  let line = ''
  for (const word of doc.split(' ')) {
    if (line !== '' && indent.length + line.length + word.length > COMMENT_WIDTH) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map((text) => `${indent}# ${text}`)
}

/** A leaf as YAML. */
export function plainText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plainText).join(', ')}]`
  return typeof value === 'string' && !isPlainWord(value) ? JSON.stringify(value) : String(value)
}

/** Words that YAML readers of any age take as text. */
const isPlainWord = (word: string): boolean =>
  /^(\.\.?\/|\/)?[A-Za-z][A-Za-z0-9_./@-]*$/.test(word) &&
  !/^(true|false|null|yes|no|on|off|y|n)$/i.test(word)

/** A configuration under the keys of the file, for JSON. */
export function plainConfig(config: Config): Readonly<Record<string, unknown>> {
  return plainSection(SCHEMA, config)
}

function plainSection(section: Section, value: unknown): Readonly<Record<string, unknown>> {
  const fields = Object.entries(section.fields).map(([key, node]): readonly [string, unknown] => {
    const own = fieldOf(value, camelCase(key))
    if (node.kind === 'section') return [key, plainSection(node, own)]
    const isList = node.kind === 'entries' && Array.isArray(own)
    return [key, isList ? own.map((item: unknown) => plainSection(node.entry, item)) : own]
  })
  return Object.fromEntries(fields)
}
