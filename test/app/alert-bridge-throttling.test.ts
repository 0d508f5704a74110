import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { BridgeRig, busiestMinute, placedRobot } from '../alerts/bridge-rig.ts'
import type { FakeRobot } from '../alerts/fake-dingtalk.ts'
import { type GivenAlert, webhookBody } from '../alerts/webhooks.ts'

const MINUTE_MS = 60_000
const errcode = (code: number, errmsg: string) => ({
  status: 200,
  body: JSON.stringify({ errcode: code, errmsg }),
})

/** How often each of these words stands in what the robot took. */
function timesTold(fake: FakeRobot, words: readonly string[]): readonly number[] {
  const text = fake.taken.map((message) => message.text).join('\n')
  return words.map((word) => text.split(new RegExp(`${word}\\b`)).length - 1)
}

/** Critical alerts and others, all different, one webhook each `everyMs`. */
async function storm(
  rig: BridgeRig,
  { minutes, everyMs }: { readonly minutes: number; readonly everyMs: number },
): Promise<readonly string[]> {
  const critical: string[] = []
  for (let at = 0; at * everyMs < minutes * MINUTE_MS; at++) {
    const name = `Alert${at}x`
    const severity = at % 3 === 0 ? 'critical' : 'warning'
    if (severity === 'critical') critical.push(name)
    assert.equal(await rig.webhook(webhookBody([{ name, severity }], name)), 200)
    await rig.simulation.advance(everyMs)
  }
  return critical
}

suite('a robot that throttles for ten minutes', () => {
  test('gets every critical alert once, and never more than 18 messages in any minute', async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot])
    robot.fake.block(rig.nowMs() + 10 * MINUTE_MS)
    const critical = await storm(rig, { minutes: 10, everyMs: 5_000 })
    await rig.simulation.advance(5 * MINUTE_MS)
    assert.equal(critical.length, 40)
    assert.deepEqual(
      timesTold(robot.fake, critical),
      critical.map(() => 1),
    )
    assert.ok(robot.fake.throttled >= 4 && robot.fake.throttled < 20, `asked ${robot.fake.throttled} times`)
    assert.ok(busiestMinute(robot.fake.arrivals) <= 18)
    const first = robot.fake.taken[0]?.text ?? ''
    assert.ok(first.includes('CRITICAL firing: Alert117x'), 'the last critical alert is in the first message')
    const { text } = await rig.get('/metrics')
    assert.match(
      text,
      /dingtalk_notifications_total\{robot="ops",result="throttled",errcode="130101"\} [1-9]/,
    )
    assert.match(text, new RegExp(`dingtalk_throttled_total\\{robot="ops"\\} ${robot.fake.throttled}\n`))
    assert.match(text, /dingtalk_queue_depth\{robot="ops"\} 0\n/)
  })

  test('is left alone for as long as its firewall says, by every form of its answer', async () => {
    for (const body of [
      '{"status":1111,"wait":5,"source":"x5","punish":"deny"}',
      '{"errcode":0,"status":1111,"wait":5,"source":"x5","punish":"deny"}',
      '{"errcode":"410100","errmsg":"发送过快"}',
    ]) {
      const robot = placedRobot()
      const rig = new BridgeRig([robot])
      robot.fake.fault = (count) => (count === 1 ? { status: 200, body } : undefined)
      await rig.webhook(webhookBody([{}]))
      await rig.simulation.advance(4_900)
      assert.equal(robot.fake.arrivals.length, 1, body)
      await rig.simulation.advance(61_000)
      assert.equal(robot.fake.taken.length, 1, body)
    }
  })

  test('is asked once a second at most, where it says that nothing is to be waited', async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot])
    robot.fake.fault = () => ({ status: 429, body: '', retryAfter: '0' })
    await rig.webhook(webhookBody([{}]))
    await rig.simulation.advance(10_000)
    const [first = 0, second = 0] = robot.fake.arrivals
    assert.ok(second - first >= 1_000, `asked again after ${second - first} ms`)
    assert.ok(robot.fake.arrivals.length <= 5, `asked ${robot.fake.arrivals.length} times in 10 s`)
  })

  test('is not asked sooner because the bridge was started again', async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot])
    robot.fake.block(rig.nowMs() + 10 * MINUTE_MS)
    await rig.webhook(webhookBody([{}]))
    await rig.simulation.advance(1_000)
    rig.crash()
    await rig.simulation.advance(58_000)
    assert.equal(robot.fake.arrivals.length, 1)
    await rig.simulation.advance(5_000)
    assert.equal(robot.fake.arrivals.length, 2)
  })
})

test('a flood is told in digests, critical alerts first, at most 18 messages in any 60 s', async () => {
  const robot = placedRobot()
  const rig = new BridgeRig([robot])
  const critical = await storm(rig, { minutes: 4, everyMs: 700 })
  await rig.simulation.advance(3 * MINUTE_MS)
  assert.equal(robot.fake.throttled, 0)
  assert.equal(busiestMinute(robot.fake.arrivals), 18)
  assert.deepEqual(
    timesTold(robot.fake, critical),
    critical.map(() => 1),
  )
  assert.ok(robot.fake.taken.some(({ title }) => /^marketprism \d+ alerts: \d+ CRITICAL/.test(title)))
})

test('18 messages in a minute holds across a crash', async () => {
  const robot = placedRobot()
  const rig = new BridgeRig([robot])
  for (let at = 0; at < 18; at++) {
    await rig.webhook(webhookBody([{ name: `A${at}` }], `${at}`))
    await rig.simulation.advance(200)
  }
  rig.crash()
  await rig.webhook(webhookBody([{ name: 'Last' }], 'last'))
  await rig.simulation.advance(40_000)
  assert.equal(robot.fake.taken.length, 18)
  await rig.simulation.advance(30_000)
  assert.equal(robot.fake.taken.length, 19)
  assert.ok(busiestMinute(robot.fake.arrivals) <= 18)
})

suite('ten minutes in which nothing gets through', () => {
  const FAULTS: readonly (readonly [
    string,
    (rig: BridgeRig, fake: FakeRobot) => void,
    (rig: BridgeRig, fake: FakeRobot) => void,
  ])[] = [
    ['the network is gone', (rig) => (rig.isCut = true), (rig) => (rig.isCut = false)],
    [
      'DingTalk is busy (-1)',
      (_, fake) => (fake.fault = () => errcode(-1, '系统繁忙')),
      (_, fake) => (fake.fault = undefined),
    ],
    [
      'answers with 502',
      (_, fake) => (fake.fault = () => ({ status: 502, body: '<html>' })),
      (_, fake) => (fake.fault = undefined),
    ],
    [
      'a code that nobody knows',
      (_, fake) => (fake.fault = () => errcode(987_654, 'what')),
      (_, fake) => (fake.fault = undefined),
    ],
  ]
  for (const [what, begin, end] of FAULTS) {
    test(`${what}: every critical alert is told once it is over`, async () => {
      const robot = placedRobot()
      const rig = new BridgeRig([robot])
      begin(rig, robot.fake)
      const critical = await storm(rig, { minutes: 10, everyMs: 10_000 })
      assert.equal(robot.fake.taken.length, 0)
      assert.match((await rig.get('/health')).text, /"degraded"/)
      assert.match((await rig.get('/metrics')).text, /alert_bridge_robot_up\{robot="ops"\} 0/)
      end(rig, robot.fake)
      await rig.simulation.advance(2 * MINUTE_MS)
      assert.deepEqual(
        timesTold(robot.fake, critical),
        critical.map(() => 1),
      )
      assert.ok(busiestMinute(robot.fake.arrivals) <= 18)
      assert.match((await rig.get('/health')).text, /"healthy"/)
      assert.equal(rig.events.filter(({ type }) => type === 'recovered').length, 1)
    })
  }
})

suite('a robot that a person has to mend', () => {
  const ERRORS: readonly (readonly [number, string, string])[] = [
    [310_000, 'keywords not in content', 'keyword'],
    [310_000, '机器人发送签名不匹配', 'signature'],
    [310_000, 'ip 1.2.3.4 not in whitelist', 'address'],
    [300_001, 'token is not exist', 'token'],
    [300_005, 'token is not exist', 'token'],
    [400_101, 'access_token不存在', 'token'],
    [400_102, '机器人已停用', 'stopped'],
    [400_013, '群已被解散', 'dissolved'],
    [400_106, '机器人不存在', 'token'],
  ]
  for (const [code, errmsg, reason] of ERRORS) {
    test(`${code} ${errmsg}: is told of once, tried seldom, and gets what waits once it is mended`, async () => {
      const robot = placedRobot()
      const rig = new BridgeRig([robot])
      robot.fake.fault = () => errcode(code, errmsg)
      const critical = await storm(rig, { minutes: 30, everyMs: MINUTE_MS })
      const told = rig.events.filter(({ type }) => type === 'broken')
      assert.deepEqual(
        told.map((event) => event.type === 'broken' && event.reason),
        [reason],
      )
      assert.ok(robot.fake.arrivals.length <= 4, `${robot.fake.arrivals.length} tries in half an hour`)
      assert.match(
        (await rig.get('/metrics')).text,
        new RegExp(`result="failed",errcode="${code}"\\} [1-4]\n`),
      )
      const health = await rig.get('/health')
      assert.equal(health.status, 200)
      assert.match(health.text, new RegExp(`"degraded".*"reason":"${reason}"`))
      robot.fake.fault = undefined
      await rig.simulation.advance(11 * MINUTE_MS)
      assert.deepEqual(
        timesTold(robot.fake, critical),
        critical.map(() => 1),
      )
    })
  }

  test('keeps no other robot of the route waiting', async () => {
    const broken = placedRobot('first')
    const well = placedRobot('second')
    const rig = new BridgeRig([broken, well])
    broken.fake.fault = () => errcode(400_102, 'stopped')
    await rig.webhook(webhookBody([{}]))
    await rig.simulation.advance(1_000)
    assert.equal(well.fake.taken.length, 1)
  })

  for (const status of [302, 403, 404, 408, 425]) {
    test(`is told within 20 s where it answered ${status} once: that was a portal or a deploy before it`, async () => {
      const robot = placedRobot()
      const rig = new BridgeRig([robot])
      robot.fake.fault = (count) => (count === 1 ? { status, body: '<html>' } : undefined)
      await rig.webhook(webhookBody([{}]))
      await rig.simulation.advance(20_000)
      assert.equal(robot.fake.taken.length, 1)
      assert.match((await rig.get('/health')).text, /"healthy"/)
    })
  }

  test('is asked ever more seldom, up to every ten minutes, while it answers 404', async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot])
    robot.fake.fault = () => ({ status: 404, body: '' })
    await rig.webhook(webhookBody([{}]))
    await rig.simulation.advance(60 * MINUTE_MS)
    const waits = robot.fake.arrivals.slice(1).map((atMs, at) => atMs - (robot.fake.arrivals[at] ?? 0))
    assert.deepEqual(
      waits.map((ms) => Math.floor(ms / 1_000)),
      [15, 30, 60, 120, 240, 480, 600, 600, 600, 600].slice(0, waits.length),
    )
    assert.ok(waits.length >= 9)
    assert.equal(rig.events.filter(({ type }) => type === 'broken').length, 1)
  })

  test('is tried at once when the bridge is started again', async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot])
    robot.fake.fault = () => errcode(400_102, 'stopped')
    await rig.webhook(webhookBody([{}]))
    await rig.simulation.advance(1_000)
    robot.fake.fault = undefined
    rig.crash()
    await rig.simulation.advance(1_000)
    assert.equal(robot.fake.taken.length, 1)
  })
})

suite('a message that the robot refuses', () => {
  const refuses =
    (word: string, refusal = errcode(40_035, 'missing parameter')) =>
    (fake: FakeRobot) => {
      const receive = fake.receive.bind(fake)
      fake.receive = (request, nowMs) => {
        if (!request.body.includes(word)) return receive(request, nowMs)
        fake.arrivals.push(nowMs)
        return refusal
      }
    }
  const poison: GivenAlert = { name: 'Poison', severity: 'warning' }

  test('keeps no other alert back, and is given up', async () => {
    const robot = placedRobot()
    refuses('Poison')(robot.fake)
    const rig = new BridgeRig([robot])
    await rig.webhook(webhookBody([poison], 'p'))
    await rig.webhook(webhookBody([{ name: 'Sound' }], 's'))
    await rig.simulation.advance(MINUTE_MS)
    assert.deepEqual(timesTold(robot.fake, ['Sound', 'Poison']), [1, 0])
    assert.equal(rig.events.filter(({ type }) => type === 'dropped').length, 1)
    const { text } = await rig.get('/metrics')
    assert.match(text, /alert_bridge_dropped_total\{robot="ops",severity="warning"\} 1/)
    assert.match(text, /dingtalk_queue_depth\{robot="ops"\} 0/)
  })

  test('is kept and tried again where it is critical', async () => {
    const robot = placedRobot()
    refuses('Poison')(robot.fake)
    const rig = new BridgeRig([robot])
    await rig.webhook(webhookBody([{ ...poison, severity: 'critical' }], 'p'))
    await rig.simulation.advance(60 * MINUTE_MS)
    assert.match((await rig.get('/metrics')).text, /dingtalk_queue_depth\{robot="ops"\} 1/)
    assert.ok(robot.fake.arrivals.length >= 6 && robot.fake.arrivals.length <= 10)
  })

  test('with a code that nobody knows: keeps no other alert back for longer than a minute, and is given up', async () => {
    const robot = placedRobot()
    refuses('Poison', errcode(987_654, 'what'))(robot.fake)
    const rig = new BridgeRig([robot])
    await rig.webhook(webhookBody([poison, { name: 'Beside', severity: 'warning' }], 'p'))
    await rig.webhook(webhookBody([{ name: 'Sound', severity: 'warning' }], 's'))
    await rig.simulation.advance(MINUTE_MS)
    assert.deepEqual(timesTold(robot.fake, ['Sound']), [1])
    await rig.simulation.advance(2 * MINUTE_MS)
    assert.deepEqual(timesTold(robot.fake, ['Sound', 'Beside', 'Poison']), [1, 1, 0])
    assert.match(
      (await rig.get('/metrics')).text,
      /alert_bridge_dropped_total\{robot="ops",severity="warning"\} 1/,
    )
    assert.match((await rig.get('/health')).text, /"healthy"/)
  })

  test('with a code that nobody knows: does not block a digest, and what came with it is told', async () => {
    const robot = placedRobot()
    refuses('Poison', errcode(987_654, 'what'))(robot.fake)
    const rig = new BridgeRig([robot])
    const names = Array.from({ length: 8 }, (_, at) => `Sound${at}x`)
    await rig.webhook(webhookBody([{ ...poison, severity: 'critical' }], 'p'))
    for (const name of names) await rig.webhook(webhookBody([{ name, severity: 'warning' }], name))
    await rig.simulation.advance(3 * MINUTE_MS)
    assert.deepEqual(
      timesTold(robot.fake, names),
      names.map(() => 1),
    )
    await rig.webhook(webhookBody([{ name: 'Later' }], 'l'))
    await rig.simulation.advance(1_000)
    assert.deepEqual(timesTold(robot.fake, ['Later', 'Poison']), [1, 0])
    assert.match((await rig.get('/metrics')).text, /dingtalk_queue_depth\{robot="ops"\} 1\n/)
  })

  test('is not given up where the robot takes no other either: all are told once it does', async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot])
    robot.fake.fault = () => errcode(987_654, 'what')
    const names = ['One', 'Two', 'Three']
    for (const name of names) await rig.webhook(webhookBody([{ name, severity: 'warning' }], name))
    await rig.simulation.advance(30 * MINUTE_MS)
    assert.match((await rig.get('/metrics')).text, /alert_bridge_robot_up\{robot="ops"\} 0/)
    robot.fake.fault = undefined
    await rig.simulation.advance(3 * MINUTE_MS)
    assert.deepEqual(timesTold(robot.fake, names), [1, 1, 1])
    assert.equal(rig.events.filter(({ type }) => type === 'dropped').length, 0)
  })

  test('is taken in the plainest form where only its markdown was the matter', async () => {
    const robot = placedRobot()
    refuses('markdown')(robot.fake)
    const rig = new BridgeRig([robot])
    await rig.webhook(webhookBody([{}]))
    await rig.simulation.advance(MINUTE_MS)
    assert.match(robot.fake.taken[0]?.text ?? '', /^marketprism CRITICAL firing: CollectorDown/)
  })
})
