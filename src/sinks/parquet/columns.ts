import { type Field, type RecordDefinition, RECORDS, type RecordType } from '../../core/record.ts'
import { named, pathList, quoted } from './sql.ts'

/**
 * How the keys of a record become columns, as SQL of DuckDB. A column has the name of its key, except for times: `recv_time_us`
 * becomes `recv_time`, a TIMESTAMP WITH TIME ZONE, exact to the µs. Everything is made from `RECORDS`.
 */

/** A record may be so large: three times the largest book. Each thread of a reader takes twice as much for its buffer. */
export const RECORD_LIMIT_BYTES = 16 * 1024 * 1024
/** Keys that are in the path of a file and not in it. */
const PATH_KEYS: ReadonlySet<string> = new Set(['type', 'exchange'])

/** Prices and sizes: 20 digits before the point, 18 behind it. The finest tick of any venue has 13 decimals. */
export const DECIMAL_TYPE = 'DECIMAL(38,18)'
const LEVELS_TYPE = `STRUCT(price ${DECIMAL_TYPE}, size ${DECIMAL_TYPE})[]`
/** What an integer of 64 bit carries fast: every plain number of at most `NARROW_LENGTH` characters fits it exactly. */
const NARROW_TYPE = 'DECIMAL(18,8)'
const NARROW_LENGTH = 10
/** What a decimal looks like, with up to 18 digits on each side of the point: as many as fit 64 bit, and ten thousand times the largest size seen. */
export const PLAIN_DECIMAL = String.raw`[0-9]{1,18}(\.[0-9]{1,18})?`

/** What happens to a value that is not what its key should hold: the statement fails, or the value is NULL. */
export type Strictness = 'fail' | 'null'

/** The definition of a type. */
export function definitionOf(type: RecordType): RecordDefinition {
  const definition = RECORDS.find((candidate) => candidate.type === type)
  if (definition === undefined) throw new RangeError(`no record ${type}`)
  return definition
}

/** Whether a key must have a value. */
export const isRequired = ({ nullable, optional }: Field): boolean => nullable !== true && optional !== true

/** The column of a key. */
export const columnOf = ({ key, kind }: Field): string => (kind === 'micros' ? key.replace(/_us$/, '') : key)

/** The fields whose columns are in the files, in their order. */
export const storedFields = ({ fields }: RecordDefinition): readonly Field[] =>
  fields.filter(({ key }) => !PATH_KEYS.has(key))

/** Type of the column of a field. */
export function columnType({ kind }: Field): string {
  switch (kind) {
    case 'text':
      return 'VARCHAR'
    case 'texts':
      return 'VARCHAR[]'
    case 'integer':
      return 'BIGINT'
    case 'boolean':
      return 'BOOLEAN'
    case 'micros':
      return 'TIMESTAMP WITH TIME ZONE'
    case 'decimal':
      return DECIMAL_TYPE
    case 'levels':
      return LEVELS_TYPE
  }
}

/** Type in which the JSON reader takes a field. Decimals stay text: their reading is ours. */
function jsonType({ kind }: Field): string {
  switch (kind) {
    case 'text':
    case 'decimal':
      return 'VARCHAR'
    case 'texts':
      return 'VARCHAR[]'
    case 'integer':
    case 'micros':
      return 'BIGINT'
    case 'boolean':
      return 'BOOLEAN'
    case 'levels':
      return 'VARCHAR[][]'
  }
}

/** The table function that reads the records of files of lines. Lines of other types come along, with what they share. */
export function jsonSource(
  { fields }: RecordDefinition,
  paths: readonly string[],
  strictness: Strictness,
): string {
  const columns = fields.map((field) => `${quoted(field.key)}: ${quoted(jsonType(field))}`)
  return (
    `read_json(${pathList(paths)}, format = 'newline_delimited', columns = {${columns.join(', ')}}, ` +
    `maximum_object_size = ${RECORD_LIMIT_BYTES}, ignore_errors = ${strictness === 'null'})`
  )
}

/** The column of a field, computed from what `jsonSource` reads. */
export function columnExpression(field: Field, strictness: Strictness): string {
  const key = named(field.key)
  switch (field.kind) {
    case 'decimal':
      return decimal(key, strictness)
    case 'levels':
      return levels(key, strictness)
    case 'micros':
      return `make_timestamptz(${key})`
    case 'text':
    case 'texts':
    case 'integer':
    case 'boolean':
      return key
  }
}

/** Every column of a record in a file, as `expression AS name`. */
export const storedColumns = (definition: RecordDefinition, strictness: Strictness): string =>
  storedFields(definition)
    .map((field) => `${columnExpression(field, strictness)} AS ${named(columnOf(field))}`)
    .join(', ')

/** What stands for a text that is no decimal. */
type Otherwise = 'NULL' | "error('no decimal')"

/** A decimal from its text. Without a text it is NULL: whether there must be one is known from the count of NULLs in the file. */
const decimal = (text: string, strictness: Strictness): string =>
  strictness === 'null'
    ? exactDecimal(text, 'NULL')
    : `CASE WHEN ${text} IS NOT NULL THEN ${exactDecimal(text, "error('no decimal')")} END`

/** Levels from pairs of texts. In levels a missing text is an error at once: the NULLs of a list are not counted by themselves. */
function levels(pairs: string, strictness: Strictness): string {
  const otherwise = strictness === 'null' ? 'NULL' : "error('no decimal')"
  const [price, size] = [exactDecimal('level[1]', otherwise), exactDecimal('level[2]', otherwise)]
  const list = `[{price: ${price}, size: ${size}} FOR level IN ${pairs}]`
  return strictness === 'null' ? list : `CASE WHEN ${pairs} IS NULL THEN error('no levels') ELSE ${list} END`
}

/**
 * A decimal from its text, exactly or not at all. DuckDB's own cast rounds what has too many decimals without a word, and to a
 * DECIMAL(38,18) it takes 3 µs a value: a hundred times as long as by 64 bit.
 */
function exactDecimal(text: string, otherwise: Otherwise): string {
  const narrow = `strlen(${text}) <= ${NARROW_LENGTH} AND NOT contains(${text}, 'e') AND NOT contains(${text}, 'E')`
  const exact = `regexp_full_match(${text}, ${quoted(PLAIN_DECIMAL)})`
  const whole = `split_part(${text}, '.', 1)::BIGINT::${DECIMAL_TYPE}`
  const fraction = `('0.' || split_part(${text}, '.', 2))::DECIMAL(18,18)::${DECIMAL_TYPE}`
  const cast = otherwise === 'NULL' ? 'TRY_CAST' : 'CAST'
  return (
    `CASE WHEN ${narrow} THEN ${cast}(${text} AS ${NARROW_TYPE})::${DECIMAL_TYPE} ` +
    `WHEN ${exact} THEN ${whole} + ${fraction} ELSE ${otherwise} END`
  )
}
