import { FAILURE_CODES, type FailureCode } from '../core/errors.ts'

/** Kinds of robots: what they are sent, and how they answer. */
export const ROBOT_KINDS = ['dingtalk', 'slack', 'webhook'] as const
export type RobotKind = (typeof ROBOT_KINDS)[number]

/** What came of one message. */
export type Outcome =
  | {
      readonly name: 'answer'
      readonly status: number
      readonly text: string
      readonly retryAfterMs: number | undefined
    }
  /** No answer. `isUncertain`: it had been sent, so it may have arrived. */
  | { readonly name: 'failure'; readonly code: FailureCode; readonly isUncertain: boolean }

/** Why a robot takes nothing until a person has changed something. Closed: words for people are in `ADVICE`. */
export const BROKEN_REASONS = [
  'keyword',
  'signature',
  'timestamp',
  'address',
  'security',
  'token',
  'stopped',
  'dissolved',
  'refused',
] as const
export type BrokenReason = (typeof BROKEN_REASONS)[number]

/** What to do about each. */
export const ADVICE: Readonly<Record<BrokenReason, string>> = {
  keyword:
    "the robot wants a keyword that the message lacks: set the robot's 'keyword' to the one that DingTalk has",
  signature: "the signature is wrong: put the robot's secret (SEC…) into secret_file",
  timestamp: 'the time of the signature is refused: set the clock of this host',
  address: "this host's address is not on the robot's list: add it at DingTalk",
  security: 'the security settings of the robot refuse the message: compare keyword, secret and addresses',
  token: 'the token is not known: put the one of the robot into token_file or webhook_url_file',
  stopped: 'the robot is stopped: switch it on at DingTalk',
  dissolved: 'the group of the robot is dissolved: make a robot in another one',
  refused: 'the far side refuses what is sent: look at its URL and its settings',
}

/**
 * What an answer means. `sent`: delivered. `throttled`: wait. `failed`: try again soon. `unclear`: the same, where DingTalk itself says
 * no and nobody knows why; it may be for this message. `broken`: the robot takes nothing until somebody mends it. `rejected`: this
 * message is not taken, others may be.
 */
export type Judgement = { readonly code: string } & (
  | { readonly name: 'sent' }
  | { readonly name: 'throttled'; readonly waitMs: number }
  | { readonly name: 'failed'; readonly isUncertain: boolean }
  | { readonly name: 'unclear' }
  | { readonly name: 'broken'; readonly reason: BrokenReason }
  | { readonly name: 'rejected' }
)

/** DingTalk stops a robot for ten minutes; it may also be a shorter time. */
const THROTTLED_MS = 60_000
/** Waited in any case: one that says 0 would be asked again and again. */
const THROTTLED_MIN_MS = 1_000
/** The request did not get through whole, or came too early: the same may be taken at once. */
const AGAIN_STATUSES: ReadonlySet<number> = new Set([408, 425])
/** DingTalk is busy. */
const BUSY_CODE = '-1'
/** Codes of DingTalk that are a label of a metric; any other is `other`. */
const KNOWN_CODES: ReadonlySet<string> = new Set(
  '0 -1 40035 43002 43004 130101 300001 300005 310000 400013 400101 400102 400105 400106 410100 460101'.split(
    ' ',
  ),
)
/** Codes of robots that do not answer as DingTalk does, and of whatever stands before one that does. */
const HTTP_CODES = ['http_0xx', 'http_2xx', 'http_3xx', 'http_4xx', 'http_5xx'] as const
const THROTTLE_CODES: ReadonlySet<string> = new Set(['130101', '410100', '1111'])
/** What the network may say in place of an answer. */
const NETWORK_CODES = FAILURE_CODES.filter((code) =>
  ['unreachable', 'dns', 'tls', 'timeout', 'bad_answer'].includes(code),
)
const REJECTED_CODES: ReadonlySet<string> = new Set(['40035', '400105', '460101'])

/** What texts mean, before codes do: sources disagree on the codes, and the texts are in English or Chinese. */
const BROKEN_TEXTS: readonly (readonly [RegExp, BrokenReason])[] = [
  [/keyword|关键词/i, 'keyword'],
  [/sign\b.*(match|error)|sign not|签名/i, 'signature'],
  [/timestamp|时间戳/i, 'timestamp'],
  [/whitelist|ip .*not in|白名单/i, 'address'],
  [/stopped|disabled|停用/i, 'stopped'],
  [/dissolved|解散/i, 'dissolved'],
  [/(token|robot) .*(not exist|invalid)|(token|机器人) ?不存在/i, 'token'],
]
const THROTTLE_TEXT = /too fast|exceed.*per minute|frequen|限流|频率|过快/i
const REJECTED_TEXT = /too long|exceed.*bytes|too large|长度超/i
const BROKEN_CODES: ReadonlyMap<string, BrokenReason> = new Map<string, BrokenReason>([
  ['310000', 'security'],
  ['300001', 'token'],
  ['300005', 'token'],
  ['400101', 'token'],
  ['400106', 'token'],
  ['400102', 'stopped'],
  ['400013', 'dissolved'],
  ['43002', 'refused'],
  ['43004', 'refused'],
])

/** Results with their codes that a robot may come to: series that begin at 0, so that the first failure is seen as a rise. */
export function possibleResults(kind: RobotKind): readonly (readonly [result: string, code: string])[] {
  const failures = [
    ...(kind === 'dingtalk' ? [...KNOWN_CODES, 'other'] : []),
    ...HTTP_CODES,
    ...NETWORK_CODES,
  ]
  const throttles =
    kind === 'dingtalk' ? [...THROTTLE_CODES].map((code) => (code === '1111' ? 'waf' : code)) : []
  return [
    ['sent', '0'],
    ...[...throttles, 'http_4xx'].map((code) => ['throttled', code] as const),
    ...failures
      .filter((code) => code !== '0' && !throttles.includes(code))
      .map((code) => ['failed', code] as const),
  ]
}

/** Pure. Whatever is not known to be a success is a failure. */
export function judge(kind: RobotKind, outcome: Outcome): Judgement {
  if (outcome.name === 'failure')
    return { name: 'failed', code: outcome.code, isUncertain: outcome.isUncertain }
  const told = kind === 'dingtalk' ? readDingTalk(outcome.text) : undefined
  return told === undefined ? judgeStatus(kind, outcome) : judgeDingTalk(told)
}

function judgeStatus(kind: RobotKind, outcome: Extract<Outcome, { name: 'answer' }>): Judgement {
  const { status, retryAfterMs } = outcome
  const code = `http_${status >= 100 && status < 600 ? Math.floor(status / 100) : 0}xx`
  if (status === 429) return { name: 'throttled', code, waitMs: pauseOf(retryAfterMs) }
  if (AGAIN_STATUSES.has(status)) return { name: 'failed', code, isUncertain: false }
  if (status >= 500) return { name: 'failed', code, isUncertain: true }
  if (status === 413 || (kind !== 'dingtalk' && status === 400)) return { name: 'rejected', code }
  if (status >= 300) return { name: 'broken', code, reason: 'refused' }
  // A success of DingTalk says so in its body: without that somebody else has answered.
  return kind === 'dingtalk' ? { name: 'failed', code, isUncertain: false } : { name: 'sent', code: '0' }
}

interface DingTalkAnswer {
  readonly code: string
  readonly text: string
  readonly waitMs: number | undefined
}

/** `{"errcode":0,"errmsg":"ok"}`, or what the firewall before it says: `{"status":1111,"wait":5,"source":"x5","punish":"deny"}`. */
function readDingTalk(text: string): DingTalkAnswer | undefined {
  const body = parse(text)
  const errcode = scalarOf(body.get('errcode'))
  // The firewall's form counts also where an errcode stands beside it, of whatever value.
  const isFirewall = scalarOf(body.get('status')) === '1111' || body.has('punish')
  if (errcode === undefined && !isFirewall) return undefined
  const wait = Number(scalarOf(body.get('wait')) ?? Number.NaN)
  return {
    code: isFirewall ? '1111' : (errcode ?? ''),
    text: scalarOf(body.get('errmsg')) ?? '',
    waitMs: wait > 0 ? wait * 1_000 : undefined,
  }
}

function judgeDingTalk({ code: exact, text, waitMs }: DingTalkAnswer): Judgement {
  if (exact === '1111') return { name: 'throttled', code: 'waf', waitMs: pauseOf(waitMs) }
  const code = KNOWN_CODES.has(exact) ? exact : 'other'
  switch (meaningOf(exact, text)) {
    case 'sent':
      return { name: 'sent', code }
    case 'throttled':
      return { name: 'throttled', code, waitMs: THROTTLED_MS }
    case 'rejected':
      return { name: 'rejected', code }
    case 'other': {
      const reason = BROKEN_TEXTS.find(([pattern]) => pattern.test(text))?.[1] ?? BROKEN_CODES.get(exact)
      if (reason !== undefined) return { name: 'broken', code, reason }
      return exact === BUSY_CODE ? { name: 'failed', code, isUncertain: false } : { name: 'unclear', code }
    }
  }
}

const pauseOf = (waitMs: number | undefined): number => Math.max(THROTTLED_MIN_MS, waitMs ?? THROTTLED_MS)

function meaningOf(code: string, text: string): 'sent' | 'throttled' | 'rejected' | 'other' {
  if (code === '0') return 'sent'
  if (THROTTLE_CODES.has(code) || THROTTLE_TEXT.test(text)) return 'throttled'
  return REJECTED_CODES.has(code) || REJECTED_TEXT.test(text) ? 'rejected' : 'other'
}

function parse(text: string): ReadonlyMap<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : [])
  } catch (cause) {
    if (cause instanceof SyntaxError) return new Map()
    throw cause
  }
}

function scalarOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}
