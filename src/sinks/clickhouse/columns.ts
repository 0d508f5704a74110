import type { Field, FieldKind, RecordDefinition } from '../../core/record.ts'

/** A column as `system.columns` tells it. */
export interface Column {
  readonly name: string
  readonly type: string
}

/**
 * Prices and sizes: 18 decimals are the most that a book may have (`DECIMALS_LIMIT`), and 20 digits before the point leave room for
 * sizes of coins that are counted in trillions.
 */
export const DECIMAL = 'Decimal(38, 18)'

/** Texts that are another one in every record; all others are words of which there are few. */
const DISTINCT_TEXTS: ReadonlySet<string> = new Set(['id', 'trade_id'])

const TYPES: Readonly<Record<Exclude<FieldKind, 'text'>, string>> = {
  integer: 'Int64',
  decimal: DECIMAL,
  micros: "DateTime64(6, 'UTC')",
  boolean: 'Bool',
  levels: `Array(Tuple(price ${DECIMAL}, size ${DECIMAL}))`,
  texts: 'Array(LowCardinality(String))',
}

/** The columns that hold a record, in the order of its keys. A key that is `null` or absent is NULL; an absent list is empty. */
export function columnsOf(definition: RecordDefinition): readonly Column[] {
  return definition.fields.map((field) => ({ name: field.key, type: typeOf(field) }))
}

function typeOf(field: Field): string {
  const mayBeNull = field.nullable === true || field.optional === true
  if (field.kind === 'text') {
    const text = mayBeNull ? 'Nullable(String)' : 'String'
    return DISTINCT_TEXTS.has(field.key) ? text : `LowCardinality(${text})`
  }
  const type = TYPES[field.kind]
  return mayBeNull && !isList(field) ? `Nullable(${type})` : type
}

const isList = (field: Field): boolean => field.kind === 'levels' || field.kind === 'texts'

/** Whether a list may be absent: a table that has one cannot refuse rows in which keys are absent. */
export const hasOptionalList = (definition: RecordDefinition): boolean =>
  definition.fields.some((field) => field.optional === true && isList(field))
