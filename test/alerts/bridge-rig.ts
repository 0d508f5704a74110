import { createHmac } from 'node:crypto'
import { Bridge, type BridgeOptions } from '../../src/app/alert-bridge-service.ts'
import type { BridgeEvent } from '../../src/alerts/events.ts'
import type { Robot } from '../../src/alerts/robots.ts'
import type { ServerReply } from '../../src/core/http.ts'
import { retryAfterMs } from '../../src/runtime/retry-after.ts'
import { Simulation } from '../../src/runtime/sim.ts'
import { FakeRobot, type RobotSettings } from './fake-dingtalk.ts'

export const SETTINGS: RobotSettings = { token: 'token-of-ops', secret: 'SEC-of-ops', keyword: 'marketprism' }
const LATENCY_MS = 40

/** A robot and where it is. */
export interface PlacedRobot {
  readonly fake: FakeRobot
  readonly robot: Robot
}

export function placedRobot(name = 'ops', given: Partial<Robot> = {}): PlacedRobot {
  const robot: Robot = {
    name,
    kind: 'dingtalk',
    routes: ['collector'],
    language: 'en',
    keyword: 'marketprism',
    criticalAtMobiles: ['13800000000'],
    criticalAtAll: false,
    ...given,
  }
  return { fake: new FakeRobot({ ...SETTINGS, token: `token-of-${name}`, secret: `SEC-of-${name}` }), robot }
}

/** A bridge in virtual time, with robots that keep DingTalk's rules. `crash` ends it as `kill -9` would, and starts it again. */
export class BridgeRig {
  readonly simulation = new Simulation({ seed: 7 })
  readonly events: BridgeEvent[] = []
  /** Messages that reach nobody, and have no answer: the network is gone. */
  isCut = false
  bridge: Bridge
  readonly #robots: readonly PlacedRobot[]
  readonly #options: Partial<BridgeOptions>
  #life = 0

  constructor(robots: readonly PlacedRobot[] = [placedRobot()], options: Partial<BridgeOptions> = {}) {
    this.#robots = robots
    this.#options = options
    this.bridge = this.#start()
  }

  /** A webhook of Alertmanager; answers its status. */
  async webhook(body: Uint8Array, route = 'collector'): Promise<number> {
    return (await this.post(`/dingtalk/${route}/send`, body)).status
  }

  async post(path: string, body: Uint8Array): Promise<ServerReply> {
    return this.bridge.answer({
      method: 'POST',
      path,
      query: new Map(),
      headers: new Map(),
      address: '127.0.0.1',
      body,
    })
  }

  async get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const request = { method: 'GET', path, query: new Map(), headers: new Map(), address: '127.0.0.1' }
    const { status, body } = await this.bridge.answer(request)
    return { status, text: String(body) }
  }

  /** The process is gone at this moment: whatever it was waiting for reaches nobody. */
  crash(): void {
    this.#life++
    this.simulation.files.remove('alerts/lock')
    this.bridge = this.#start()
  }

  nowMs(): number {
    return this.simulation.clock.now() / 1_000
  }

  #start(): Bridge {
    const life = this.#life
    const alive = (): boolean => this.#life === life
    const { timers, clock, random, files } = this.simulation
    const bridge = new Bridge({
      folder: 'alerts',
      queueBytes: 1_048_576,
      repeatMs: 150_000,
      timeZone: 'UTC',
      robots: this.#robots.map(({ robot, fake }) => ({
        robot,
        secrets: {
          url: `http://${robot.name}.test/robot/send?access_token=${fake.settings.token}`,
          secret: fake.settings.secret,
        },
      })),
      heartbeatUrl: undefined,
      runtime: {
        clock,
        random,
        files,
        // A process that was killed has no timers.
        timers: {
          after: (delayMs, run) => timers.after(delayMs, () => alive() && run()),
          every: (periodMs, run) => timers.every(periodMs, () => alive() && run()),
        },
      },
      post: (url, body) =>
        new Promise((resolve) => {
          timers.after(LATENCY_MS / 2, () => {
            // A process that ends takes what it has not sent with it.
            if (!alive()) return
            const reply = this.isCut ? undefined : this.#deliver(url, body)
            timers.after(LATENCY_MS / 2, () => {
              if (!alive()) return
              if (reply === undefined) resolve({ name: 'failure', code: 'timeout', isUncertain: true })
              else
                resolve({
                  name: 'answer',
                  status: reply.status,
                  text: reply.body,
                  retryAfterMs: retryAfterMs(reply.retryAfter, this.nowMs()),
                })
            })
          })
        }),
      hmac: (key, text) => createHmac('sha256', key).update(text).digest('base64'),
      memoryBytes: () => 1,
      emit: (event) => this.events.push(event),
      ...this.#options,
    })
    bridge.start()
    return bridge
  }

  #deliver(url: string, body: string) {
    const target = new URL(url)
    const placed = this.#robots.find(({ robot }) => target.hostname === `${robot.name}.test`)
    return placed?.fake.receive({ method: 'POST', url, contentType: 'application/json', body }, this.nowMs())
  }
}

/** The most messages that came to a robot in any 60 s. */
export function busiestMinute(arrivals: readonly number[]): number {
  return Math.max(
    0,
    ...arrivals.map(
      (startMs) => arrivals.filter((atMs) => atMs >= startMs && atMs < startMs + 60_000).length,
    ),
  )
}
