import type { Field, RecordDefinition } from '../../core/record.ts'
import { PLAIN_DECIMAL, RECORD_LIMIT_BYTES } from './columns.ts'

/** A line as the store can take it, or what is wrong with it, for people. */
export type LineCheck =
  { readonly name: 'good'; readonly line: Uint8Array } | { readonly name: 'bad'; readonly reason: string }

const DECIMAL = new RegExp(`^${PLAIN_DECIMAL}$`)
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Holds one record against its definition, key by key. Slow, and only asked for lines among which the database found one that it
 * cannot take: this tells which one. A good line is written anew, so that nothing is left in it which only the database refuses.
 */
export function checkLine(line: Uint8Array, definition: RecordDefinition): LineCheck {
  if (line.length > RECORD_LIMIT_BYTES) return { name: 'bad', reason: `${line.length} bytes` }
  let json: unknown
  try {
    json = JSON.parse(decoder.decode(line))
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof TypeError) {
      return { name: 'bad', reason: `no JSON: ${cause.message}` }
    }
    throw cause
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return { name: 'bad', reason: 'no object' }
  const facts = new Map<string, unknown>(Object.entries(json))
  for (const field of definition.fields) {
    const reason = faultOf(field, facts.get(field.key))
    if (reason !== undefined) return { name: 'bad', reason: `${field.key}: ${reason}` }
  }
  const text = JSON.stringify(json)
  return { name: 'good', line: encoder.encode(`${text}\n`) }
}

function faultOf(field: Field, value: unknown): string | undefined {
  if (value === undefined || value === null) {
    return field.nullable === true || field.optional === true ? undefined : 'missing'
  }
  return isOfKind(field, value) ? undefined : `no ${field.kind}`
}

function isOfKind({ kind }: Field, value: unknown): boolean {
  switch (kind) {
    case 'text':
      return isText(value)
    case 'texts':
      return Array.isArray(value) && value.every(isText)
    case 'integer':
    case 'micros':
      return Number.isSafeInteger(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'decimal':
      return isDecimal(value)
    case 'levels':
      return Array.isArray(value) && value.every(isLevel)
  }
}

/** Half of a surrogate pair cannot be written as UTF-8. */
const isText = (value: unknown): value is string => typeof value === 'string' && value.isWellFormed()

const isDecimal = (value: unknown): boolean => typeof value === 'string' && DECIMAL.test(value)

const isLevel = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every(isDecimal)
