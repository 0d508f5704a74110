import type { BacklogEvent, Entry } from '../alerts/backlog.ts'
import { bodyOf, plainBodyOf, TEXT_LIMIT_BYTES } from '../alerts/bodies.ts'
import type { BridgeEvent } from '../alerts/events.ts'
import { type BrokenReason, judge, type Judgement, type Outcome } from '../alerts/judging.ts'
import { MARKUPS, PLAIN_MARKUPS } from '../alerts/markup.ts'
import { type Message, writeMessage } from '../alerts/message.ts'
import { BRIDGE_METRICS, type BridgeCounts } from '../alerts/metrics.ts'
import { severityOf } from '../alerts/notice.ts'
import { Pace } from '../alerts/pace.ts'
import { nextBatch } from '../alerts/planning.ts'
import { Refusals } from '../alerts/refusals.ts'
import { cleaned, type Robot, type RobotSecrets } from '../alerts/robots.ts'
import { type Hmac, signedUrl } from '../alerts/signing.ts'
import { Alarm } from '../runtime/alarm.ts'
import { backoffMs } from '../runtime/backoff.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Post } from './alert-bridge-post.ts'
import type { AlertQueue } from './alert-bridge-queue.ts'

/** A robot that failed is tried again: soon at first. */
const RETRY = { firstMs: 1_000, maxMs: 60_000, minMs: 500 } as const
/** One that throttles is left alone twice as long each time in a row, up to this: so late is an alert at most once it takes some again. */
const THROTTLED_MAX_MS = 120_000
/** No pause that was noted before a restart lasts longer: DingTalk stops a robot for ten minutes. */
const PAUSE_MAX_MS = 600_000
/** One that a person has to mend is tried seldom: so that what waits is told once it is mended. */
const BROKEN_RETRY_MS = 600_000
/** First wait, doubled up to the one above, where only a status was answered: a portal or a deploy before the robot is soon over. */
const REFUSED_FIRST_MS = 15_000
/** Failures in a row from which a robot counts as down: one or two are the network. */
const DOWN_ATTEMPTS = 3

/** How it is with a robot. */
export type RobotState =
  | { readonly name: 'working' }
  | { readonly name: 'throttled' }
  | { readonly name: 'failing'; readonly attempts: number }
  | { readonly name: 'broken'; readonly reason: BrokenReason; readonly attempts: number }

export interface SenderOptions {
  readonly robot: Robot
  readonly secrets: RobotSecrets
  readonly queue: AlertQueue
  readonly runtime: Pick<Runtime, 'clock' | 'timers' | 'random'>
  readonly post: Post
  readonly hmac: Hmac
  readonly timeText: (ms: number) => string
  readonly counts: BridgeCounts
  readonly emit: (event: BridgeEvent) => void
}

type Failed = Omit<Extract<Judgement, { name: 'failed' }>, 'name'>

/**
 * Tells one robot what waits for it, a message at a time, and notes what was told before the next: only the message that has no answer
 * yet can be told twice.
 */
export class Sender {
  readonly #options: SenderOptions
  readonly #alarm: Alarm
  readonly #pace: Pace
  readonly #refusals = new Refusals()
  #state: RobotState = { name: 'working' }
  #pausedUntilUs: number
  #throttledInRow = 0
  #sending: Promise<void> | undefined
  #isStopped = false

  constructor(options: SenderOptions) {
    this.#options = options
    const { clock } = options.runtime
    this.#alarm = new Alarm(options.runtime, () => {
      this.wake()
    })
    const nowUs = clock.steadyUs()
    const nowMs = clock.now() / 1_000
    const { sentAtMs, pausedUntilMs } = options.queue.backlog.pace(options.robot.name)
    const agesUs = sentAtMs.map((atMs) => (nowMs - atMs) * 1_000)
    this.#pace = new Pace(agesUs, nowUs)
    // A wall clock that was set back must not keep alerts for longer than any pause lasts.
    const leftMs = Math.min(Math.max(0, (pausedUntilMs ?? 0) - nowMs), PAUSE_MAX_MS)
    this.#pausedUntilUs = nowUs + leftMs * 1_000
  }

  get name(): string {
    return this.#options.robot.name
  }

  get state(): RobotState {
    return this.#state
  }

  /** Whether it gets what it is sent, as far as is known. */
  get isUp(): boolean {
    const state = this.#state
    return state.name !== 'broken' && !(state.name === 'failing' && state.attempts >= DOWN_ATTEMPTS)
  }

  /** To be called when something was queued; does nothing while it is at work. */
  wake(): void {
    if (this.#sending !== undefined || this.#isStopped) return
    const due = this.#due()
    const { clock } = this.#options.runtime
    if (due.atUs > clock.steadyUs()) {
      this.#alarm.set(due.atUs)
      return
    }
    this.#sending = this.#send(due.entries).finally(() => {
      this.#sending = undefined
      this.wake()
    })
  }

  /** Resolves once the message that is on its way has its answer, and that is noted. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#alarm.set(Infinity)
    await this.#sending
  }

  /** What may be told, and when at the earliest. */
  #due(): { readonly atUs: number; readonly entries: readonly Entry[] } {
    const waiting = this.#options.queue.backlog.waiting(this.name)
    if (waiting.length === 0) return { atUs: Infinity, entries: [] }
    const nowUs = this.#options.runtime.clock.steadyUs()
    const freeUs = Math.max(this.#pausedUntilUs, this.#pace.dueUs(), nowUs)
    const entries = waiting.filter(({ id }) => this.#refusals.notBeforeUs(id) <= freeUs)
    if (entries.length > 0) return { atUs: freeUs, entries }
    const soonestUs = waiting.reduce(
      (least, { id }) => Math.min(least, this.#refusals.notBeforeUs(id)),
      Infinity,
    )
    return { atUs: Math.max(freeUs, soonestUs), entries: waiting }
  }

  async #send(entries: readonly Entry[]): Promise<void> {
    const { robot, secrets, queue, runtime, hmac } = this.#options
    const { message, isPlain } = this.#write(entries)
    const nowMs = this.#nowMs()
    const ids = message.told.map(({ id }) => id)
    queue.note({ op: 'sending', atMs: nowMs, robot: robot.name, ids })
    const body = (isPlain ? plainBodyOf : bodyOf)(robot.kind, robot.name, message)
    const url = robot.kind === 'dingtalk' ? signedUrl(secrets, nowMs, hmac) : secrets.url
    this.#pace.begin(runtime.clock.steadyUs())
    const outcome = await this.#options.post(url, body)
    this.#pace.end(runtime.clock.steadyUs())
    this.#settle(judge(robot.kind, outcome), message, saidBy(outcome, secrets))
  }

  /** An alert that was refused is told by itself, in the plainest form: whatever is wrong with it keeps no other back. */
  #write(entries: readonly Entry[]): { readonly message: Message; readonly isPlain: boolean } {
    const { robot, queue, timeText } = this.#options
    const usual = entries.filter(({ id }) => !this.#refusals.has(id))
    const isPlain = usual.length === 0
    const first = nextBatch(entries)?.entries[0]
    const batch =
      nextBatch(usual) ??
      (first === undefined ? undefined : { form: 'single' as const, entries: [first] as const })
    if (batch === undefined) throw new RangeError('nothing to tell')
    const message = writeMessage(batch, {
      markup: (isPlain ? PLAIN_MARKUPS : MARKUPS)[robot.kind],
      language: robot.language,
      keyword: robot.keyword,
      atMobiles: robot.criticalAtMobiles,
      atAll: robot.criticalAtAll,
      timeText,
      nowMs: this.#nowMs(),
      isUncertain: ({ id }) => queue.backlog.isUncertain(robot.name, id),
      limitBytes: TEXT_LIMIT_BYTES,
    })
    return { message, isPlain }
  }

  #settle(judgement: Judgement, message: Message, said: string): void {
    const { counts, robot, emit } = this.#options
    const result = judgement.name === 'sent' || judgement.name === 'throttled' ? judgement.name : 'failed'
    counts.add(BRIDGE_METRICS.notifications, robot.name, result, judgement.code)
    if (judgement.name !== 'throttled') this.#throttledInRow = 0
    if (judgement.name !== 'unclear') this.#refusals.clear()
    switch (judgement.name) {
      case 'sent':
        this.#sent(message)
        break
      case 'throttled':
        this.#throttled(judgement)
        break
      case 'failed':
        this.#failed(judgement, said)
        break
      case 'unclear':
        this.#unclear(judgement, message, said)
        break
      case 'broken':
        this.#broken(judgement, said)
        break
      case 'rejected':
        emit({ type: 'rejected', robot: robot.name, code: judgement.code, text: said })
        this.#rejected(message)
        break
    }
  }

  #sent({ told }: Message): void {
    const { counts, robot, emit } = this.#options
    const ids = told.map(({ id }) => id)
    this.#answered({ done: ids })
    this.#works()
    this.#refusals.taken(ids)
    counts.set(BRIDGE_METRICS.lastSuccess, this.#nowMs() / 1_000, robot.name)
    for (const { alert } of told) {
      counts.add(BRIDGE_METRICS.alerts, robot.name, severityOf(alert), alert.status)
    }
    emit({ type: 'sent', robot: robot.name, alerts: told.length })
  }

  #works(): void {
    const { queue, emit } = this.#options
    const wasUp = this.isUp
    this.#state = { name: 'working' }
    if (!wasUp) emit({ type: 'recovered', robot: this.name, waiting: queue.backlog.count(this.name) })
  }

  #throttled({ code, waitMs }: Extract<Judgement, { name: 'throttled' }>): void {
    const { counts, emit } = this.#options
    const grownMs = Math.max(waitMs, Math.min(waitMs * 2 ** this.#throttledInRow, THROTTLED_MAX_MS))
    const pauseMs = Math.min(grownMs, PAUSE_MAX_MS)
    this.#throttledInRow++
    this.#state = { name: 'throttled' }
    counts.add(BRIDGE_METRICS.throttled, this.name)
    emit({ type: 'throttled', robot: this.name, code, waitMs: pauseMs })
    this.#answered({ done: [], pauseMs, isThrottled: true })
  }

  #failed({ code, isUncertain }: Failed, text: string): void {
    const { runtime, emit } = this.#options
    const attempts = this.#state.name === 'failing' ? this.#state.attempts + 1 : 1
    const waitMs = backoffMs(attempts, RETRY, runtime.random)
    this.#state = { name: 'failing', attempts }
    emit({ type: 'failed', robot: this.name, code, attempts, waitMs, text })
    this.#answered({ done: [], pauseMs: waitMs, isUncertain })
  }

  /** The message itself, or the robot as a whole. */
  #unclear({ code }: Judgement, message: Message, text: string): void {
    const { robot, emit, runtime } = this.#options
    const ids = message.told.map(({ id }) => id)
    if (this.#refusals.unclear(ids, runtime.clock.steadyUs())) {
      emit({ type: 'rejected', robot: robot.name, code, text })
      this.#rejected(message)
    } else this.#failed({ code, isUncertain: false }, text)
  }

  /** Told loudly once, and again only where the reason is another. */
  #broken({ code, reason }: Extract<Judgement, { name: 'broken' }>, text: string): void {
    const { queue, emit } = this.#options
    const before = this.#state
    const attempts = before.name === 'broken' && before.reason === reason ? before.attempts + 1 : 1
    this.#state = { name: 'broken', reason, attempts }
    if (attempts === 1) {
      const waiting = queue.backlog.count(this.name)
      emit({ type: 'broken', robot: this.name, code, reason, waiting, text })
    }
    const grownMs = reason === 'refused' ? REFUSED_FIRST_MS * 2 ** (attempts - 1) : BROKEN_RETRY_MS
    this.#answered({ done: [], pauseMs: Math.min(grownMs, BROKEN_RETRY_MS) })
  }

  #rejected({ told }: Message): void {
    const { counts, emit, runtime } = this.#options
    const nowUs = runtime.clock.steadyUs()
    const refused = told.filter(({ id }) => this.#refusals.refuse(id, nowUs))
    const givenUp = refused.filter(({ alert }) => severityOf(alert) !== 'critical')
    for (const { id, alert } of givenUp) {
      this.#refusals.forget(id)
      counts.add(BRIDGE_METRICS.dropped, this.name, severityOf(alert))
    }
    if (givenUp.length > 0) emit({ type: 'dropped', robot: this.name, alerts: givenUp.length })
    this.#answered({ done: givenUp.map(({ id }) => id) })
  }

  #answered(told: {
    readonly done: readonly number[]
    readonly pauseMs?: number
    readonly isUncertain?: boolean
    readonly isThrottled?: boolean
  }): void {
    const { queue, runtime } = this.#options
    const { done, pauseMs, isUncertain, isThrottled } = told
    const atMs = this.#nowMs()
    this.#pausedUntilUs = runtime.clock.steadyUs() + (pauseMs ?? 0) * 1_000
    const event: BacklogEvent = {
      op: 'answered',
      atMs,
      robot: this.name,
      done,
      // Any other pause ends with a restart: somebody may have mended what was wrong.
      ...(isThrottled === true ? { pausedUntilMs: Math.ceil(atMs + (pauseMs ?? 0)) } : {}),
      ...(isUncertain === true ? { isUncertain } : {}),
    }
    queue.note(event)
  }

  #nowMs(): number {
    return Math.floor(this.#options.runtime.clock.now() / 1_000)
  }
}

function saidBy(outcome: Outcome, secrets: RobotSecrets): string {
  return outcome.name === 'answer' ? cleaned(outcome.text, secrets) : ''
}
