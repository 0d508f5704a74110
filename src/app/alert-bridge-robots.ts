import { readFileSync } from 'node:fs'
import type { Robot, RobotSecrets } from '../alerts/robots.ts'
import type { AlertsConfig } from '../config/alerts.ts'

/** Where robots of DingTalk are, but for the token. */
const DINGTALK_URL = 'https://oapi.dingtalk.com/robot/send'

const VARIABLE_PREFIX = 'ALERT_BRIDGE_'

type RobotConfig = AlertsConfig['robots'][number]
type Env = Readonly<Record<string, string | undefined>>

/** The robots with their secrets and the URL of the heartbeat, or everything that is wrong with these: never what a file holds. */
export type Secrets =
  | {
      readonly robots: readonly { readonly robot: Robot; readonly secrets: RobotSecrets }[]
      readonly heartbeatUrl: string | undefined
    }
  | { readonly faults: readonly string[] }

/** Reads what nobody may see, from files and from the environment. A file goes before its variable. */
export function readSecrets(config: AlertsConfig, env: Env): Secrets {
  const faults: string[] = []
  const attempt = <Value>(read: () => Value): Value | undefined => {
    try {
      return read()
    } catch (cause) {
      if (!(cause instanceof SecretFault)) throw cause
      faults.push(cause.message)
      return undefined
    }
  }
  const robots = config.robots.flatMap((entry) => {
    const secrets = attempt(() => secretsOf(entry, env))
    return secrets === undefined ? [] : [{ robot: robotOf(entry, config.language), secrets }]
  })
  faults.push(...twins(robots))
  const heartbeatUrl = attempt(() => {
    const given = secretOf(config.heartbeatUrlFile, env, `${VARIABLE_PREFIX}HEARTBEAT_URL`)
    return given === undefined ? undefined : urlOf(given, 'alerts.heartbeat_url_file')
  })
  return faults.length > 0 ? { faults } : { robots, heartbeatUrl }
}

/** Takes them out of the environment: it is what a child would inherit, and what a dump of the process shows. */
export function forgetSecrets(env: Record<string, string | undefined>): void {
  for (const name of Object.keys(env)) if (name.startsWith(VARIABLE_PREFIX)) delete env[name]
}

/** Each would keep to the pace that the robot stands, and both together would not. */
function twins(
  robots: readonly { readonly robot: Robot; readonly secrets: RobotSecrets }[],
): readonly string[] {
  const names = new Map<string, string>()
  return robots.flatMap(({ robot: { name }, secrets: { url } }) => {
    const first = names.get(url)
    if (first === undefined) names.set(url, name)
    return first === undefined
      ? []
      : [`alerts.robots (${name}): the same robot as ${first}; give one of them both routes`]
  })
}

class SecretFault extends Error {}

function robotOf(entry: RobotConfig, language: AlertsConfig['language']): Robot {
  return {
    name: entry.name,
    kind: entry.kind ?? 'dingtalk',
    routes: entry.routes ?? ['collector'],
    language: entry.language ?? language,
    keyword: entry.keyword,
    criticalAtMobiles: entry.criticalAtMobiles ?? [],
    criticalAtAll: entry.criticalAtAll ?? false,
  }
}

function secretsOf(entry: RobotConfig, env: Env): RobotSecrets {
  const variable = (what: string): string =>
    `${VARIABLE_PREFIX}${entry.name.toUpperCase().replaceAll('-', '_')}_${what}`
  const path = `alerts.robots (${entry.name})`
  const isDingTalk = (entry.kind ?? 'dingtalk') === 'dingtalk'
  const secret = isDingTalk ? secretOf(entry.secretFile, env, variable('SECRET')) : undefined
  const url = entry.tokenFile === undefined ? secretOf(entry.webhookUrlFile, env, variable('URL')) : undefined
  if (url !== undefined) return { url: urlOf(url, path), secret }
  const token = isDingTalk ? secretOf(entry.tokenFile, env, variable('TOKEN')) : undefined
  if (token === undefined) {
    const ways = isDingTalk
      ? `webhook_url_file or token_file, or ${variable('URL')} or ${variable('TOKEN')} in the environment`
      : `webhook_url_file, or ${variable('URL')} in the environment`
    throw new SecretFault(`${path}: expected ${ways}, found none`)
  }
  const whole = new URL(DINGTALK_URL)
  whole.searchParams.set('access_token', token)
  return { url: whole.href, secret }
}

function urlOf(text: string, path: string): string {
  const url = URL.parse(text)
  if (url !== null && /^https?:$/.test(url.protocol)) return url.href
  throw new SecretFault(`${path}: expected a URL that begins with https:// or http://, found something else`)
}

function secretOf(file: string | undefined, env: Env, variable: string): string | undefined {
  if (file === undefined) {
    const value = env[variable]?.trim()
    return value === '' ? undefined : value
  }
  const text = readText(file).trim()
  if (text === '') throw new SecretFault(`${file}: is empty, a secret is needed`)
  if (/\s/.test(text)) throw new SecretFault(`${file}: holds more than one word, a secret is one`)
  return text
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause)) throw cause
    throw new SecretFault(`${file}: cannot be read: ${String(cause.code)}`, { cause })
  }
}
