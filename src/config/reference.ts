import { defaultOf, type LeafField, type SchemaNode, type Section } from './field.ts'
import { plainText } from './rendering.ts'
import { SCHEMA } from './schema.ts'

const HEAD = `# Configuration

Made from src/config/schema.ts by \`npm run docs\`.

One YAML file, \`marketprism.yaml\` in the folder where the program is started, or \`--config FILE\`. Every key is optional. \`marketprism.example.yaml\` shows all of them with their defaults. \`marketprism check\` prints the configuration in effect, or every fault with its line, what was expected and a hint. A command that finds a fault opens nothing and ends with exit code 78.

Values are plain: no anchors, aliases or tags. Numbers are digits only; the unit is in the name of the key. A key that is not in these tables is a fault, so a misspelled one cannot go unseen.
`

/** docs/CONFIG.md. */
export function configReference(): string {
  return [HEAD, ...sectionPages(SCHEMA, '')].join('\n')
}

function sectionPages(section: Section, path: string): readonly string[] {
  const keys = Object.entries(section.fields)
  const leaves = keys.filter(([, node]) => node.kind !== 'section')
  const title = path === '' ? 'Top level' : `\`${path}\``
  const own = leaves.length > 0 ? [`## ${title}\n\n${section.doc}\n\n${table(leaves)}`] : []
  const below = keys.flatMap(([key, node]) => {
    const name = path === '' ? key : `${path}.${key}`
    if (node.kind === 'entries')
      return [`## Entries of \`${name}\`\n\n${node.entry.doc}\n\n${table(Object.entries(node.entry.fields))}`]
    if (node.kind !== 'section') return []
    return isFamily(node) ? [familyPage(node, name)] : sectionPages(node, name)
  })
  return [...own, ...below]
}

function table(fields: readonly (readonly [string, SchemaNode])[]): string {
  const rows = fields.map(
    ([key, node]) => `| \`${key}\` | ${takes(node)} | ${defaultText(node)} | ${node.doc} |`,
  )
  return ['| key | takes | default | meaning |', '| --- | --- | --- | --- |', ...rows, ''].join('\n')
}

/** A section of nothing but sections, which have no sections themselves: one table for all of them, naming what differs. */
const isFamily = (section: Section): boolean =>
  Object.values(section.fields).every(
    (node) =>
      node.kind === 'section' && Object.values(node.fields).every((inner) => inner.kind !== 'section'),
  )

function familyPage(family: Section, path: string): string {
  const members = Object.entries(family.fields).flatMap(([name, node]) =>
    node.kind === 'section' ? [{ name, fields: node.fields, doc: node.doc }] : [],
  )
  const keys = [...new Set(members.flatMap(({ fields }) => Object.keys(fields)))]
  const rows = keys.map((key) => {
    const having = members.flatMap(({ name, fields }) => {
      const node = fields[key]
      return node === undefined ? [] : [{ name, node }]
    })
    const only =
      having.length < members.length ? ` Only ${having.map(({ name }) => `\`${name}\``).join(', ')}.` : ''
    const cells = [takes, defaultText].map((text) =>
      merged(having.map(({ name, node }) => [name, text(node)])),
    )
    return `| \`${key}\` | ${cells.join(' | ')} | ${having[0]?.node.doc ?? ''}${only} |`
  })
  const names = members.map(({ name, doc }) => `* \`${path}.${name}\`: ${doc}`)
  const head = ['| key | takes | default | meaning |', '| --- | --- | --- | --- |']
  return [`## \`${path}\``, '', family.doc, '', ...names, '', ...head, ...rows, ''].join('\n')
}

/** One text where all agree, else each with its name. */
function merged(texts: readonly (readonly [name: string, text: string])[]): string {
  if (new Set(texts.map(([, text]) => text)).size === 1) return texts[0]?.[1] ?? ''
  return texts.map(([name, text]) => `${name}: ${text}`).join('<br>')
}

function takes(node: SchemaNode): string {
  if (node.kind === 'optional') return takes(node.field)
  if (node.kind === 'entries') return `up to ${node.limit} entries, see below`
  return node.kind === 'section' ? 'keys' : takesLeaf(node)
}

function takesLeaf(node: LeafField): string {
  switch (node.kind) {
    case 'boolean':
      return '`true`, `false`'
    case 'integer':
      return `${node.min} to ${node.max}`
    case 'choice':
      return node.values.map((word) => `\`${word}\``).join(', ')
    case 'choices':
      return `list of ${node.values.map((word) => `\`${word}\``).join(', ')}`
    case 'texts':
      return `list, each ${node.form.name}`
    case 'text':
      return node.form.name
  }
}

function defaultText(node: SchemaNode): string {
  const value = defaultOf(node)
  if (value !== undefined) return `\`${plainText(value)}\``
  return node.kind === 'text' ? 'must be given' : 'none'
}
