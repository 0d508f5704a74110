// Reads the store that the sink `parquet` fills: trades, holes, and the book of one instrument.
//
//     node examples/typescript/parquet-reader.ts data/parquet binance spot BTC-USDT
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'

const [store = 'data/parquet', exchange = 'binance', market_type = 'spot', symbol = 'BTC-USDT'] =
  process.argv.slice(2)
const VIEWS = { trade: 'trades', orderbook: 'books', orderbook_delta: 'deltas' }

/** A segment is in the store once its manifest is: files that none names are of a conversion that was cut off. */
function filesOf(type: string): readonly string[] {
  const folder = join(store, 'manifests')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap(
      (name): { type: string; path: string }[] => JSON.parse(readFileSync(join(folder, name), 'utf8')).files,
    )
    .filter((file) => file.type === type)
    .map(({ path }) => join(store, path))
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

const instance = await DuckDBInstance.create()
const connection = await instance.connect()
for (const [type, view] of Object.entries(VIEWS)) {
  const files = filesOf(type)
  if (files.length === 0) throw new Error(`there are no ${view} in ${store} yet`)
  await connection.run(
    `CREATE VIEW ${view} AS SELECT * FROM read_parquet([${files.map(quoted).join(', ')}], hive_partitioning = true)`,
  )
}
for (const name of ['trades', 'holes', 'book']) {
  console.log(`${name}:`)
  const sql = readFileSync(join(import.meta.dirname, `../sql/${name}.sql`), 'utf8')
  const result = await connection.runAndReadAll(
    sql,
    name === 'book' ? { exchange, market_type, symbol } : undefined,
  )
  for (const row of result.getRows()) console.log(row.join(' '))
}
connection.closeSync()
instance.closeSync()
