import { type Field, type FieldKind, RECORDS, type RecordDefinition } from '../src/core/record.ts'

const KIND_DOCS: Readonly<Record<FieldKind, string>> = {
  text: 'text',
  integer: 'integer, at most 2^53',
  decimal: 'exact decimal as text, plain notation, no trailing zeros',
  micros: 'integer, µs since 1970-01-01 UTC',
  boolean: 'true or false',
  levels: 'array of `["price","size"]`, exact decimals as text',
  texts: 'array of texts',
}

/** docs/RECORDS.md: every record with its fields and one sample. */
export function recordsReference(): string {
  return [
    '# Records',
    '',
    'One JSON object a line, keys in the order given here. A key that may be absent is marked so; `null` means that the venue did not say. Nothing is ever invented: no time for a missing time, no size 0, no "now".',
    '',
    'A stream is what `session`, `exchange`, `market_type`, `symbol` and `type` name together; `seq` counts its records without a hole. `id` is the same wherever the record is made: use it to drop repeats. A venue may repeat its last trade to a collector that has started again (OKX does): a store that drops repeats by `id` has that trade from the run before, and the stream of the new run begins with `seq` 2 there.',
    '',
    'To rebuild a book: take a full `orderbook`, then apply each `orderbook_delta` of the same `epoch` in the order of `seq`; a higher `epoch` begins with a full `orderbook` again. A full `orderbook` of the same `epoch` comes when the book reaches further down than before: it takes the place of what you have. What lies between two epochs is told by a `gap` record, unless nothing was missed.',
    '',
    ...RECORDS.flatMap((record) => recordSection(record)),
  ].join('\n')
}

function recordSection({ type, doc, fields, sample }: RecordDefinition): readonly string[] {
  return [
    `## \`${type}\``,
    '',
    doc,
    '',
    '| key | value | meaning |',
    '| --- | --- | --- |',
    ...fields.map((field) => `| \`${field.key}\` | ${valueDoc(field, type)} | ${field.doc} |`),
    '',
    '```json',
    sample,
    '```',
    '',
  ]
}

function valueDoc(field: Field, type: string): string {
  const values = field.key === 'type' ? [type] : field.values
  const kind = values === undefined ? KIND_DOCS[field.kind] : values.map((value) => `\`${value}\``).join(', ')
  const more = [field.nullable ? 'or `null`' : '', field.optional ? 'may be absent' : ''].filter(
    (text) => text !== '',
  )
  return [kind, ...more].join('; ')
}

/** schema/records.schema.json: JSON Schema 2020-12 of any record. */
export function recordsSchema(): string {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'marketprism records',
    oneOf: RECORDS.map(({ type }) => ({ $ref: `#/$defs/${type}` })),
    $defs: Object.fromEntries(RECORDS.map((record) => [record.type, recordSchema(record)])),
  }
  return JSON.stringify(schema, null, 2)
}

function recordSchema({ type, doc, fields }: RecordDefinition): object {
  return {
    type: 'object',
    description: doc,
    properties: Object.fromEntries(fields.map((field) => [field.key, fieldSchema(field, type)])),
    required: fields.filter((field) => !field.optional).map(({ key }) => key),
    additionalProperties: false,
  }
}

const DECIMAL = { type: 'string', pattern: '^-?(0|[1-9][0-9]*)(\\.[0-9]*[1-9])?$' }

const KIND_SCHEMAS: Readonly<Record<FieldKind, object>> = {
  text: { type: 'string' },
  integer: { type: 'integer' },
  decimal: DECIMAL,
  micros: { type: 'integer' },
  boolean: { type: 'boolean' },
  levels: {
    type: 'array',
    items: { type: 'array', prefixItems: [DECIMAL, DECIMAL], minItems: 2, maxItems: 2 },
  },
  texts: { type: 'array' },
}

function fieldSchema(field: Field, type: string): object {
  const description = field.doc
  if (field.key === 'type') return { const: type, description }
  if (field.kind === 'texts') return { type: 'array', items: { enum: field.values }, description }
  const plain = field.values === undefined ? KIND_SCHEMAS[field.kind] : { enum: field.values }
  return field.nullable ? { anyOf: [plain, { type: 'null' }], description } : { ...plain, description }
}
