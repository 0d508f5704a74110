import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { Backlog, type Entry } from '../../src/alerts/backlog.ts'
import { BODY_LIMIT_BYTES, bodyOf, plainBodyOf, TEXT_LIMIT_BYTES } from '../../src/alerts/bodies.ts'
import { MARKUPS, PLAIN_MARKUPS } from '../../src/alerts/markup.ts'
import { type MessageStyle, writeMessage } from '../../src/alerts/message.ts'
import { readNotice } from '../../src/alerts/notice.ts'
import { nextBatch } from '../../src/alerts/planning.ts'
import { timeWriter } from '../../src/alerts/words.ts'
import { readTime } from '../../src/app/alert-bridge-intake.ts'
import { type GivenAlert, webhookBody } from './webhooks.ts'

const NOW_MS = Date.parse('2026-01-01T00:01:00.200Z')
const STYLE: MessageStyle = {
  markup: MARKUPS.dingtalk,
  language: 'en',
  keyword: 'marketprism',
  atMobiles: [],
  atAll: false,
  timeText: timeWriter('Asia/Shanghai'),
  nowMs: NOW_MS,
  isUncertain: () => false,
  limitBytes: TEXT_LIMIT_BYTES,
}

/** What waits after these webhooks. */
function waitingAfter(...webhooks: readonly (readonly GivenAlert[])[]): readonly Entry[] {
  const backlog = new Backlog()
  for (const [at, alerts] of webhooks.entries()) {
    const notice = readNotice(webhookBody(alerts, `${at}`), readTime)
    assert.ok(!('fault' in notice))
    const robots = [{ name: 'ops' }]
    backlog.apply({
      op: 'queued',
      atMs: NOW_MS,
      key: `${at}`,
      firstId: backlog.nextId,
      route: 'collector',
      robots,
      ...notice,
    })
  }
  return backlog.waiting('ops')
}

function messageOf(waiting: readonly Entry[], style: Partial<MessageStyle> = {}) {
  const batch = nextBatch(waiting)
  assert.ok(batch !== undefined)
  return writeMessage(batch, { ...STYLE, ...style })
}

test('one alert that fires, in English', () => {
  const { title, text } = messageOf(waitingAfter([{ labels: { venue: 'okx-spot' } }]))
  assert.equal(title, 'marketprism CRITICAL firing: CollectorDown (okx-spot)')
  assert.equal(
    text,
    `### marketprism CRITICAL firing: CollectorDown (okx-spot)

**The collector does not answer**

> No answer for 65 s, the limit is 60 s

- Start: 2026-01-01 07:55:00 UTC+8
- Duration: 6 min
- venue: okx-spot

[Runbook](https://example.org/runbook.md#collectordown) · [Panel](http://127.0.0.1:3000/d/collector-resources) · [Expression](http://127.0.0.1:9090/graph?g0.expr=up) · [Alertmanager](http://127.0.0.1:9093/)`,
  )
})

test('the same, resolved, in Chinese', () => {
  const { title, text } = messageOf(waitingAfter([{ status: 'resolved' }]), { language: 'zh' })
  assert.equal(title, 'marketprism 严重 已恢复：CollectorDown')
  assert.equal(
    text,
    `### marketprism 严重 已恢复：CollectorDown

**采集器无响应**

> 已 65 秒无响应，上限 60 秒

- 开始时间：2026-01-01 07:55:00 UTC+8
- 结束时间：2026-01-01 07:59:30 UTC+8
- 持续时间：4 分钟 29 秒

[处理手册](https://example.org/runbook.md#collectordown) · [监控面板](http://127.0.0.1:3000/d/collector-resources) · [表达式](http://127.0.0.1:9090/graph?g0.expr=up) · [告警管理](http://127.0.0.1:9093/)`,
  )
})

test('texts of others mean only themselves', () => {
  const [entry] = waitingAfter([
    {
      name: 'A_B*c*',
      labels: { venue: '[click](http://evil.example)', path: 'a\n# heading\u202E' },
      annotations: {
        description: '<b>`x`</b> | ~no~',
        dashboard_url: 'javascript:alert(1)',
        runbook_url: 'https://x.example/a)b(c',
      },
    },
  ])
  assert.ok(entry !== undefined)
  const { text, title } = messageOf([entry])
  assert.match(text, /A\\_B\\\*c\\\* \(\\\[click\\\]\(http/)
  assert.match(text, /path: a \\# heading\n/)
  assert.match(text, /> \\<b\\>\\`x\\`\\<\/b\\> \\\| \\~no\\~/)
  assert.doesNotMatch(text, /javascript:|\u202E/)
  assert.match(text, /\(https:\/\/x\.example\/a%29b%28c\)/)
  assert.doesNotMatch(title, /\n/)
})

test('several alerts of one webhook are one message that names each', () => {
  const { title, text, told } = messageOf(waitingAfter([{ name: 'A' }, { name: 'B', severity: 'warning' }]))
  assert.equal(title, 'marketprism CRITICAL firing: A +1')
  assert.match(text, /\*\*CRITICAL firing: A\*\*[^]*\*\*WARNING firing: B\*\*/)
  assert.equal(told.length, 2)
})

suite('who is called', () => {
  const style = { atMobiles: ['13800000000', '+852-12345678'], atAll: true }
  const called = (...webhooks: readonly (readonly GivenAlert[])[]) =>
    messageOf(waitingAfter(...webhooks), style)

  test('for a critical alert that fires: the mobiles, which the text holds, and all', () => {
    const { atMobiles, atAll, text } = called([{}])
    assert.deepEqual(atMobiles, style.atMobiles)
    assert.ok(atAll && text.endsWith('@13800000000 @+852-12345678'))
  })
  test('nobody for a warning, and nobody for what is resolved', () => {
    for (const alert of [{ severity: 'warning' }, { status: 'resolved' }] as const) {
      const { atMobiles, atAll, text } = called([alert])
      assert.deepEqual([atMobiles, atAll, text.includes('@')], [[], false, false])
    }
  })
  test('for a digest that holds a critical alert', () => {
    const many = Array.from({ length: 9 }, (_, at) => ({ name: `W${at}`, severity: 'warning' }))
    assert.equal(called(many).atAll, false)
    assert.equal(called(many, [{}]).atAll, true)
  })
})

suite('what goes together', () => {
  const warnings = (count: number): readonly GivenAlert[] =>
    Array.from({ length: count }, (_, at) => ({ name: `W${at}`, severity: 'warning' }))

  test('up to five waiting alerts are told webhook by webhook, critical ones first', () => {
    const waiting = waitingAfter(warnings(2), [{ name: 'C' }], warnings(2))
    assert.deepEqual(
      nextBatch(waiting)?.entries.map(({ alert }) => alert.labels['alertname']),
      ['C'],
    )
    const rest = waiting.filter(({ alert }) => alert.labels['alertname'] !== 'C')
    assert.deepEqual(
      nextBatch(rest)?.entries.map(({ alert }) => alert.labels['alertname']),
      ['W0', 'W1'],
    )
  })
  test('more than five become a digest: counted in its title, critical ones first', () => {
    const { title, text, told } = messageOf(
      waitingAfter(warnings(5), [{ name: 'C' }, { name: 'R', status: 'resolved' }]),
    )
    assert.equal(title, 'marketprism 7 alerts: 1 CRITICAL, 1 resolved, 5 WARNING')
    assert.equal(told.length, 7)
    assert.ok(text.indexOf('CRITICAL firing: C') < text.indexOf('WARNING firing: W0'))
  })
  test('of one alert what was first stays first', () => {
    const flaps = Array.from({ length: 8 }, (_, at) => [
      {
        name: 'F',
        status: at % 2 === 0 ? 'firing' : 'resolved',
        startsAt: `2026-01-01T00:00:0${at - (at % 2)}Z`,
      } as const,
    ])
    const batch = nextBatch(waitingAfter(...flaps))
    assert.deepEqual(
      batch?.entries.map(({ alert }) => alert.status),
      flaps.map(([alert]) => alert?.status),
    )
  })
})

test('a message that had to wait says so, and one that may be a repeat too', () => {
  const { text } = messageOf(waitingAfter([{}]), { nowMs: NOW_MS + 130_000, isUncertain: () => true })
  assert.match(text, /Told 2 min 10 s late/)
  assert.match(text, /Possibly a repeat/)
})

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 4_000 }),
  fc.constantFrom(
    '\\'.repeat(4_000),
    '"'.repeat(4_000),
    '告警'.repeat(2_000),
    '👩‍👩‍👧‍👦'.repeat(360),
    '_*'.repeat(2_000),
  ),
)

test('whatever the alerts say: within 20,000 bytes, valid, with keyword and mobiles, and each alert told once in order', () => {
  const alerts = fc.array(
    fc.record({
      name: anyText,
      severity: fc.constantFrom('critical', 'warning'),
      description: anyText,
      label: anyText,
    }),
    { minLength: 1, maxLength: 30 },
  )
  fc.assert(
    fc.property(alerts, fc.constantFrom('en', 'zh'), (given, language) => {
      let waiting = waitingAfter(
        given.map(({ name, severity, description, label }, at) => ({
          name: `N${at + 1}x${name}`,
          severity,
          labels: { label },
          annotations: { description, description_zh: description },
        })),
      )
      const told: number[] = []
      const critical = waiting
        .filter(({ alert }) => alert.labels['severity'] === 'critical')
        .map(({ id }) => id)
      while (waiting.length > 0) {
        const message = messageOf(waiting, { language, atMobiles: ['13800000000'] })
        const plain = messageOf(waiting.slice(0, 1), { language, markup: PLAIN_MARKUPS.dingtalk })
        const chat = messageOf(waiting, { language, markup: MARKUPS.slack })
        for (const body of [
          bodyOf('dingtalk', 'ops', message),
          plainBodyOf('dingtalk', 'ops', plain),
          bodyOf('slack', 'ops', chat),
        ]) {
          assert.ok(Buffer.byteLength(body) <= BODY_LIMIT_BYTES)
          assert.ok(body.isWellFormed())
          JSON.parse(body)
        }
        const sent = JSON.parse(bodyOf('dingtalk', 'ops', message)).markdown
        assert.ok(sent.title.includes('marketprism') && sent.text.includes('marketprism'))
        if (message.atMobiles.length > 0) assert.ok(sent.text.includes('@13800000000'))
        assert.ok(message.told.length > 0)
        for (const { id } of message.told) assert.ok(sent.text.includes(`N${id}x`), `N${id}x`)
        told.push(...message.told.map(({ id }) => id))
        waiting = waiting.filter(({ id }) => !told.includes(id))
      }
      assert.equal(new Set(told).size, given.length)
      assert.equal(told.length, given.length)
      assert.deepEqual(told.slice(0, critical.length), critical)
    }),
    { numRuns: 40 },
  )
})

suite('Slack gets mrkdwn', () => {
  const waiting = waitingAfter([
    {
      labels: { venue: 'okx-spot' },
      annotations: {
        summary: 'p99 > 5 s & <rising>',
        dashboard_url: 'https://x.example/d?a=1&b=2|3>',
      },
    },
  ])

  test('bold in one star, no heading, links in angles, and entities', () => {
    const message = messageOf(waiting, { markup: MARKUPS.slack })
    assert.deepEqual(JSON.parse(bodyOf('slack', 'chat', message)), { text: message.text })
    assert.equal(
      message.text,
      `*marketprism CRITICAL firing: CollectorDown (okx-spot)*

*p99 &gt; 5 s &amp; &lt;rising&gt;*

> No answer for 65 s, the limit is 60 s

- Start: 2026-01-01 07:55:00 UTC+8
- Duration: 6 min
- venue: okx-spot

<https://example.org/runbook.md#collectordown|Runbook> · <https://x.example/d?a=1&amp;b=2%7C3%3E|Panel> · <http://127.0.0.1:9090/graph?g0.expr=up|Expression> · <http://127.0.0.1:9093/|Alertmanager>`,
    )
  })

  test('and in the plainest form no marks, with links that still lead somewhere', () => {
    const message = messageOf(waiting, { markup: PLAIN_MARKUPS.slack })
    const { text } = JSON.parse(plainBodyOf('slack', 'chat', message))
    assert.match(
      text,
      /^marketprism CRITICAL firing: CollectorDown \(okx-spot\)\n\np99 &gt; 5 s &amp; &lt;rising&gt;\n/,
    )
    assert.match(text, /Runbook: https:\/\/example\.org\/runbook\.md#collectordown /)
  })
})

test('a webhook gets the alerts as data, in the plainest form without their annotations', () => {
  const message = messageOf(waitingAfter([{}]))
  const { robot, alerts } = JSON.parse(bodyOf('webhook', 'hook', message))
  assert.equal(robot, 'hook')
  assert.equal(alerts[0].labels.alertname, 'CollectorDown')
  assert.equal(alerts[0].annotations.summary, 'The collector does not answer')
  const plain = JSON.parse(plainBodyOf('webhook', 'hook', message))
  assert.deepEqual(plain, { robot: 'hook', alerts: [{ ...alerts[0], annotations: {} }] })
  assert.deepEqual([alerts[0].id, alerts[0].status, alerts[0].ends_at_ms], [1, 'firing', null])
})
