import { FailureError } from '../../core/errors.ts'
import { type RecordDefinition, RECORDS, type RecordType } from '../../core/record.ts'
import type { ClickHouseServer } from './client.ts'
import { columnsOf } from './columns.ts'
import { type Migration, MIGRATIONS } from './migrations.ts'

export interface SchemaOptions {
  /** Made when it is missing. */
  readonly database: string
  /** Begins the name of every table. */
  readonly tablePrefix: string
  /** Days after which a record goes; 0: never. */
  readonly retentionDays: number
}

/** The tables of one database, and what they must be like. Failures are `FailureError`. */
export class Schema {
  readonly #server: ClickHouseServer
  readonly #options: SchemaOptions
  readonly #migrations: readonly Migration[]

  constructor(
    server: ClickHouseServer,
    options: SchemaOptions,
    migrations: readonly Migration[] = MIGRATIONS,
  ) {
    this.#server = server
    this.#options = options
    this.#migrations = migrations
  }

  /** Quoted, with its database. */
  tableOf(type: RecordType): string {
    return this.#quoted(type)
  }

  /**
   * Makes or completes the tables, and checks them. Throws `mismatch`, not retryable, where they were made by a newer program or hold
   * other columns. A statement is only sent where something is missing, so that a user who may only insert and read is enough later.
   */
  async prepare(): Promise<void> {
    await this.#createDatabase()
    await this.#migrate()
    const definitions = RECORDS
    await this.#checkColumns(definitions)
    await this.#setRetention(definitions)
  }

  async #createDatabase(): Promise<void> {
    const { database } = this.#options
    const found = await this.#server.rows(
      `SELECT name FROM system.databases WHERE name = ${literal(database)}`,
    )
    if (found.length === 0)
      await this.#server.command(`CREATE DATABASE IF NOT EXISTS ${identifier(database)}`)
  }

  async #migrate(): Promise<void> {
    const current = await this.#version()
    const latest = this.#migrations.at(-1)?.version ?? 0
    if (current > latest) {
      throw mismatch(
        `the tables are of version ${current}, this program knows ${latest}: it is too old for them`,
      )
    }
    for (const migration of this.#migrations) {
      // oxlint-disable-next-line no-await-in-loop -- each builds on the one before it
      if (migration.version > current) await this.#apply(migration)
    }
  }

  /** Version of the tables; 0 before the first migration. */
  async #version(): Promise<number> {
    const table = `${this.#options.tablePrefix}migrations`
    const found = await this.#server.rows(
      `SELECT name FROM system.tables WHERE ${this.#inDatabase()} AND name = ${literal(table)}`,
    )
    if (found.length === 0) {
      await this.#server.command(
        `CREATE TABLE IF NOT EXISTS ${this.#quoted('migrations')} (version UInt32, name String, applied DateTime('UTC') DEFAULT now())
         ENGINE = ReplacingMergeTree ORDER BY version`,
      )
    }
    const [row] = await this.#server.rows(`SELECT max(version) FROM ${this.#quoted('migrations')}`)
    return Number(row?.[0] ?? 0)
  }

  async #apply(migration: Migration): Promise<void> {
    for (const statement of migration.statements((type) => this.tableOf(type))) {
      // oxlint-disable-next-line no-await-in-loop -- in the order of the migration
      await this.#server.command(statement)
    }
    await this.#server.command(
      `INSERT INTO ${this.#quoted('migrations')} (version, name) VALUES (${migration.version}, ${literal(migration.name)})`,
    )
  }

  async #checkColumns(definitions: readonly RecordDefinition[]): Promise<void> {
    const rows = await this.#server.rows(
      `SELECT table, name, type FROM system.columns WHERE ${this.#inDatabase('database')}`,
    )
    const types = new Map(
      rows.map(([table = '', name = '', type = '']) => [`${table}.${name}`, oneLine(type)]),
    )
    for (const definition of definitions) {
      const table = `${this.#options.tablePrefix}${definition.type}`
      for (const { name, type } of columnsOf(definition)) {
        const found = types.get(`${table}.${name}`)
        if (found !== type) {
          throw mismatch(`column ${table}.${name} is ${found ?? 'missing'}, and should be ${type}`)
        }
      }
    }
  }

  /** The tables drop what is older than configured: their TTL is set to that where it differs. */
  async #setRetention(definitions: readonly RecordDefinition[]): Promise<void> {
    const rows = await this.#server.rows(
      `SELECT name, engine_full FROM system.tables WHERE ${this.#inDatabase()}`,
    )
    const engines = new Map(rows.map(([name = '', engine = '']) => [name, engine]))
    const days = this.#options.retentionDays
    const wanted = days === 0 ? undefined : `toDateTime(recv_time_us) + toIntervalDay(${days})`
    for (const { type } of definitions) {
      const engine = engines.get(`${this.#options.tablePrefix}${type}`) ?? ''
      const current = /\bTTL (.+?)(?: SETTINGS |$)/.exec(engine)?.[1]
      if (current === wanted) continue
      const change = wanted === undefined ? 'REMOVE TTL' : `MODIFY TTL ${wanted}`
      // oxlint-disable-next-line no-await-in-loop -- a handful of statements, once
      await this.#server.command(`ALTER TABLE ${this.tableOf(type)} ${change}`)
    }
  }

  #inDatabase(column = 'database'): string {
    return `${column} = ${literal(this.#options.database)}`
  }

  #quoted(name: string): string {
    return `${identifier(this.#options.database)}.${identifier(this.#options.tablePrefix + name)}`
  }
}

const mismatch = (what: string): FailureError =>
  new FailureError('mismatch', `ClickHouse: ${what}`, { retryable: false })

const escaped = (text: string, quote: string): string =>
  `${quote}${text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`)}${quote}`
/** Quoted, as a text in a statement. */
export const literal = (text: string): string => escaped(text, "'")
const identifier = (name: string): string => escaped(name, '`')

/** Tuples are told over several lines. */
const oneLine = (type: string): string =>
  type.replaceAll(/\s+/g, ' ').replaceAll('( ', '(').replaceAll(' )', ')')
