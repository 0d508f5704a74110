import type { ResultColumn, Rows, Value } from '../sinks/parquet/duckdb.ts'
import { counted } from './screen.ts'
import type { TextStream } from './io.ts'

export const QUERY_FORMATS = ['table', 'csv', 'json'] as const
export type QueryFormat = (typeof QUERY_FORMATS)[number]

export interface OutputOptions {
  readonly format: QueryFormat
  /** A table is not wider than this. */
  readonly columns: number
}

/** Rows of a table: its widths are known only when all of them are. Other formats have no limit. */
const TABLE_LIMIT_ROWS = 1_000
/** Widest cell of a table; a time is legible at its seconds, so no column is cut further than that. */
const CELL_LIMIT = 60
const CELL_MIN = 19
const SEPARATOR = '  '

/** Writes a result as it comes. Of `csv` and `json` no more than a batch is held. */
export async function writeRows(
  rows: Rows,
  { format, columns }: OutputOptions,
  out: TextStream,
): Promise<void> {
  switch (format) {
    case 'table':
      return writeTable(rows, columns, out)
    case 'csv':
      return writeCsv(rows, out)
    case 'json':
      return writeJson(rows, out)
  }
}

async function writeCsv(rows: Rows, out: TextStream): Promise<void> {
  let text = `${rows.columns.map(({ name }) => csvCell(name)).join(',')}\n`
  for await (const batch of rows.batches) {
    for (const row of batch) text += `${row.map(csvCell).join(',')}\n`
    out.write(text)
    text = ''
  }
  if (text !== '') out.write(text)
}

/** RFC 4180: NULL is an empty cell, an empty text is `""`. */
function csvCell(value: Value): string {
  if (value === null) return ''
  const text = plainText(value)
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

async function writeJson({ columns, batches }: Rows, out: TextStream): Promise<void> {
  for await (const batch of batches) out.write(batch.map((row) => rowJson(columns, row)).join(''))
}

/** A row as one line of JSON, newline included. Cells are named by the columns in their order. */
export const rowJson = (columns: readonly ResultColumn[], row: readonly Value[]): string =>
  `{${row.map((value, at) => `${JSON.stringify(columns[at]?.name)}:${jsonText(value)}`).join(',')}}\n`

/** Integers beyond 2^53 are texts: JSON numbers would lose their last digits. */
const jsonText = (value: Value): string =>
  JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'bigint') return inner
    return Number.isSafeInteger(Number(inner)) ? Number(inner) : String(inner)
  })

/** A value outside of JSON; nested ones are JSON. */
export const plainText = (value: Value): string => {
  if (value === null) return 'NULL'
  return typeof value === 'object' ? jsonText(value) : String(value)
}

async function writeTable(rows: Rows, columns: number, out: TextStream): Promise<void> {
  const cells: (readonly string[])[] = []
  let hasMore = false
  for await (const batch of rows.batches) {
    cells.push(...batch.slice(0, TABLE_LIMIT_ROWS - cells.length).map((row) => row.map(tableCell)))
    hasMore = cells.length === TABLE_LIMIT_ROWS
    if (hasMore) break
  }
  out.write(tableText({ columns: rows.columns, cells, hasMore }, columns))
}

/** Control characters would move the cursor of the terminal. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const tableCell = (value: Value): string => plainText(value).replaceAll(/[\u0000-\u001F\u007F-\u009F]+/g, ' ')

interface Table {
  readonly columns: readonly ResultColumn[]
  readonly cells: readonly (readonly string[])[]
  readonly hasMore: boolean
}

/** One line a row where that is wide enough to be read, else one line a cell. */
function tableText({ columns, cells, hasMore }: Table, limit: number): string {
  const wanted = columns.map(({ name }, at) =>
    Math.max(name.length, ...cells.map((row) => row[at]?.length ?? 0)),
  )
  const widths = fitWidths(wanted, limit)
  const lines = widths === undefined ? cellLines(columns, cells, limit) : rowLines(columns, cells, widths)
  const count = hasMore
    ? `the first ${cells.length} rows; '--format csv' gives everything`
    : counted(cells.length, 'row')
  return `${[...lines, count].join('\n')}\n`
}

function rowLines(
  columns: readonly ResultColumn[],
  cells: readonly (readonly string[])[],
  widths: readonly number[],
): readonly string[] {
  const line = (row: readonly string[]): string =>
    widths
      .map((width, at) => {
        const cell = cut(row[at] ?? '', width)
        return columns[at]?.isNumber === true ? cell.padStart(width) : cell.padEnd(width)
      })
      .join(SEPARATOR)
      .trimEnd()
  const rule = widths.map((width) => '─'.repeat(width)).join(SEPARATOR)
  return [line(columns.map(({ name }) => name)), rule, ...cells.map(line)]
}

function cellLines(
  columns: readonly ResultColumn[],
  cells: readonly (readonly string[])[],
  limit: number,
): readonly string[] {
  const nameWidth = Math.max(...columns.map(({ name }) => name.length))
  return cells.flatMap((row, at) => [
    `── row ${at + 1} ──`,
    ...columns.map(({ name }, index) =>
      cut(`${name.padEnd(nameWidth)}${SEPARATOR}${row[index] ?? ''}`, limit),
    ),
  ])
}

/** Cuts the widest columns until all of them fit; `undefined` where nothing legible would be left. */
function fitWidths(wanted: readonly number[], limit: number): readonly number[] | undefined {
  const widths = wanted.map((width) => Math.min(width, CELL_LIMIT))
  let total = widths.reduce((sum, width) => sum + width, SEPARATOR.length * (widths.length - 1))
  for (; total > limit; total--) {
    const widest = Math.max(...widths)
    if (widest <= CELL_MIN) return undefined
    widths[widths.lastIndexOf(widest)] = widest - 1
  }
  return widths
}

const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
