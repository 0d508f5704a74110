import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { freePorts } from '../../scripts/programs.ts'
import { BridgeFolder, BridgeProcess, until } from '../alerts/bridge-process.ts'
import { FakeDingTalk } from '../alerts/fake-dingtalk.ts'
import { webhookBody } from '../alerts/webhooks.ts'

const SETTINGS = { token: 'CANARY-token-0001', secret: 'SECCANARY-secret-0002', keyword: 'marketprism' }
const OPS = { name: 'ops', keyword: 'marketprism', critical_at_mobiles: ['13800000000'] }
const ENV = { ALERT_BRIDGE_OPS_SECRET: SETTINGS.secret }

const timesTold = (fake: FakeDingTalk, name: string): number =>
  fake.robot.taken.filter(({ text }) => new RegExp(`: ${name}\\b`).test(text)).length

const isAllTold = async (bridge: BridgeProcess): Promise<boolean> =>
  (await bridge.get('/metrics')).includes('dingtalk_queue_depth{robot="ops"} 0\n')

test('alerts go from the webhook to the group: signed, with keyword, links and whom to call', async () => {
  await using fake = await FakeDingTalk.start(SETTINGS)
  using folder = new BridgeFolder()
  const config = folder.config({ language: 'zh', time_zone: 'Asia/Shanghai', robots: [OPS] })
  await using bridge = await BridgeProcess.start(config, { ...ENV, ALERT_BRIDGE_OPS_URL: fake.url })
  assert.equal(await bridge.webhook(webhookBody([{ labels: { venue: 'okx-spot' } }])), 200)
  assert.equal(
    await bridge.webhook(webhookBody([{ labels: { venue: 'okx-spot' }, status: 'resolved' }])),
    200,
  )
  await until(() => fake.robot.taken.length === 2)
  const [firing, resolved] = fake.robot.taken
  assert.equal(firing?.title, 'marketprism 严重 触发：CollectorDown (okx-spot)')
  assert.match(
    firing.text,
    /已 65 秒无响应.*2026-01-01 07:55:00 UTC\+8.*\[处理手册\]\(https:\/\/example\.org\/runbook\.md#collectordown\)/s,
  )
  assert.deepEqual(firing.atMobiles, ['13800000000'])
  assert.match(resolved?.title ?? '', /已恢复/)
  assert.deepEqual(resolved?.atMobiles, [])
  assert.match(
    await bridge.get('/metrics'),
    /dingtalk_notifications_total\{robot="ops",result="sent",errcode="0"\} 2/,
  )
  assert.equal(await bridge.end(), 0)
})

test('killed between accept and send: nothing is lost, nothing is told twice', async () => {
  using folder = new BridgeFolder()
  const [port = 0] = await freePorts(1)
  const gone = await FakeDingTalk.start(SETTINGS, { port })
  const { url } = gone
  await gone.close()
  const config = folder.config({ robots: [OPS] })
  const env = { ...ENV, ALERT_BRIDGE_OPS_URL: url }
  const alerts = Array.from({ length: 12 }, (_, at) => `Alert${at}x`)
  {
    await using bridge = await BridgeProcess.start(config, env)
    for (const name of alerts) assert.equal(await bridge.webhook(webhookBody([{ name }], name)), 200)
    assert.equal(await bridge.end('SIGKILL'), 'SIGKILL')
  }
  await using fake = await FakeDingTalk.start(SETTINGS, { port })
  await using bridge = await BridgeProcess.start(config, env)
  // Alertmanager, which has had its 200, says them again only as reminders; a retry changes nothing.
  assert.equal(await bridge.webhook(webhookBody([{ name: 'Alert3x' }], 'Alert3x')), 200)
  await until(() => isAllTold(bridge))
  assert.equal(await bridge.end(), 0)
  const text = fake.robot.taken.map((message) => message.text).join('\n')
  for (const name of alerts) assert.equal(text.split(`: ${name}*`).length - 1, 1, name)
})

test('killed at any moment after its 200: nothing is lost, and what is told twice says that it may be', async () => {
  await using fake = await FakeDingTalk.start({ ...SETTINGS, scale: 1_000 })
  using folder = new BridgeFolder()
  const config = folder.config({ robots: [OPS] })
  const env = { ...ENV, ALERT_BRIDGE_OPS_URL: fake.url }
  const names = Array.from({ length: 5 }, (_, at) => `Alert${at}x`)
  for (const [at, name] of names.entries()) {
    await using bridge = await BridgeProcess.start(config, env)
    await until(() => isAllTold(bridge))
    assert.equal(await bridge.webhook(webhookBody([{ name }], name)), 200)
    await new Promise((resolve) => setTimeout(resolve, at))
    await bridge.end('SIGKILL')
  }
  await using bridge = await BridgeProcess.start(config, env)
  await until(() => isAllTold(bridge))
  for (const name of names) {
    const told = fake.robot.taken.filter(({ text }) => text.includes(`: ${name}`))
    assert.ok(told.length >= 1 && told.length <= 2, `${name}: ${told.length}`)
    assert.ok(told.slice(1).every(({ text }) => text.includes('Possibly a repeat')))
  }
})

test('asked to end, it waits for the answer to the message on its way: that one is not told again', async () => {
  await using fake = await FakeDingTalk.start(SETTINGS)
  fake.delayMs = 1_500
  using folder = new BridgeFolder()
  const config = folder.config({ robots: [OPS] })
  const env = { ...ENV, ALERT_BRIDGE_OPS_URL: fake.url }
  {
    await using bridge = await BridgeProcess.start(config, env)
    await bridge.webhook(webhookBody([{ name: 'Flying' }], 'f'))
    await bridge.webhook(webhookBody([{ name: 'Waiting' }], 'w'))
    await until(() => fake.robot.taken.length === 1)
    const startMs = performance.now()
    assert.equal(await bridge.end('SIGTERM'), 0)
    assert.ok(performance.now() - startMs < 10_000)
  }
  fake.delayMs = 0
  await using bridge = await BridgeProcess.start(config, env)
  await until(() => fake.robot.taken.length === 2)
  assert.deepEqual([timesTold(fake, 'Flying'), timesTold(fake, 'Waiting')], [1, 1])
  await bridge.end()
})

test('no secret is in what it logs, tells or keeps, also where the far side repeats it', async () => {
  await using fake = await FakeDingTalk.start(SETTINGS)
  fake.robot.fault = (count) => {
    const errmsg = `sign not match: ${fake.url}&sign=x secret ${SETTINGS.secret}`
    return count === 1
      ? { status: 200, body: JSON.stringify({ errcode: 987_654, errmsg }) }
      : { status: 200, body: JSON.stringify({ errcode: 310_000, errmsg }) }
  }
  using folder = new BridgeFolder()
  const robots = [
    {
      ...OPS,
      webhook_url_file: folder.file('url', `${fake.url}\n`),
      secret_file: folder.file('secret', `${SETTINGS.secret}\n`),
    },
    {
      name: 'gone',
      webhook_url_file: folder.file('gone', 'http://127.0.0.1:1/CANARY-path-0003/x'),
      kind: 'slack',
    },
    { name: 'token', token_file: folder.file('token', 'CANARY-token-0004'), routes: ['elsewhere'] },
  ]
  const config = folder.config({
    robots,
    heartbeat_url_file: folder.file('heart', 'http://127.0.0.1:1/CANARY-heart-0005'),
  })
  await using bridge = await BridgeProcess.start(config)
  await bridge.webhook(webhookBody([{}]))
  await fetch(`${bridge.url}/heartbeat`, { method: 'POST', body: Buffer.from(webhookBody([{}])) })
  await until(() => bridge.output.includes('TAKES NO ALERTS') && /gone: try 2 failed/.test(bridge.output))
  const seen = [
    bridge.output,
    await bridge.get('/metrics'),
    await bridge.get('/health'),
    await bridge.get('/nowhere'),
  ]
  await bridge.end()
  const queue = join(folder.path, 'queue')
  for (const file of readdirSync(queue)) seen.push(readFileSync(join(queue, file), 'utf8'))
  assert.ok(seen.length > 4)
  for (const text of seen) assert.doesNotMatch(text, /CANARY/)
  assert.match(bridge.output, /it says: .*\*\*\*/)
})

suite('a configuration that cannot work ends it with 78 and says what is wrong:', () => {
  const CASES: readonly (readonly [string, object, RegExp])[] = [
    ['no robot', { robots: [] }, /alerts\.robots: expected at least one robot, found none/],
    [
      'no secret',
      { robots: [{ name: 'ops' }] },
      /expected webhook_url_file or token_file, or ALERT_BRIDGE_OPS_URL or ALERT_BRIDGE_OPS_TOKEN in the environment, found none/,
    ],
    [
      'a file that is missing',
      { robots: [{ name: 'ops', token_file: '/nowhere/token' }] },
      /\/nowhere\/token: cannot be read: ENOENT/,
    ],
    [
      'a name twice',
      { robots: [{ name: 'a' }, { name: 'a' }] },
      /alerts\.robots\.1\.name: expected each name once, found a twice/,
    ],
    [
      'two ways',
      { robots: [{ name: 'a', token_file: 'x', webhook_url_file: 'y' }] },
      /expected one of webhook_url_file and token_file, found both/,
    ],
    [
      'a secret for Slack',
      { robots: [{ name: 'a', kind: 'slack', secret_file: 'x' }] },
      /alerts\.robots\.0\.secret_file: expected for a robot of DingTalk only, found for slack/,
    ],
    [
      'a secret itself',
      { robots: [{ name: 'a', secret: 'SECCANARY' }] },
      /alerts\.robots\.0\.secret: expected one of the keys .*found the unknown key "secret"/,
    ],
    ['a time zone', { time_zone: 'Mars/Olympus', robots: [] }, /alerts\.time_zone: expected a time zone/],
    [
      'a mobile',
      { robots: [{ name: 'a', critical_at_mobiles: ['call me'] }] },
      /critical_at_mobiles\.0: expected the number of a mobile phone/,
    ],
  ]
  for (const [what, alerts, expected] of CASES) {
    test(what, async () => {
      using folder = new BridgeFolder()
      await using bridge = await BridgeProcess.start(folder.config(alerts))
      assert.equal(await bridge.end(), 78)
      assert.match(bridge.output, expected)
      assert.doesNotMatch(bridge.output, /CANARY/)
    })
  }

  test('a robot twice', async () => {
    using folder = new BridgeFolder()
    const url = 'https://oapi.dingtalk.com/robot/send?access_token=CANARY-token'
    const robots = [
      { name: 'a', token_file: folder.file('token', 'CANARY-token') },
      { name: 'b', webhook_url_file: folder.file('url', url), routes: ['other'] },
    ]
    await using bridge = await BridgeProcess.start(folder.config({ robots }))
    assert.equal(await bridge.end(), 78)
    assert.match(bridge.output, /alerts\.robots \(b\): the same robot as a; give one of them both routes/)
    assert.doesNotMatch(bridge.output, /CANARY/)
  })

  test('a URL file that holds none', async () => {
    using folder = new BridgeFolder()
    const robots = [{ name: 'a', webhook_url_file: folder.file('url', 'CANARY-no-url') }]
    await using bridge = await BridgeProcess.start(folder.config({ robots }))
    assert.equal(await bridge.end(), 78)
    assert.match(bridge.output, /alerts\.robots \(a\): expected a URL that begins with/)
    assert.doesNotMatch(bridge.output, /CANARY/)
  })
})

test('a second bridge on the same folder ends with 75', async () => {
  using folder = new BridgeFolder()
  const config = folder.config({ robots: [{ name: 'a', token_file: folder.file('token', 'token-x') }] })
  await using first = await BridgeProcess.start(config)
  await using second = await BridgeProcess.start(config)
  assert.equal(await second.end(), 75)
  assert.equal(first.hasEnded, false)
})
