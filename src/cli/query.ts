import { EXIT } from '../app/exit.ts'
import type { Command } from './command.ts'
import { CONFIG_OPTION, requireConfig } from './config-option.ts'

const MEMORY_MB = 1_024

/** `marketprism query` */
export const QUERY: Command = {
  name: 'query',
  summary: 'Answer SQL over everything that was recorded.',
  doc: 'Runs one statement of SQL, in the dialect of DuckDB, over the Parquet files and the live journal together, up to the last second. The views are trades, books, deltas and gaps; their columns are the keys of docs/RECORDS.md, with times such as recv_time as timestamps, and date, the UTC day: a condition on date leaves the files of other days unread. It only reads.',
  operands: { placeholder: 'SQL', doc: 'The statement, in quotes.', min: 1 },
  options: [
    CONFIG_OPTION,
    {
      kind: 'text',
      name: 'format',
      placeholder: 'FORMAT',
      doc: 'table: for people, the first 1000 rows; csv: with a line of names; json: one object a line.',
      fallback: 'table',
    },
    {
      kind: 'integer',
      name: 'memory-mb',
      placeholder: 'N',
      doc: 'Memory that the statement may take; beyond it, it uses a temporary file.',
      min: 256,
      max: 1_048_576,
      fallback: MEMORY_MB,
    },
  ],
  examples: [
    {
      line: `marketprism query "select symbol, count(*) from trades where date = current_date group by all"`,
      doc: 'Trades of today by symbol.',
    },
    {
      line: `marketprism query "select recv_time, bids[1].price, asks[1].price from books where symbol = 'BTC-USDT' order by recv_time desc limit 5"`,
      doc: 'The last tops of a book.',
    },
    {
      line: `marketprism query --format csv "select symbol, sum(price::double * size) from trades group by all" > turnover.csv`,
      doc: 'Prices and sizes are exact decimals; a product of two of them is computed as DOUBLE.',
    },
    { line: 'marketprism query "describe deltas"', doc: 'The columns of a view.' },
  ],
  exits: ['ok', 'usage', 'input', 'unavailable', 'io', 'config'],
  async run(args, io) {
    const { QUERY_FORMATS } = await import('../app/query-output.ts')
    const format = QUERY_FORMATS.find((name) => name === args.text('format'))
    if (format === undefined) {
      io.stderr.write(
        `marketprism query: --format takes ${QUERY_FORMATS.join(', ')}, not '${args.text('format')}'\n`,
      )
      return EXIT.usage
    }
    const required = requireConfig(args, io)
    if ('exit' in required) return required.exit
    const { runQuery } = await import('../app/query.ts')
    const sql = args.operands.join(' ')
    const memoryMb = args.integer('memory-mb') ?? MEMORY_MB
    return runQuery({ config: required.config, sql, format, memoryMb }, io)
  },
}
