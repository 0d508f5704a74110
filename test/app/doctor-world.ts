import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Check, Finding } from '../../src/app/doctor/check.ts'
import { beginChecks } from '../../src/app/doctor/diagnosis.ts'
import type { Config } from '../../src/config/schema.ts'
import type { VenueId } from '../../src/core/ids.ts'
import { systemRuntime } from '../../src/runtime/system.ts'
import { type Listening, venueConfig } from './venue-config.ts'

/** A folder that is gone with `Symbol.dispose`. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'marketprism-doctor-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

/** Sections that ask little of the machine under test, with everything below `folder` and no port fixed. */
export const modestSections = (folder: string) => ({
  journal: { folder: `${folder}/journal`, limit_bytes: 134_217_728, free_bytes: 0 },
  sinks: { parquet: { folder: `${folder}/parquet`, memory_mb: 128 } },
  http: { health_port: 0, metrics_port: 0 },
  supervisor: { heap_mb: 64 },
})

/** Of one venue that listens at `port` of loopback. */
export function configOf(
  venue: VenueId,
  port: number,
  others: Readonly<Record<string, unknown>> & { readonly folder: string },
): Config {
  const { folder, ...sections } = others
  return venueConfig(venue, listening(port), {}, { ...modestSections(folder), ...sections })
}

export const listening = (port: number): Listening => ({
  streamUrl: `ws://127.0.0.1:${port}`,
  restUrl: `http://127.0.0.1:${port}`,
})

const runtime = systemRuntime()

/** All checks of a configuration, in this process. */
export async function diagnose(config: Config): Promise<readonly Check[]> {
  return (await Promise.all(beginChecks(config, { runtime, cwd: '/' }))).flat()
}

/** The one check with this group and subject. */
export function find(checks: readonly Check[], group: string, subject: string): Check {
  const found = checks.filter((check) => check.group === group && check.subject === subject)
  assert.equal(found.length, 1, `one check ${group} ${subject}`)
  return found[0] ?? assert.fail()
}

/** Groups and subjects of the faults. */
export const faultsIn = (checks: readonly Check[]): readonly string[] =>
  checks.filter(({ result }) => result === 'fault').map(({ group, subject }) => `${group}: ${subject}`)

/** `result: text`, for assertions that show both when they fail. */
export const told = ({ result, text }: Finding): string => `${result}: ${text}`
