import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { noticeKey, readNotice, severityOf, TEXT_LIMIT } from '../../src/alerts/notice.ts'
import { readTime } from '../../src/app/alert-bridge-intake.ts'
import { type GivenAlert, webhookBody } from './webhooks.ts'

const read = (body: string | Uint8Array) =>
  readNotice(typeof body === 'string' ? new TextEncoder().encode(body) : body, readTime)

function noticeOf(alerts: readonly GivenAlert[], groupKey?: string) {
  const notice = read(webhookBody(alerts, groupKey))
  assert.ok(!('fault' in notice))
  return notice
}

test('a webhook of Alertmanager is read as it is', () => {
  const notice = noticeOf([{ labels: { venue: 'deribit' } }, { status: 'resolved' }])
  const [firing, resolved] = notice.alerts
  assert.equal(firing?.labels['venue'], 'deribit')
  assert.equal(firing?.startsAtMs, Date.parse('2025-12-31T23:55:00.123Z'))
  assert.ok(resolved?.status === 'resolved')
  assert.equal(resolved.endsAtMs, Date.parse('2025-12-31T23:59:30Z'))
  assert.equal(notice.externalUrl, 'http://127.0.0.1:9093')
})

suite('what cannot be read is refused, with what is wrong:', () => {
  const plain = { alerts: [], status: 'firing', groupKey: '' }
  const alert = { status: 'firing', labels: {}, startsAt: '2026-01-01T00:00:00Z' }
  const CASES: readonly (readonly [string | Uint8Array, string])[] = [
    ['', 'not JSON'],
    ['{"alerts":', 'not JSON'],
    [Uint8Array.of(0xff, 0xfe), 'not UTF-8'],
    ['[]', 'the body: no object'],
    ['null', 'the body: no object'],
    ['{}', 'alerts: no list'],
    [JSON.stringify({ ...plain, alerts: {} }), 'alerts: no list'],
    [JSON.stringify({ ...plain, status: 'on' }), 'status: neither firing nor resolved'],
    [JSON.stringify({ ...plain, groupKey: 7 }), 'groupKey: no text'],
    [JSON.stringify({ ...plain, alerts: [7] }), 'alerts[0]: no object'],
    [
      JSON.stringify({ ...plain, alerts: [{ ...alert, status: undefined }] }),
      'status: neither firing nor resolved',
    ],
    [JSON.stringify({ ...plain, alerts: [{ ...alert, startsAt: 'soon' }] }), 'startsAt: no time'],
    [
      JSON.stringify({ ...plain, alerts: [{ ...alert, labels: { a: 1 } }] }),
      'labels: a value that is no text',
    ],
    [JSON.stringify({ ...plain, alerts: [{ ...alert, status: 'resolved' }] }), 'endsAt: no time'],
  ]
  for (const [body, fault] of CASES) {
    test(`${typeof body === 'string' ? body : 'bytes'}: ${fault}`, () => {
      assert.deepEqual(read(body), { fault })
    })
  }
})

test('no bytes make it throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void read(bytes)))
  const hostile = fc.record({
    status: fc.jsonValue(),
    groupKey: fc.jsonValue(),
    alerts: fc.array(fc.jsonValue()),
  })
  fc.assert(fc.property(hostile, (body) => void read(JSON.stringify(body))))
})

test('texts are bounded, whole characters, and bring no keys of an object with them', () => {
  const { alerts } = noticeOf([{ labels: { long: 'x'.repeat(100_000), half: '\ud83d' } }])
  assert.equal(alerts[0]?.labels['long']?.length, TEXT_LIMIT)
  assert.equal(alerts[0]?.labels['half'], '\ufffd')
  const body =
    '{"status":"firing","alerts":[{"status":"firing","startsAt":"2026-01-01T00:00:00Z","labels":{"__proto__":"x","severity":"none"}}]}'
  const notice = read(body)
  assert.ok(!('fault' in notice) && notice.alerts[0] !== undefined)
  assert.deepEqual(Object.keys(notice.alerts[0].labels), ['__proto__', 'severity'])
})

test('an alert of no known severity counts as a warning', () => {
  const severities = ['critical', 'CRITICAL', 'warning', 'info', 'none', 'page', '']
  const told = noticeOf(severities.map((severity) => ({ severity }))).alerts.map(severityOf)
  assert.deepEqual(told, ['critical', 'critical', 'warning', 'info', 'none', 'warning', 'warning'])
})

test('the key says the same of the same group, states and starts only', () => {
  const key = (alerts: readonly GivenAlert[], group?: string): string => noticeKey(noticeOf(alerts, group))
  const alerts = [{ name: 'A' }, { name: 'B' }]
  assert.equal(
    key(alerts),
    key([
      { name: 'B', fingerprint: 'B-1' },
      { name: 'A', fingerprint: 'A-0' },
    ]),
  )
  assert.equal(
    key(alerts),
    key(alerts.map((alert) => ({ ...alert, annotations: { description: 'another value' } }))),
  )
  assert.notEqual(key(alerts), key(alerts, 'another group'))
  assert.notEqual(key(alerts), key([{ name: 'A' }]))
  assert.notEqual(key(alerts), key([{ name: 'A', status: 'resolved' }, { name: 'B' }]))
  assert.notEqual(key(alerts), key([{ name: 'A', startsAt: '2026-01-01T00:00:00Z' }, { name: 'B' }]))
})
