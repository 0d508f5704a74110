// The whole way of an alert on this machine: `npm run stack -- [--break VENUE] [--seconds N] [--language en|zh]`. Emulated venues, a
// collector with its journal and, where nats-server is there, NATS; Prometheus and Alertmanager with the rules and routes of ops/; the
// bridge; and a DingTalk that is none, which prints here what it gets. Everything is on free ports of loopback, in a folder that goes
// with it. VENUE falls silent once all books are verified: a name of a venue or the beginning of some.
import { parseArgs } from 'node:util'
import { AlertStack, missingForStack } from './alert-stack.ts'
import { VENUE_IDS } from '../src/core/ids.ts'
import { FakeDingTalk, messageText } from '../test/alerts/fake-dingtalk.ts'
import { SupervisedInstance } from '../test/app/supervised.ts'
import { NATS_SKIPPED, natsServer } from '../test/sinks/nats-server.ts'

/** A minute of a rule is fifteen seconds, so that nobody waits for long. */
const FASTER = 4
const KEYWORD = 'marketprism'
const SECRET = 'SECfake'
const USAGE = 'npm run stack -- [--break VENUE] [--seconds N] [--language en|zh]'

interface Asked {
  /** Venues that fall silent. */
  readonly broken: readonly string[]
  /** `undefined`: until a signal. */
  readonly seconds: number | undefined
  readonly language: 'en' | 'zh'
}

/** What the arguments ask for, or what is wrong with them. */
function asked(args: readonly string[]): Asked | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { break: { type: 'string' }, seconds: { type: 'string' }, language: { type: 'string' } },
    })
    const broken = VENUE_IDS.filter((id) => values.break !== undefined && id.startsWith(values.break))
    if (values.break !== undefined && broken.length === 0)
      return `--break ${values.break}: there are ${VENUE_IDS.join(', ')}`
    const seconds = values.seconds === undefined ? undefined : Number(values.seconds)
    if (seconds !== undefined && !(seconds > 0)) return `--seconds ${values.seconds}: a number above 0`
    const { language = 'en' } = values
    if (language !== 'en' && language !== 'zh') return `--language ${language}: en or zh`
    return { broken, seconds, language }
  } catch (cause) {
    if (cause instanceof TypeError) return cause.message
    throw cause
  }
}

const say = (text: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${text}`)

/** Resolves after the seconds, or at the first SIGINT or SIGTERM. */
async function untilStopped(seconds: number | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  process.once('SIGINT', resolve).once('SIGTERM', resolve)
  const timer = seconds === undefined ? undefined : setTimeout(resolve, seconds * 1_000)
  await promise
  clearTimeout(timer)
}

async function silence(instance: SupervisedInstance, broken: readonly string[]): Promise<void> {
  const venues = instance.venues.venues.filter(({ id }) => broken.includes(id))
  await Promise.all(venues.map(({ hosts }) => fetch(`${hosts.rest}/emulator/faults?set=mute`)))
  say(
    `${broken.join(' and ')} say nothing from now on. A venue is down after a minute; CollectorVenueDown comes some 20 s later.`,
  )
}

async function run({ broken, seconds, language }: Asked): Promise<void> {
  // From the first moment: what is started ends with it.
  const stopped = untilStopped(seconds)
  await using nats = NATS_SKIPPED === false ? await natsServer() : undefined
  const sinks = nats === undefined ? {} : { nats: { enabled: true, servers: [nats.url] } }
  await using instance = await SupervisedInstance.start({ config: { sinks }, market: { speed: 1 } })
  await using dingTalk = await FakeDingTalk.start(
    { token: 'fake-token', secret: SECRET, keyword: KEYWORD },
    { onTaken: (message) => console.log(`\n${messageText(message)}`) },
  )
  await using stack = await AlertStack.start({
    collectorUrl: instance.url,
    robot: { url: dingTalk.url, secret: SECRET, keyword: KEYWORD },
    language,
    faster: FASTER,
  })
  const { site } = stack
  for (const [name, url] of [
    ['collector', `${instance.url}/health`],
    ['Prometheus', `${site.prometheus_url}/alerts`],
    ['Alertmanager', `${site.alertmanager_url}/`],
    ['bridge', `${site.bridge_url}/health`],
    ['NATS', nats?.url ?? 'nats-server is not on this machine: node scripts/tools.ts'],
  ])
    say(`${name?.padEnd(13)}${url}`)
  say(
    `A minute of a rule is ${60 / FASTER} s here. What DingTalk would get is printed below. Ctrl-C ends it all.`,
  )
  await instance.untilVerified()
  say('All books are verified.')
  if (broken.length > 0) await silence(instance, broken)
  await stopped
  say('Ending.')
}

const request = asked(process.argv.slice(2))
const missing = missingForStack()
if (typeof request === 'string') {
  console.error(`${request}\nusage: ${USAGE}`)
  process.exitCode = 2
} else if (missing !== undefined) {
  console.error(missing)
  process.exitCode = 69
} else await run(request)
