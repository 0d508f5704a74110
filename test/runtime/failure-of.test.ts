import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureCodeOf, networkFailure, reasonOf } from '../../src/runtime/failure-of.ts'
import { retryAfterMs } from '../../src/runtime/retry-after.ts'

const coded = (code: string): Error => Object.assign(new Error(`it was ${code}`), { code })

test('errors of the network layer have one meaning each', () => {
  const table = {
    ENOTFOUND: 'dns',
    EAI_AGAIN: 'dns',
    ECONNREFUSED: 'unreachable',
    ECONNRESET: 'unreachable',
    EHOSTUNREACH: 'unreachable',
    ENETDOWN: 'unreachable',
    ETIMEDOUT: 'timeout',
    EPROTO: 'tls',
    CERT_HAS_EXPIRED: 'tls',
    ERR_TLS_CERT_ALTNAME_INVALID: 'tls',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
    ERR_SSL_WRONG_VERSION_NUMBER: 'tls',
    HPE_INVALID_CONSTANT: 'bad_answer',
    HPE_HEADER_OVERFLOW: 'bad_answer',
    SOMETHING_ELSE: 'unreachable',
  }
  for (const [code, meaning] of Object.entries(table)) assert.equal(failureCodeOf(coded(code)), meaning, code)
  assert.equal(failureCodeOf(new Error('bare')), 'unreachable')
  assert.equal(failureCodeOf('no error'), 'unreachable')
})

test('of several addresses that failed the first is told', () => {
  const all = new AggregateError([coded('EAI_AGAIN'), coded('ECONNREFUSED')])
  assert.equal(failureCodeOf(all), 'dns')
  assert.equal(reasonOf(all), 'it was EAI_AGAIN')
})

test('a bad certificate is not tried again, all else is', () => {
  assert.equal(networkFailure(coded('CERT_HAS_EXPIRED')).retryable, false)
  assert.equal(networkFailure(coded('ECONNRESET')).retryable, true)
})

test('Retry-After is seconds or a date, never a guess', () => {
  const nowMs = Date.UTC(2026, 0, 1)
  assert.equal(retryAfterMs('30', nowMs), 30_000)
  assert.equal(retryAfterMs(' 0 ', nowMs), 0)
  assert.equal(retryAfterMs('Thu, 01 Jan 2026 00:02:00 GMT', nowMs), 120_000)
  assert.equal(retryAfterMs('Wed, 31 Dec 2025 00:00:00 GMT', nowMs), 0)
  for (const header of [undefined, '', 'soon', 'NaN']) assert.equal(retryAfterMs(header, nowMs), undefined)
})
