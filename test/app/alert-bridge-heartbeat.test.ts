import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { BridgeRig, placedRobot } from '../alerts/bridge-rig.ts'
import { webhookBody } from '../alerts/webhooks.ts'

suite('the heartbeat', () => {
  const URL_OF = 'http://ops.test/robot/send?access_token=heart'
  const beat = webhookBody([{ name: 'Watchdog', severity: 'none' }])
  const forwarded = (fake: { readonly arrivals: readonly number[] }): number => fake.arrivals.length

  test('is handed on at once, and its time is told', async () => {
    const robot = placedRobot()
    robot.fake.fault = () => ({ status: 200, body: 'OK' })
    const rig = new BridgeRig([robot], { heartbeatUrl: URL_OF })
    const reply = rig.post('/heartbeat', beat)
    await rig.simulation.advance(100)
    assert.deepEqual([(await reply).status, forwarded(robot.fake)], [200, 1])
    const { text } = await rig.get('/metrics')
    assert.match(text, /alert_bridge_watchdog_timestamp_seconds 1767225600\n/)
    assert.match(text, /alert_bridge_heartbeats_total\{result="forwarded"\} 1/)
  })

  test('that cannot be handed on is answered with 503, so that Alertmanager tries again', async () => {
    const robot = placedRobot()
    robot.fake.fault = () => ({ status: 500, body: '' })
    const rig = new BridgeRig([robot], { heartbeatUrl: URL_OF })
    for (let at = 0; at < 2; at++) {
      const reply = rig.post('/heartbeat', beat)
      await rig.simulation.advance(100)
      assert.equal((await reply).status, 503)
    }
    assert.equal(rig.events.filter(({ type }) => type === 'heartbeat_failed').length, 1)
  })

  test('is withheld while no robot takes messages: somebody else has to call', async () => {
    const robot = placedRobot()
    robot.fake.fault = () => ({ status: 200, body: '{"errcode":400102,"errmsg":"stopped"}' })
    const rig = new BridgeRig([robot], { heartbeatUrl: URL_OF })
    await rig.webhook(webhookBody([{}]))
    await rig.simulation.advance(1_000)
    assert.equal((await rig.post('/heartbeat', beat)).status, 503)
    assert.equal(forwarded(robot.fake), 1)
    assert.match((await rig.get('/metrics')).text, /alert_bridge_heartbeats_total\{result="withheld"\} 1/)
  })

  test('is withheld while all robots of one route take nothing, whatever those of another do', async () => {
    const revoked = placedRobot('revoked')
    const other = placedRobot('other', { routes: ['other'] })
    const second = placedRobot('second', { routes: ['collector', 'other'] })
    const stopped = { status: 200, body: '{"errcode":400102,"errmsg":"stopped"}' }
    for (const [robots, expected] of [
      [[revoked, other], 503],
      [[revoked, other, second], 200],
    ] as const) {
      const rig = new BridgeRig(robots, { heartbeatUrl: 'http://other.test/robot/send?access_token=heart' })
      revoked.fake.fault = () => stopped
      other.fake.fault = () => ({ status: 200, body: '{"errcode":0}' })
      await rig.webhook(webhookBody([{}]))
      await rig.simulation.advance(1_000)
      const reply = rig.post('/heartbeat', beat)
      await rig.simulation.advance(100)
      assert.equal((await reply).status, expected)
    }
  })

  test('that has nowhere to go is told of once at start', () => {
    const unset = (rig: BridgeRig): number =>
      rig.events.filter(({ type }) => type === 'heartbeat_unset').length
    assert.deepEqual(
      [unset(new BridgeRig()), unset(new BridgeRig([placedRobot()], { heartbeatUrl: URL_OF }))],
      [1, 0],
    )
  })

  test('is withheld while nothing can be queued', async () => {
    const robot = placedRobot()
    robot.fake.fault = () => ({ status: 200, body: 'OK' })
    const rig = new BridgeRig([robot], { heartbeatUrl: URL_OF })
    rig.simulation.disk.limitBytes = 0
    assert.equal(await rig.webhook(webhookBody([{}])), 503)
    assert.equal((await rig.post('/heartbeat', beat)).status, 503)
    assert.equal(forwarded(robot.fake), 0)
  })

  test('with nowhere to go is taken; a resolved one is none', async () => {
    const rig = new BridgeRig()
    assert.equal((await rig.post('/heartbeat', webhookBody([{ status: 'resolved' }]))).status, 200)
    assert.doesNotMatch((await rig.get('/metrics')).text, /watchdog/)
    assert.equal((await rig.post('/heartbeat', beat)).status, 200)
    assert.equal((await rig.post('/heartbeat', Uint8Array.of(1))).status, 400)
  })
})
