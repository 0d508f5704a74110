import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FailureError } from '../../src/core/errors.ts'
import { lookUpName } from '../../src/runtime/name-lookup.ts'

test('an address is found as it is, and localhost as an address of loopback', async () => {
  assert.deepEqual(await lookUpName('192.0.2.1'), ['192.0.2.1'])
  assert.deepEqual(await lookUpName('::1'), ['::1'])
  for (const address of await lookUpName('localhost')) assert.match(address, /^(127\.|::1$)/)
})

test('a name that cannot exist is a failure of the name', async () => {
  await assert.rejects(
    lookUpName('nowhere.invalid'),
    (error) => error instanceof FailureError && error.code === 'dns',
  )
})
