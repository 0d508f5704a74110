import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { judge, type Outcome, possibleResults } from '../../src/alerts/judging.ts'

const answer = (status: number, text: string, retryAfterMs?: number): Outcome => ({
  name: 'answer',
  status,
  text,
  retryAfterMs,
})
const dingtalk = (errcode: number | string, errmsg: string): Outcome =>
  answer(200, JSON.stringify({ errcode, errmsg }))

suite('DingTalk says, and it means', () => {
  const CASES: readonly (readonly [Outcome, string])[] = [
    [dingtalk(0, 'ok'), 'sent 0'],
    [dingtalk('0', 'ok'), 'sent 0'],
    [
      dingtalk(310_000, 'keywords not in content, more: [https://ding-doc.dingtalk.com]'),
      'broken 310000 keyword',
    ],
    [dingtalk(310_000, '错误描述:关键词不匹配'), 'broken 310000 keyword'],
    [dingtalk(310_000, 'sign not match, more: [https://ding-doc.dingtalk.com]'), 'broken 310000 signature'],
    [dingtalk(310_000, '机器人发送签名不匹配'), 'broken 310000 signature'],
    [dingtalk(310_000, 'invalid timestamp'), 'broken 310000 timestamp'],
    [dingtalk(310_000, 'ip 10.1.2.3 not in whitelist'), 'broken 310000 address'],
    [dingtalk(310_000, 'something else'), 'broken 310000 security'],
    [dingtalk(300_001, 'token is not exist'), 'broken 300001 token'],
    [dingtalk(300_005, 'token is not exist'), 'broken 300005 token'],
    [dingtalk(400_101, 'access_token不存在'), 'broken 400101 token'],
    [dingtalk(400_102, '机器人已停用'), 'broken 400102 stopped'],
    [dingtalk(400_013, '群已被解散'), 'broken 400013 dissolved'],
    [dingtalk(400_106, '机器人不存在'), 'broken 400106 token'],
    // Sources disagree on what these codes stand for: the text is right.
    [dingtalk(300_001, 'send too fast, exceed 20 times per minute'), 'throttled 300001 60000'],
    [dingtalk(400_013, '机器人已停用'), 'broken 400013 stopped'],
    [dingtalk(130_101, 'send too fast, exceed 20 times per minute'), 'throttled 130101 60000'],
    [dingtalk(410_100, '发送速度太快而限流'), 'throttled 410100 60000'],
    [answer(200, '{"status":1111,"wait":5,"source":"x5","punish":"deny"}'), 'throttled waf 5000'],
    [answer(200, '{"errcode":0,"status":1111,"wait":7,"punish":"deny"}'), 'throttled waf 7000'],
    [answer(403, '{"status":"1111","source":"x5","punish":"deny"}'), 'throttled waf 60000'],
    [answer(429, 'slow down', 7_000), 'throttled http_4xx 7000'],
    [dingtalk(-1, '系统繁忙'), 'failed -1'],
    [dingtalk(987_654, 'what'), 'unclear other'],
    [answer(429, 'slow down', 0), 'throttled http_4xx 1000'],
    [answer(200, '{"status":1111,"wait":0.001,"punish":"deny"}'), 'throttled waf 1000'],
    [answer(408, ''), 'failed http_4xx'],
    [answer(425, ''), 'failed http_4xx'],
    [answer(200, '{"errmsg":"ok"}'), 'failed http_2xx'],
    [answer(200, '<html>log in</html>'), 'failed http_2xx'],
    [answer(200, ''), 'failed http_2xx'],
    [answer(200, 'null'), 'failed http_2xx'],
    [answer(502, ''), 'failed http_5xx'],
    [answer(500, '{"status":500,"error":"no"}'), 'failed http_5xx'],
    [answer(302, ''), 'broken http_3xx refused'],
    [answer(404, ''), 'broken http_4xx refused'],
    [dingtalk(460_101, 'message too long, exceed 20000 bytes'), 'rejected 460101'],
    [dingtalk(777, 'message too long, exceed 20000 bytes'), 'rejected other'],
    [dingtalk(40_035, '缺少参数'), 'rejected 40035'],
    [dingtalk(400_105, 'unsupported msgtype'), 'rejected 400105'],
    [{ name: 'failure', code: 'timeout', isUncertain: true }, 'failed timeout'],
  ]
  for (const [outcome, expected] of CASES) {
    test(`${outcome.name === 'answer' ? `${outcome.status} ${outcome.text}` : outcome.code}: ${expected}`, () => {
      const told = judge('dingtalk', outcome)
      const more =
        told.name === 'broken' ? ` ${told.reason}` : told.name === 'throttled' ? ` ${told.waitMs}` : ''
      assert.equal(`${told.name} ${told.code}${more}`, expected)
    })
  }
})

test('a robot that is no DingTalk is judged by its status', () => {
  const cases: readonly (readonly [number, string])[] = [
    [200, 'sent'],
    [204, 'sent'],
    [301, 'broken'],
    [400, 'rejected'],
    [403, 'broken'],
    [404, 'broken'],
    [408, 'failed'],
    [425, 'failed'],
    [413, 'rejected'],
    [429, 'throttled'],
    [500, 'failed'],
  ]
  for (const [status, name] of cases) {
    assert.equal(judge('slack', answer(status, 'ok')).name, name, `${status}`)
    assert.equal(judge('webhook', answer(status, '{"errcode":0}')).name, name, `${status}`)
  }
})

test('nothing but errcode 0 is a success, whatever else the answer says', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.constantFrom(200, 201, 204),
      (body, status) => {
        const { errcode } = body
        fc.pre(errcode !== 0 && errcode !== '0')
        assert.notEqual(judge('dingtalk', answer(status, JSON.stringify(body))).name, 'sent')
      },
    ),
  )
})

test('every code that an answer is counted under begins at 0', () => {
  const known = new Set(possibleResults('dingtalk').map((pair) => pair.join(' ')))
  for (const code of [0, -1, 130_101, 410_100, 310_000, 300_001, 400_013, 40_035, 5_555]) {
    const told = judge('dingtalk', dingtalk(code, ''))
    const result = told.name === 'sent' || told.name === 'throttled' ? told.name : 'failed'
    assert.ok(known.has(`${result} ${told.code}`), `${result} ${told.code}`)
  }
})
