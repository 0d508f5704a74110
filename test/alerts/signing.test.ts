import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { signedUrl } from '../../src/alerts/signing.ts'
import { FakeRobot } from './fake-dingtalk.ts'

const hmac = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('base64')
const URL_OF = 'https://oapi.dingtalk.com/robot/send?access_token=T'

test('a signature is the documented one, encoded once', () => {
  const robot = { url: URL_OF, secret: 'SEC000000000000000000000' }
  assert.equal(
    signedUrl(robot, 1_577_262_236_757, hmac),
    `${URL_OF}&timestamp=1577262236757&sign=xOJIB8eNoYWeLy26EMZOlc2RjOJbtPv9HYjm%2BE3uALU%3D`,
  )
})

test('a robot without secret is not signed for', () => {
  assert.equal(signedUrl({ url: URL_OF, secret: undefined }, 1, hmac), URL_OF)
})

test('DingTalk takes every signature, and none that is an hour old, of another secret, or encoded twice', () => {
  const body = JSON.stringify({ msgtype: 'text', text: { content: 'hello' } })
  const ask = (url: string, nowMs: number): string =>
    new FakeRobot({ token: 'T', secret: 'SECa' }).receive(
      { method: 'POST', url, contentType: 'application/json', body },
      nowMs,
    ).body
  for (let at = 0; at < 200; at++) {
    const nowMs = 1_700_000_000_000 + at * 997
    const url = signedUrl({ url: URL_OF, secret: 'SECa' }, nowMs, hmac)
    assert.match(ask(url, nowMs), /"errcode":0/)
    assert.match(ask(url, nowMs + 3_700_000), /invalid timestamp/)
    assert.match(ask(signedUrl({ url: URL_OF, secret: 'SECb' }, nowMs, hmac), nowMs), /sign not match/)
    assert.match(ask(url.replaceAll('%', '%25'), nowMs), /sign not match/)
  }
})
