import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { freePorts, type Program, startAlertmanager } from '../../scripts/programs.ts'
import { findCommand } from '../../scripts/tools.ts'
import { BridgeFolder, BridgeProcess, until } from '../alerts/bridge-process.ts'
import { FakeDingTalk } from '../alerts/fake-dingtalk.ts'
import { webhookBody } from '../alerts/webhooks.ts'

const skip =
  findCommand('prometheus-alertmanager') === undefined && 'prometheus-alertmanager is not on this machine'
const SETTINGS = { token: 'token-of-ops', secret: 'SEC-of-ops', keyword: 'marketprism' }

/** `endsAt` in the past resolves it. */
async function post({ url }: Program, alert: object): Promise<void> {
  const response = await fetch(`${url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([alert]),
  })
  assert.equal(response.status, 200)
}

const routes = (port: number): string => `
route: { receiver: dingtalk, group_by: [alertname], group_wait: 0s, group_interval: 2s, repeat_interval: 1h }
receivers:
  - name: dingtalk
    webhook_configs: [{ url: 'http://127.0.0.1:${port}/dingtalk/collector/send', send_resolved: true }]
`

test(
  'a real Alertmanager: told once, resolved once, and kept by it while the bridge is away',
  { skip },
  async () => {
    await using fake = await FakeDingTalk.start(SETTINGS)
    using folder = new BridgeFolder()
    const [port = 0, own = 0] = await freePorts(2)
    const config = folder.config({ port, robots: [{ name: 'ops', keyword: 'marketprism' }] })
    const env = { ALERT_BRIDGE_OPS_URL: fake.url, ALERT_BRIDGE_OPS_SECRET: SETTINGS.secret }
    const configFile = folder.file('alertmanager.yml', routes(port))
    const url = `http://127.0.0.1:${own}`
    await using alertmanager = await startAlertmanager({ folder: folder.path, configFile, url })
    const labels = { alertname: 'CollectorDown', severity: 'critical', venue: 'deribit' }
    const annotations = {
      description: 'No answer for 65 s',
      runbook_url: 'https://example.org/r#collectordown',
    }
    const startsAt = new Date(Date.now() - 90_000).toISOString()
    // Nobody listens yet: Alertmanager goes on trying.
    await post(alertmanager, { labels, annotations, startsAt })
    await using bridge = await BridgeProcess.start(config, env)
    await until(() => fake.robot.taken.length === 1)
    await post(alertmanager, { labels, annotations, startsAt, endsAt: new Date().toISOString() })
    await until(() => fake.robot.taken.length === 2)
    // One more round of Alertmanager, in which nothing must come.
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    assert.deepEqual(
      fake.robot.taken.map(({ title }) => title),
      [
        'marketprism CRITICAL firing: CollectorDown (deribit)',
        'marketprism CRITICAL resolved: CollectorDown (deribit)',
      ],
    )
    assert.match(
      fake.robot.taken[0]?.text ?? '',
      /> No answer for 65 s\n.*\(https:\/\/example\.org\/r#collectordown\)/s,
    )
    assert.equal(await bridge.end(), 0)
  },
)

test('Slack and a webhook get what they take, each in its own form', async () => {
  const seen: { readonly path: string; readonly body: string }[] = []
  const answer = async (request: IncomingMessage): Promise<void> => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
    seen.push({ path: request.url ?? '', body })
  }
  const server = createServer((request, response) => {
    void answer(request).finally(() => response.end('ok'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  using folder = new BridgeFolder()
  const robots = [
    { name: 'chat', kind: 'slack' },
    { name: 'hook', kind: 'webhook' },
  ]
  const url = `http://127.0.0.1:${port}`
  const env = { ALERT_BRIDGE_CHAT_URL: `${url}/services/T/B/x`, ALERT_BRIDGE_HOOK_URL: `${url}/hook?key=1` }
  await using bridge = await BridgeProcess.start(folder.config({ robots }), env)
  assert.equal(await bridge.webhook(webhookBody([{}])), 200)
  await until(() => seen.length === 2)
  const chat = JSON.parse(seen.find(({ path }) => path === '/services/T/B/x')?.body ?? '')
  assert.match(chat.text, /CRITICAL firing: CollectorDown/)
  const hook = JSON.parse(seen.find(({ path }) => path === '/hook?key=1')?.body ?? '')
  assert.equal(hook.alerts[0].labels.severity, 'critical')
  await until(async () => (await bridge.get('/health')).includes('"healthy"'))
  await bridge.end()
  server.close()
})
