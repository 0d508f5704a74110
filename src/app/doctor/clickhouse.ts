import { Readable } from 'node:stream'
import type { Config } from '../../config/schema.ts'
import type { FailureCode } from '../../core/errors.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { ClickHouseServer } from '../../sinks/clickhouse/client.ts'
import { type Finding, fault, ok, REQUEST_MS, warning } from './check.ts'
import type { PathOf } from './path-of.ts'
import { judgeSinkFailure } from './sink-failure.ts'

/** What the tables need. */
const VERSION_MIN = [24, 5] as const

const ADVICE: Readonly<Partial<Record<FailureCode, string>>> = {
  unauthorized: 'look at sinks.clickhouse.user, password_file, and the rights of that user',
  bad_answer: 'sinks.clickhouse.url must be its HTTP interface: port 8123 as a rule, 8443 with TLS',
  disk: 'make sinks.clickhouse.password_file readable for this user',
}

/** Logs in to ClickHouse, and asks for its version and database. Makes nothing. */
export async function checkClickHouse(
  { url, user, passwordFile, database }: Config['sinks']['clickhouse'],
  runtime: Runtime,
  pathOf: PathOf,
): Promise<Finding> {
  const readPassword = (): string =>
    passwordFile === undefined
      ? ''
      : new TextDecoder().decode(runtime.files.read(pathOf(passwordFile))).trim()
  const server = new ClickHouseServer(
    { url, user, readPassword, compression: 'none', requestMs: REQUEST_MS },
    { timers: runtime.timers, bodyOf: (bytes) => Readable.from([bytes]) },
  )
  try {
    // The form of the name allows letters, digits and `_` only.
    const [row] = await server.rows(
      `SELECT version(), toString(count()) FROM system.databases WHERE name = '${database}'`,
    )
    return judgeClickHouse(row?.[0] ?? '', { database, isThere: row?.[1] === '1' })
  } catch (failure) {
    return judgeSinkFailure(failure, url, ADVICE)
  } finally {
    await server.close()
  }
}

/** `version` as `24.8.1.1`. */
export function judgeClickHouse(
  version: string,
  { database, isThere }: { readonly database: string; readonly isThere: boolean },
): Finding {
  const state = isThere ? 'is there' : 'is made at the first start'
  const text = `ClickHouse ${version}; database ${database} ${state}`
  const [major = Number.NaN, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  const [majorMin, minorMin] = VERSION_MIN
  const advice = `use ClickHouse ${majorMin}.${minorMin} or newer`
  if (Number.isNaN(major)) return warning(text, advice)
  const isOld = major < majorMin || (major === majorMin && minor < minorMin)
  return isOld ? fault(text, advice) : ok(text)
}
