import type { RecordType } from '../../core/record.ts'
import { columnExpression, columnOf, columnType, definitionOf, jsonSource } from './columns.ts'
import { named, pathList, quoted } from './sql.ts'

/** The view of each type of record. */
export const VIEW_NAMES: Readonly<Record<RecordType, string>> = {
  trade: 'trades',
  orderbook: 'books',
  orderbook_delta: 'deltas',
  gap: 'gaps',
}

/** Files that hold records of one type. No record is in two of them. */
export interface ViewSources {
  /** Of a store, under the paths of their partitions. */
  readonly parquet: readonly string[]
  /** Lines of every type. */
  readonly lines: readonly string[]
}

/**
 * The statement that makes the view of a type: every column of its records, and `date`, the UTC day of receipt, by which files are
 * left unread. Without any source the view is empty and has the same columns.
 */
export function viewStatement(type: RecordType, { parquet, lines }: ViewSources): string {
  const parts = [
    emptyPart(type),
    ...(parquet.length > 0 ? [parquetPart(type, parquet)] : []),
    ...(lines.length > 0 ? [linesPart(type, lines)] : []),
  ]
  return `CREATE VIEW ${named(VIEW_NAMES[type])} AS ${parts.join(' UNION ALL ')}`
}

/** Gives the view its columns and their types. */
function emptyPart(type: RecordType): string {
  const columns = definitionOf(type).fields.map(
    (field) => `NULL::${columnType(field)} AS ${named(columnOf(field))}`,
  )
  return `SELECT ${columns.join(', ')}, NULL::DATE AS date WHERE false`
}

function parquetPart(type: RecordType, paths: readonly string[]): string {
  const columns = definitionOf(type).fields.map((field) => named(columnOf(field)))
  const partitions = `{'type': VARCHAR, 'date': DATE, 'exchange': VARCHAR}`
  return (
    `SELECT ${columns.join(', ')}, date FROM read_parquet(${pathList(paths)}, ` +
    `hive_partitioning = true, hive_types = ${partitions})`
  )
}

function linesPart(type: RecordType, paths: readonly string[]): string {
  const definition = definitionOf(type)
  const columns = definition.fields.map(
    (field) => `${columnExpression(field, 'null')} AS ${named(columnOf(field))}`,
  )
  const day = `make_timestamp("recv_time_us")::DATE AS date`
  return `SELECT ${columns.join(', ')}, ${day} FROM ${jsonSource(definition, paths, 'null')} WHERE "type" = ${quoted(type)}`
}
