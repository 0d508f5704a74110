import assert from 'node:assert/strict'
import { test } from 'node:test'
import { variableFaultText, withEnvironment } from '../../src/config/environment.ts'
import { readConfig } from '../../src/config/loader.ts'

const read = readConfig(new TextEncoder().encode('http: {health_port: 1, metrics_port: 2}'))
const config = 'config' in read ? read.config : assert.fail('the configuration is sound')

test('variables go before the file, and those that are empty or absent say nothing', () => {
  const outcome = withEnvironment(config, {
    COLLECTOR_ENABLE_HTTP: 'No',
    HEALTH_CHECK_PORT: '18087',
    METRICS_PORT: '',
    HEALTH_GRACE_SECONDS: '0',
  })
  assert.ok('config' in outcome)
  const { http, health } = outcome.config
  assert.deepEqual(
    [http.enabled, http.healthPort, http.metricsPort, health.graceSeconds],
    [false, 18_087, 2, 0],
  )
  assert.deepEqual(withEnvironment(config, {}), { config })
})

for (const [word, isEnabled] of [
  ['1', true],
  ['TRUE', true],
  ['yes', true],
  ['0', false],
  ['off', false],
] as const) {
  test(`COLLECTOR_ENABLE_HTTP=${word} means ${isEnabled}`, () => {
    const outcome = withEnvironment(config, { COLLECTOR_ENABLE_HTTP: word })
    assert.ok('config' in outcome)
    assert.equal(outcome.config.http.enabled, isEnabled)
  })
}

test('every variable that makes no sense is told, with what it takes', () => {
  const outcome = withEnvironment(config, {
    COLLECTOR_ENABLE_HTTP: 'maybe',
    HEALTH_CHECK_PORT: '65536',
    METRICS_PORT: '-1',
    HEALTH_GRACE_SECONDS: '2 minutes',
  })
  assert.ok('faults' in outcome)
  assert.deepEqual(outcome.faults.map(variableFaultText), [
    "COLLECTOR_ENABLE_HTTP: expected 1, true, yes, on, 0, false, no or off, found 'maybe'\n    unset it, or set it so",
    "HEALTH_CHECK_PORT: expected a whole number from 0 to 65535, found '65536'\n    unset it, or set it so",
    "METRICS_PORT: expected a whole number from 0 to 65535, found '-1'\n    unset it, or set it so",
    "HEALTH_GRACE_SECONDS: expected a whole number from 0 to 3600, found '2 minutes'\n    unset it, or set it so",
  ])
})
