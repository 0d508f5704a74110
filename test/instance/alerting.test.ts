import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as passed } from 'node:timers/promises'
import { AlertStack, missingForStack } from '../../scripts/alert-stack.ts'
import { ALERTS } from '../../ops/source/alerts.ts'
import { FakeDingTalk, type TakenMessage } from '../alerts/fake-dingtalk.ts'
import { areVerified, processNamed, SupervisedInstance } from '../app/supervised.ts'

/** A minute of a rule is two seconds. What a time or a number is compared with stays: a venue is down after 60 s, memory is high at 3 GB. */
const FASTER = 30
const TOLD_MS = 120_000
const LOOK_MS = 200
const MEBIBYTES_ABOVE = 3_000
const SOCKETS_ABOVE = 60
const DISK_MS = 4_000
/** No second message comes within it. Reminders come after five minutes. */
const QUIET_MS = 15_000

/** What is told of a collector that stands still, and ends while the collector counts as unhealthy. */
const INHIBITED = new Set(['CollectorNoData'])

interface Fault {
  readonly alert: string
  /** What the message says besides its name. */
  readonly says: RegExp
  /** Other alerts that may be told of it: they tell of its consequences. */
  readonly beside?: readonly string[]
  readonly begin: (stage: Stage) => Promise<void> | void
  readonly end: (stage: Stage) => Promise<void> | void
}

interface Stage {
  readonly instance: SupervisedInstance
  readonly collectorPid: () => Promise<number>
}

const FAULTS: readonly Fault[] = [
  {
    alert: 'CollectorDataLoss',
    says: /[1-9]\d* records were lost/,
    begin: ({ instance }) => instance.fault('disk', DISK_MS),
    end: () => undefined,
  },
  {
    alert: 'CollectorHighConnections',
    says: /\b(?:[6-9]\d|1\d\d) TCP connections/,
    beside: ['CollectorUnaccountedSockets', 'CollectorDegradationActive'],
    begin: ({ instance }) => instance.fault('orphans', SOCKETS_ABOVE),
    end: killCollector,
  },
  {
    alert: 'CollectorHighMemory',
    says: /use 3\.\d+GB/,
    beside: ['CollectorDegradationActive'],
    begin: ({ instance }) => instance.fault('external', MEBIBYTES_ABOVE),
    end: killCollector,
  },
  {
    alert: 'CollectorPipelineStalled',
    says: /Process collector was last heard/,
    beside: ['CollectorNoData', 'CollectorUnhealthy'],
    async begin({ collectorPid }) {
      process.kill(await collectorPid(), 'SIGSTOP')
    },
    // It is killed and started again by itself.
    end: () => undefined,
  },
  {
    alert: 'CollectorDown',
    says: /instance: 127\.0\.0\.1:\d+/,
    begin: ({ instance }) => void instance.process.kill('SIGSTOP'),
    end: ({ instance }) => void instance.process.kill('SIGCONT'),
  },
  {
    alert: 'CollectorVenueDown',
    says: /deribit/,
    // Each book misses numbers once, when the venue speaks again; within minutes of two seconds that is often.
    beside: ['CollectorSequenceGapsHigh'],
    begin: ({ instance }) => ask(instance, 'faults?set=mute'),
    end: ({ instance }) => ask(instance, 'faults?clear=mute'),
  },
]

test(
  'what goes wrong with a collector is told to a robot of DingTalk: once when it begins, once when it is over',
  { skip: missingForStack() ?? false, timeout: 900_000 },
  async (t) => {
    await using instance = await SupervisedInstance.start()
    await instance.untilVerified()
    await using dingTalk = await FakeDingTalk.start({
      token: 'fake-token',
      secret: 'SECfake',
      keyword: 'marketprism',
    })
    await using stack = await AlertStack.start({
      collectorUrl: instance.url,
      robot: { url: dingTalk.url, secret: 'SECfake', keyword: 'marketprism' },
      language: 'en',
      faster: FASTER,
    })
    const stage: Stage = {
      instance,
      collectorPid: async () => processNamed(await instance.status(), 'collector').pid ?? assert.fail(),
    }
    /** How many messages there were when each fault began. */
    const begins: number[] = []
    for (const fault of FAULTS) {
      await t.test(fault.alert, async (context) => {
        const startMs = performance.now()
        const since = dingTalk.robot.taken.length
        begins.push(since)
        await fault.begin(stage)
        const firing = await untilTold(dingTalk, { alert: fault.alert, status: 'firing', since })
        const firingMs = performance.now() - startMs
        await fault.end(stage)
        const resolved = await untilTold(dingTalk, { alert: fault.alert, status: 'resolved', since })
        context.diagnostic(
          `firing after ${(firingMs / 1_000).toFixed(1)} s, resolved after ${((performance.now() - startMs) / 1_000).toFixed(1)} s`,
        )
        assertLinks(firing, fault.alert, stack)
        assert.match(firing.text, fault.says)
        assert.ok(resolved.atMs > firing.atMs)
        await instance.until('all is well again', areVerified)
      })
    }
    await passed(QUIET_MS)
    for (const [at, { alert, beside = [] }] of FAULTS.entries()) {
      const messages = dingTalk.robot.taken.slice(begins[at], begins[at + 1])
      assert.equal(told(messages, alert, 'firing').length, 1, `${alert} is told once`)
      assert.equal(told(messages, alert, 'resolved').length, 1, `${alert} is resolved once`)
      const others = namesOf(messages, 'firing').filter((name) => name !== alert && !beside.includes(name))
      assert.deepEqual(others, [], `nothing else is told of ${alert}`)
    }
    const { taken } = dingTalk.robot
    // Alertmanager tells nothing of what ends while another alert inhibits it.
    for (const alert of namesOf(taken, 'firing').filter((name) => !INHIBITED.has(name)))
      await untilTold(dingTalk, { alert, status: 'resolved', since: 0 })
    t.diagnostic(
      `${dingTalk.robot.taken.length} messages: ${dingTalk.robot.taken.map(({ title }) => title).join('; ')}`,
    )
    assert.equal(dingTalk.robot.throttled, 0)
    assert.equal(dingTalk.robot.arrivals.length, dingTalk.robot.taken.length, 'none was refused')
  },
)

async function killCollector({ collectorPid }: Stage): Promise<void> {
  process.kill(await collectorPid(), 'SIGKILL')
}

async function ask(instance: SupervisedInstance, question: string): Promise<void> {
  const venue = instance.venues.venues.find(({ id }) => id === 'deribit')
  assert.ok(venue !== undefined)
  await (await fetch(`${venue.hosts.rest}/emulator/${question}`)).text()
}

type Status = 'firing' | 'resolved'

/** Messages that tell of an alert, by itself or among others. */
function told(messages: readonly TakenMessage[], alert: string, status: Status): readonly TakenMessage[] {
  const heading = new RegExp(`${status}: ${alert}\\b`)
  return messages.filter(({ text }) => heading.test(text))
}

/** Every alert that messages tell of, as often as they do. */
function namesOf(messages: readonly TakenMessage[], status: Status): readonly string[] {
  const heading = new RegExp(`${status}: (\\w+)`, 'g')
  return messages.flatMap(({ text }) => [...text.matchAll(heading)].map(([, name]) => name ?? ''))
}

async function untilTold(
  { robot }: FakeDingTalk,
  { alert, status, since }: { readonly alert: string; readonly status: Status; readonly since: number },
): Promise<TakenMessage> {
  const untilMs = performance.now() + TOLD_MS
  for (;;) {
    const [message] = told(robot.taken.slice(since), alert, status)
    if (message !== undefined) return message
    const titles = robot.taken.map(({ title }) => title).join('\n')
    assert.ok(performance.now() < untilMs, `${alert} is told to be ${status}; told was:\n${titles}`)
    await passed(LOOK_MS)
  }
}

function assertLinks(message: TakenMessage, name: string, stack: AlertStack): void {
  const alert = ALERTS.find((candidate) => candidate.name === name)
  assert.ok(alert !== undefined)
  assert.ok(message.text.includes(`${stack.site.runbook_url}#${name.toLowerCase()}`), message.text)
  assert.ok(message.text.includes(`${stack.site.grafana_url}/d/${alert.dashboard}`), message.text)
}
