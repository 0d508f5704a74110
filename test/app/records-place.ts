import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { EXIT } from '../../src/app/exit.ts'
import { runGaps } from '../../src/app/gaps.ts'
import type { QueryFormat } from '../../src/app/query-output.ts'
import { runQuery } from '../../src/app/query.ts'
import { readConfig } from '../../src/config/loader.ts'
import type { Config } from '../../src/config/schema.ts'
import { memoryIo } from '../cli/memory-io.ts'
import { temporaryFolder } from '../sinks/parquet/rig.ts'

interface Answer {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A journal and a store in a folder of their own, and statements over both. */
export class Place {
  readonly journal: string
  readonly store: string
  readonly config: Config

  constructor(context: TestContext) {
    const folder = temporaryFolder(context)
    this.journal = join(folder, 'journal')
    this.store = join(folder, 'store')
    const document = { journal: { folder: this.journal }, sinks: { parquet: { folder: this.store } } }
    const outcome = readConfig(new TextEncoder().encode(JSON.stringify(document)))
    assert.ok('config' in outcome)
    this.config = outcome.config
  }

  async query(sql: string, format: QueryFormat = 'csv'): Promise<Answer> {
    const memory = memoryIo()
    const code = await runQuery({ config: this.config, sql, format, memoryMb: 256 }, memory.io)
    return { code, out: memory.out(), err: memory.err() }
  }

  /** The rows of a statement that must succeed, as CSV without the line of names. */
  async rows(sql: string): Promise<readonly string[]> {
    const { code, out, err } = await this.query(sql)
    assert.equal(code, EXIT.ok, err)
    return out.trimEnd().split('\n').slice(1)
  }

  async gaps(choice: Partial<Parameters<typeof runGaps>[0]> = {}): Promise<string> {
    const memory = memoryIo()
    const all = { sinceUs: undefined, venue: undefined, exchange: undefined, symbol: undefined, json: false }
    assert.equal(await runGaps({ config: this.config, ...all, ...choice }, memory.io), EXIT.ok)
    return memory.out()
  }
}
