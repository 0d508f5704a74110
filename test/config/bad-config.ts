import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConfigFault, faultsText } from '../../src/config/fault.ts'
import { readConfig } from '../../src/config/loader.ts'
import type { Config } from '../../src/config/schema.ts'

const read = (text: string) => readConfig(new TextEncoder().encode(text))

/** Fails when there is none. */
export function configOf(text: string): Config {
  const outcome = read(text)
  assert.ok('config' in outcome, 'faults' in outcome ? faultsText('config', outcome.faults) : '')
  return outcome.config
}

/** Fails when there is none. */
export function faultsOf(source: string | Uint8Array): readonly ConfigFault[] {
  const outcome = typeof source === 'string' ? read(source) : readConfig(source)
  assert.ok('faults' in outcome, 'no fault was found')
  return outcome.faults
}

/** A configuration with exactly one fault. */
export interface BadConfig {
  readonly name: string
  readonly yaml: string
  /** `line:column path` of the only fault. */
  readonly at: string
  readonly expected: RegExp
  readonly hint: RegExp
}

/** One row of a table. */
export const bad = (
  name: string,
  yaml: string,
  at: string,
  facts: readonly [expected: RegExp, hint: RegExp],
): BadConfig => ({
  name,
  yaml,
  at,
  expected: facts[0],
  hint: facts[1],
})

/** Registers a test a row. */
export function testBadConfigs(table: readonly BadConfig[]): void {
  for (const { name, yaml, at, expected, hint } of table) {
    test(`${name} is one fault with its place and a hint`, () => {
      const faults = faultsOf(yaml)
      const [fault] = faults
      assert.ok(fault)
      assert.equal(faults.length, 1, faultsText('config', faults))
      assert.equal(`${fault.line}:${fault.column} ${fault.path}`, at, faultsText('config', faults))
      assert.match(fault.expected, expected)
      assert.match(fault.hint, hint)
      assert.notEqual(fault.found, '')
    })
  }
}
