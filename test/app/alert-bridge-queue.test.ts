import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { FailureError } from '../../src/core/errors.ts'
import { BridgeRig, placedRobot } from '../alerts/bridge-rig.ts'
import { webhookBody } from '../alerts/webhooks.ts'

const PATH = 'alerts/queue.log'
const names = (rig: readonly { readonly title: string }[]): readonly string[] =>
  rig.map(({ title }) => /: ([A-Za-z0-9]+)/.exec(title)?.[1] ?? title)

suite('a webhook that says what one said before', () => {
  test('is not told again while that one waits, or within the time of a retry', async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot])
    assert.equal(await rig.webhook(webhookBody([{}])), 200)
    assert.equal(await rig.webhook(webhookBody([{}])), 200)
    await rig.simulation.advance(140_000)
    assert.equal(await rig.webhook(webhookBody([{}])), 200)
    await rig.simulation.advance(5_000)
    assert.equal(robot.fake.taken.length, 1)
    assert.match(
      (await rig.get('/metrics')).text,
      /alert_bridge_webhooks_total\{route="collector",result="repeated"\} 2/,
    )
  })

  test('is told again as a reminder: every five minutes for a critical one', async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot])
    for (let at = 0; at < 4; at++) {
      await rig.webhook(webhookBody([{}]))
      await rig.simulation.advance(300_000)
    }
    assert.equal(robot.fake.taken.length, 4)
  })

  test('adds nothing while the robot takes nothing, however often it comes', async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot])
    rig.isCut = true
    for (let at = 0; at < 12; at++) {
      await rig.webhook(webhookBody([{}]))
      await rig.simulation.advance(300_000)
    }
    assert.match((await rig.get('/metrics')).text, /dingtalk_queue_depth\{robot="ops"\} 1\n/)
    rig.isCut = false
    await rig.simulation.advance(120_000)
    assert.equal(robot.fake.taken.length, 1)
    assert.match(robot.fake.taken[0]?.text ?? '', /Told 1 h late.*Possibly a repeat/)
  })

  test('is known after a crash too', async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot])
    await rig.webhook(webhookBody([{}]))
    await rig.simulation.advance(10_000)
    rig.crash()
    await rig.webhook(webhookBody([{}]))
    await rig.simulation.advance(10_000)
    assert.equal(robot.fake.taken.length, 1)
  })

  test('is another one where an alert came, was resolved, or began anew', async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot])
    const webhooks = [
      [{ name: 'A' }],
      [{ name: 'A' }, { name: 'B' }],
      [{ name: 'A', status: 'resolved' }, { name: 'B' }],
      [{ name: 'A', startsAt: '2026-01-01T00:00:10Z' }],
    ] as const
    for (const alerts of webhooks) {
      await rig.webhook(webhookBody(alerts))
      await rig.simulation.advance(1_000)
    }
    assert.equal(robot.fake.taken.length, 4)
  })
})

suite('a bridge that is killed', () => {
  test('between accept and send: tells everything once', async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot])
    for (let at = 0; at < 30; at++) {
      assert.equal(await rig.webhook(webhookBody([{ name: `A${at}` }], `${at}`)), 200)
      rig.crash()
    }
    await rig.simulation.advance(120_000)
    const text = robot.fake.taken.map((message) => message.text).join('\n')
    for (let at = 0; at < 30; at++) assert.equal(text.split(`: A${at}*`).length - 1, 1, `A${at}`)
  })

  test('between send and forget: tells that one message again, and says so; no other', async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot])
    await rig.webhook(webhookBody([{ name: 'Before' }], 'b'))
    await rig.simulation.advance(1_000)
    await rig.webhook(webhookBody([{ name: 'Flying' }], 'f'))
    await rig.webhook(webhookBody([{ name: 'After' }], 'a'))
    assert.ok(await rig.simulation.runUntil(() => robot.fake.taken.length === 2, 1_000))
    rig.crash()
    await rig.simulation.advance(60_000)
    assert.deepEqual(names(robot.fake.taken), ['Before', 'Flying', 'Flying', 'After'])
    assert.deepEqual(
      robot.fake.taken.map(({ text }) => text.includes('Possibly a repeat')),
      [false, false, true, false],
    )
  })

  test('in the middle of a line: half a line is nothing', async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot])
    rig.isCut = true
    await rig.webhook(webhookBody([{ name: 'Whole' }], 'w'))
    const before = rig.simulation.files.sizeOf(PATH) ?? 0
    await rig.webhook(webhookBody([{ name: 'Half' }], 'h'))
    rig.isCut = false
    const bytes = rig.simulation.files.read(PATH)
    rig.simulation.files.replace(PATH, bytes.subarray(0, before + 90))
    rig.crash()
    await rig.webhook(webhookBody([{ name: 'Next' }], 'n'))
    await rig.simulation.advance(60_000)
    assert.deepEqual(names(robot.fake.taken), ['Whole', 'Next'])
    assert.equal(
      rig.events.filter((event) => event.type === 'queue_restored' && event.damagedLines > 0).length,
      0,
    )
  })

  test('and whose file was damaged: loses only the damaged line, says so and keeps the file', async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot])
    robot.fake.block(Infinity)
    for (const name of ['First', 'Second', 'Third']) await rig.webhook(webhookBody([{ name }], name))
    const bytes = rig.simulation.files.read(PATH)
    const text = new TextDecoder().decode(bytes).replace('"Second', '"Sec\u0000nd')
    rig.simulation.files.replace(PATH, new TextEncoder().encode(text))
    robot.fake.block(0)
    rig.crash()
    await rig.simulation.advance(200_000)
    assert.deepEqual(names(robot.fake.taken), ['First', 'Third'])
    const told = rig.events.find(({ type }) => type === 'queue_restored')
    assert.ok(told?.type === 'queue_restored' && told.damagedLines === 1 && told.keptAs !== undefined)
    assert.ok(rig.simulation.files.sizeOf(told.keptAs) === new TextEncoder().encode(text).length)
  })
})

test('200 is answered once the alerts are forced to the disk, and a message is noted before it goes out', async () => {
  const robot = placedRobot()
  const rig = new BridgeRig([robot])
  const { disk } = rig.simulation
  const calls: string[] = []
  const open = disk.openAppend.bind(disk)
  disk.openAppend = (path) => {
    const file = open(path)
    const append = file.append.bind(file)
    file.append = (bytes) => {
      calls.push(/"op":"(\w+)"/.exec(new TextDecoder().decode(bytes))?.[1] ?? '?')
      append(bytes)
    }
    file.sync = () => void calls.push('sync')
    return file
  }
  robot.fake.fault = () => {
    calls.push('arrived')
    return undefined
  }
  await rig.webhook(webhookBody([{}]))
  assert.deepEqual(calls.slice(0, 2), ['queued', 'sync'])
  await rig.simulation.advance(1_000)
  assert.deepEqual(calls, ['queued', 'sync', 'sending', 'sync', 'arrived', 'answered', 'sync'])
})

suite('a disk that is full', () => {
  test('is answered with 503, told once, and taken again once there is room; what is told goes on', async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot])
    rig.isCut = true
    assert.equal(await rig.webhook(webhookBody([{ name: 'Before' }], 'b')), 200)
    rig.simulation.disk.limitBytes = rig.simulation.disk.usedBytes + 50
    for (let at = 0; at < 3; at++) assert.equal(await rig.webhook(webhookBody([{ name: 'While' }], 'w')), 503)
    const health = await rig.get('/health')
    assert.deepEqual(
      [health.status, (await rig.get('/ready')).status, (await rig.get('/live')).status],
      [503, 503, 200],
    )
    assert.match((await rig.get('/metrics')).text, /alert_bridge_queue_writable 0/)
    assert.equal(rig.events.filter(({ type }) => type === 'queue_failed').length, 1)
    rig.isCut = false
    await rig.simulation.advance(60_000)
    assert.deepEqual(names(robot.fake.taken), ['Before'])
    rig.simulation.disk.limitBytes = Infinity
    await rig.simulation.advance(6_000)
    assert.equal((await rig.get('/health')).status, 200)
    assert.equal(await rig.webhook(webhookBody([{ name: 'While' }], 'w')), 200)
    rig.crash()
    await rig.simulation.advance(60_000)
    assert.deepEqual(names(robot.fake.taken), ['Before', 'While'])
  })
})

for (const canCut of [true, false]) {
  test(`half a line that a full disk left, ${canCut ? '' : 'not '}cut back, takes no other with it`, async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot])
    const { disk } = rig.simulation
    const open = disk.openAppend.bind(disk)
    disk.openAppend = (path) => {
      const file = open(path)
      if (!canCut) {
        file.truncate = () => {
          throw new FailureError('disk', 'EIO', { retryable: false })
        }
      }
      return file
    }
    robot.fake.block(Infinity)
    await rig.webhook(webhookBody([{ name: 'First' }], '1'))
    await rig.simulation.advance(1_000)
    disk.limitBytes = disk.usedBytes + 50
    assert.equal(await rig.webhook(webhookBody([{ name: 'Second' }], '2')), 503)
    disk.limitBytes = Infinity
    assert.equal(await rig.webhook(webhookBody([{ name: 'Third' }], '3')), 200)
    robot.fake.block(0)
    rig.crash()
    await rig.simulation.advance(130_000)
    assert.deepEqual(names(robot.fake.taken), ['First', 'Third'])
  })
}

test('a line that could neither be forced to the disk nor be cut back is refused: after a restart it is not there', async () => {
  const robot = placedRobot()
  const rig = new BridgeRig([robot])
  const { disk } = rig.simulation
  const open = disk.openAppend.bind(disk)
  let isFailing = true
  const fail = (): void => {
    if (isFailing) throw new FailureError('disk', 'EIO', { retryable: false })
  }
  disk.openAppend = (path) => {
    const file = open(path)
    const truncate = file.truncate.bind(file)
    file.sync = fail
    file.truncate = (sizeBytes) => {
      fail()
      truncate(sizeBytes)
    }
    return file
  }
  robot.fake.block(Infinity)
  assert.equal(await rig.webhook(webhookBody([{ name: 'Refused' }], 'r')), 503)
  isFailing = false
  assert.equal(await rig.webhook(webhookBody([{ name: 'Taken' }], 't')), 200)
  const text = new TextDecoder().decode(rig.simulation.files.read(PATH))
  assert.deepEqual([text.includes('Refused'), text.includes('Taken')], [false, true])
  robot.fake.block(0)
  rig.crash()
  await rig.simulation.advance(130_000)
  assert.deepEqual(names(robot.fake.taken), ['Taken'])
})

suite('a queue that has no room', () => {
  const RIG = { queueBytes: 65_536 }
  const long = { description: 'x'.repeat(3_000) }

  test('refuses with 503, common alerts before critical ones, and takes again once some are told', async () => {
    const robot = placedRobot()
    const rig = new BridgeRig([robot], RIG)
    rig.isCut = true
    const fill = async (severity: string): Promise<number> => {
      for (let at = 0; at < 100; at++) {
        const name = `${severity}${at}`
        if ((await rig.webhook(webhookBody([{ name, severity, annotations: long }], name))) === 503) return at
      }
      return 100
    }
    const common = await fill('warning')
    const critical = await fill('critical')
    assert.ok(common >= 10 && common <= 16 && critical >= 3 && critical <= 5, `${common}, ${critical}`)
    assert.equal((await rig.get('/health')).status, 200)
    assert.match((await rig.get('/metrics')).text, /result="unqueued"\} 2/)
    // What is resolved has no part in the room that is kept for what fires.
    const resolved = webhookBody([{ name: 'critical0', status: 'resolved' }], 'critical0')
    assert.equal(await rig.webhook(resolved), 503)
    rig.isCut = false
    await rig.simulation.advance(180_000)
    assert.equal(await rig.webhook(webhookBody([{ name: 'Again', severity: 'warning' }], 'again')), 200)
    await rig.simulation.advance(60_000)
    const text = robot.fake.taken.map((message) => message.text).join('\n')
    for (let at = 0; at < critical; at++) assert.equal(text.split(`: critical${at}*`).length - 1, 1)
    assert.ok(text.includes('Again'))
  })

  test('of one robot takes nothing from another, which is told once although Alertmanager tries again for ten minutes', async () => {
    const full = placedRobot('first')
    const well = placedRobot('second')
    const rig = new BridgeRig([full, well], RIG)
    full.fake.fault = () => ({ status: 200, body: '{"errcode":400102,"errmsg":"stopped"}' })
    let refused: { readonly name: string; readonly body: Uint8Array } | undefined
    for (let at = 0; refused === undefined; at++) {
      const name = `A${at}x`
      const body = webhookBody([{ name, annotations: long }], `${at}`)
      if ((await rig.webhook(body)) === 503) refused = { name, body }
      await rig.simulation.advance(4_000)
    }
    const { name, body } = refused
    for (let at = 0; at < 20; at++) {
      assert.equal(await rig.webhook(body), 503)
      // A restart forgets none of it.
      if (at === 10) rig.crash()
      await rig.simulation.advance(30_000)
    }
    assert.equal(well.fake.taken.filter(({ title }) => title.includes(name)).length, 1)
  })
})

test('the file stays small however much was told', async () => {
  const robot = placedRobot()
  const rig = new BridgeRig([robot])
  for (let at = 0; at < 1_300; at++) {
    const body = webhookBody([{ name: `A${at}`, annotations: { description: 'x'.repeat(3_900) } }], `${at}`)
    assert.equal(await rig.webhook(body), 200)
    await rig.simulation.advance(4_000)
  }
  assert.ok((rig.simulation.files.sizeOf(PATH) ?? 0) < 5_000_000)
})

suite('what comes to the wrong place', () => {
  test('an unknown route is 404, an unreadable body 400, both told; an empty list is taken', async () => {
    const rig = new BridgeRig()
    assert.equal(await rig.webhook(webhookBody([{}]), 'nowhere'), 404)
    assert.equal(await rig.webhook(new TextEncoder().encode('{')), 400)
    assert.equal(await rig.webhook(webhookBody([])), 200)
    assert.equal(rig.events.filter(({ type }) => type === 'unreadable').length, 2)
    assert.match(
      (await rig.get('/metrics')).text,
      /alert_bridge_webhooks_total\{route="collector",result="unreadable"\} 1/,
    )
    const unknown = (count: number): RegExp =>
      new RegExp(`alert_bridge_webhooks_total\\{route="unknown",result="unreadable"\\} ${count}\n`)
    assert.match((await rig.get('/metrics')).text, unknown(1))
    assert.match((await new BridgeRig().get('/metrics')).text, unknown(0))
    assert.equal((await rig.get('/dingtalk/collector/send')).status, 405)
    assert.equal((await rig.post('/health', new Uint8Array())).status, 405)
    assert.equal((await rig.get('/other')).status, 404)
  })

  test('each route is told to its own robots', async () => {
    const one = placedRobot('one', { routes: ['collector', 'both'] })
    const two = placedRobot('two', { routes: ['both'] })
    const rig = new BridgeRig([one, two])
    await rig.webhook(webhookBody([{ name: 'A' }]))
    await rig.webhook(webhookBody([{ name: 'B' }], 'b'), 'both')
    await rig.simulation.advance(1_000)
    assert.deepEqual([names(one.fake.taken), names(two.fake.taken)], [['A', 'B'], ['B']])
  })
})
