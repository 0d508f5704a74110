// Run by itself it prints every message that it gets: `node test/alerts/fake-dingtalk.ts --port 8061 --secret SEC1 --keyword marketprism`.
import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'

/** One message that was taken, as the group sees it. */
export interface TakenMessage {
  /** Epoch ms. */
  readonly atMs: number
  readonly title: string
  readonly text: string
  readonly atMobiles: readonly string[]
  readonly isAtAll: boolean
  readonly bodyBytes: number
}

export interface RobotSettings {
  readonly token: string
  /** Wants signatures. */
  readonly secret?: string
  /** Wants it in the text. */
  readonly keyword?: string
  /** Divides the minute and the ten minutes of the limit, for tests in real time. */
  readonly scale?: number
}

/** What a robot says in place of its answer. */
export interface Answer {
  readonly status: number
  readonly body: string
  /** Header of this name. */
  readonly retryAfter?: string
}

const MINUTE_MS = 60_000
const PER_MINUTE = 20
const PUNISHED_MS = 600_000
const LIMIT_BYTES = 20_000
const HOUR_MS = 3_600_000
const CONTENT_TYPE = /^application\/json(;|$)/

const answer = (errcode: number, errmsg: string): Answer => ({
  status: 200,
  body: JSON.stringify({ errcode, errmsg }),
})

/** What a custom robot of DingTalk does with a request: its rules, on any clock. */
export class FakeRobot {
  readonly settings: RobotSettings
  readonly taken: TakenMessage[] = []
  /** When a request came, whatever became of it, epoch ms. */
  readonly arrivals: number[] = []
  /** How many were refused because there were too many. */
  throttled = 0
  /** Answers in place of the rules, as long as it answers anything. */
  fault: ((count: number) => Answer | undefined) | undefined
  #blockedUntilMs = -Infinity

  constructor(settings: RobotSettings) {
    this.settings = settings
  }

  /** Takes nothing for so long, as after too many messages. */
  block(untilMs: number): void {
    this.#blockedUntilMs = untilMs
  }

  receive(
    request: {
      readonly method: string
      readonly url: string
      readonly contentType: string
      readonly body: string
    },
    nowMs: number,
  ): Answer {
    this.arrivals.push(nowMs)
    const told = this.fault?.(this.arrivals.length)
    if (told !== undefined) return told
    return this.#refusal(request, nowMs) ?? this.#take(request.body, nowMs)
  }

  #refusal(
    request: {
      readonly method: string
      readonly url: string
      readonly contentType: string
      readonly body: string
    },
    nowMs: number,
  ): Answer | undefined {
    const { token, secret } = this.settings
    if (request.method !== 'POST') return answer(43002, 'require POST method')
    if (!CONTENT_TYPE.test(request.contentType)) return answer(43004, 'Content-Type is invalid')
    // Exactly one decoding, as a server does: what was encoded twice does not match.
    const query = new URL(request.url, 'http://127.0.0.1').searchParams
    if (query.get('access_token') !== token) return answer(300005, 'token is not exist')
    if (this.#isTooFast(nowMs)) return answer(130101, 'send too fast, exceed 20 times per minute')
    if (secret === undefined) return undefined
    const timestamp = query.get('timestamp') ?? ''
    if (Math.abs(nowMs - Number(timestamp)) > HOUR_MS) return answer(310000, 'invalid timestamp')
    const sign = createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64')
    return query.get('sign') === sign ? undefined : answer(310000, 'sign not match')
  }

  #isTooFast(nowMs: number): boolean {
    const scale = this.settings.scale ?? 1
    const inMinute = this.arrivals.filter((atMs) => nowMs - atMs < MINUTE_MS / scale).length
    if (inMinute > PER_MINUTE && nowMs >= this.#blockedUntilMs)
      this.#blockedUntilMs = nowMs + PUNISHED_MS / scale
    if (nowMs >= this.#blockedUntilMs) return false
    this.throttled++
    return true
  }

  #take(body: string, nowMs: number): Answer {
    const bodyBytes = Buffer.byteLength(body)
    if (bodyBytes > LIMIT_BYTES) return answer(460101, 'message too long, exceed 20000 bytes')
    const message = readMessage(body)
    if (typeof message === 'string') return answer(40035, message)
    const { title, text, at } = message
    const { keyword } = this.settings
    if (keyword !== undefined && !`${title}\n${text}`.includes(keyword)) {
      return answer(310000, 'keywords not in content')
    }
    this.taken.push({
      atMs: nowMs,
      title,
      text,
      // Only somebody whose number the text holds is called.
      atMobiles: (at?.atMobiles ?? []).filter((mobile) => text.includes(`@${mobile}`)),
      isAtAll: at?.isAtAll === true,
      bodyBytes,
    })
    return answer(0, 'ok')
  }
}

interface At {
  readonly atMobiles?: readonly string[]
  readonly isAtAll?: boolean
}

interface Body {
  readonly msgtype?: string
  readonly text?: { readonly content?: string }
  readonly markdown?: { readonly title?: string; readonly text?: string }
  readonly at?: At
}

function readMessage(
  body: string,
): string | { readonly title: string; readonly text: string; readonly at: At | undefined } {
  const { msgtype, text, markdown, at } = JSON.parse(body) as Body
  if (msgtype === 'text') {
    return text?.content === undefined || text.content === ''
      ? 'missing parameter content'
      : { title: '', text: text.content, at }
  }
  if (msgtype !== 'markdown') return 'unsupported msgtype'
  if (!markdown?.title || !markdown.text) return 'missing parameter title or text'
  return { title: markdown.title, text: markdown.text, at }
}

/** A real HTTP server with one robot. */
export class FakeDingTalk implements AsyncDisposable {
  readonly robot: FakeRobot
  readonly #server: Server
  readonly #onTaken: (message: TakenMessage) => void
  /** Waits before it answers, ms. */
  delayMs = 0

  private constructor(robot: FakeRobot, onTaken: (message: TakenMessage) => void) {
    this.robot = robot
    this.#onTaken = onTaken
    this.#server = createServer((request, response) => {
      void this.#serve(request, response)
    })
  }

  /** Listens at `port` of this host, 0 for any that is free. */
  static async start(
    settings: RobotSettings,
    options: { readonly port?: number; readonly onTaken?: (message: TakenMessage) => void } = {},
  ): Promise<FakeDingTalk> {
    const fake = new FakeDingTalk(new FakeRobot(settings), options.onTaken ?? (() => undefined))
    await new Promise<void>((resolve, reject) => {
      fake.#server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve)
    })
    return fake
  }

  /** What a robot is sent to, token included. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo
    return `http://127.0.0.1:${port}/robot/send?access_token=${this.robot.settings.token}`
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request)
    const { method = '', url = '', headers } = request
    const before = this.robot.taken.length
    const seen = { method, url, contentType: headers['content-type'] ?? '', body }
    const { status, body: reply, retryAfter } = this.robot.receive(seen, Date.now())
    for (const message of this.robot.taken.slice(before)) this.#onTaken(message)
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs))
    const wait = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
    response.writeHead(status, { 'content-type': 'application/json', ...wait }).end(reply)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** A message as a person reads it. */
export function messageText({ atMs, title, text, atMobiles, isAtAll, bodyBytes }: TakenMessage): string {
  const called = [...atMobiles, ...(isAtAll ? ['everybody'] : [])].join(', ')
  const head = `--- ${new Date(atMs).toISOString()} DingTalk, ${bodyBytes} bytes${called === '' ? '' : `, calls ${called}`}`
  return `${head}\n[${title}]\n${text}\n`
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      token: { type: 'string', default: 'fake-token' },
      secret: { type: 'string' },
      keyword: { type: 'string' },
      scale: { type: 'string', default: '1' },
    },
  })
  const { port, token, secret, keyword, scale } = values
  const fake = await FakeDingTalk.start(
    {
      token,
      scale: Number(scale),
      ...(secret === undefined ? {} : { secret }),
      ...(keyword === undefined ? {} : { keyword }),
    },
    { port: Number(port), onTaken: (message) => console.log(messageText(message)) },
  )
  console.log(`listens at ${fake.url}`)
}
