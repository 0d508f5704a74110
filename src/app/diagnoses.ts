import type { AdminAction } from '../http/admin.ts'
import type { ServerReply } from '../core/http.ts'
import { jsonReply, textReply } from '../http/exchange.ts'
import type { Timers } from '../runtime/runtime.ts'
import { DIAGNOSES, type Diagnosis } from './parent-link.ts'
import type { Child } from './supervision.ts'

const SECONDS_DEFAULT = 10
const SECONDS_MAX = 60
/** A process that has not answered by then is stuck, and the watchdog will tell. */
const PATIENCE_MS = 15_000
/** Profiles cost the process something: one at a time. */
const WAITING_LIMIT = 1

/** What a running process is asked to find out about itself, through the admin endpoint. */
export class Diagnoses {
  readonly #timers: Timers
  readonly #waiting = new Map<number, (body: string) => void>()
  #last = 0

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Takes a message of a process; others than answers to what was asked are left alone. */
  hear(message: unknown): void {
    const facts = new Map<string, unknown>(Object.entries(Object(message)))
    const [id, body] = [facts.get('id'), facts.get('body')]
    if (facts.get('kind') === 'diagnosis' && typeof id === 'number' && typeof body === 'string') {
      this.#waiting.get(id)?.(body)
    }
  }

  /** The actions of the admin endpoint: `POST /admin/cpu-profile?process=collector&seconds=10`. */
  actions(children: ReadonlyMap<string, Child>): Readonly<Record<string, AdminAction>> {
    return Object.fromEntries(
      DIAGNOSES.map((what) => [
        what,
        (query: ReadonlyMap<string, string>) => this.#act(what, query, children),
      ]),
    )
  }

  async #act(
    what: Diagnosis,
    query: ReadonlyMap<string, string>,
    children: ReadonlyMap<string, Child>,
  ): Promise<ServerReply> {
    const name = query.get('process') ?? 'collector'
    const child = children.get(name)
    if (child === undefined) return textReply(400, `process: one of ${[...children.keys()].join(', ')}`)
    const seconds = Number(query.get('seconds') ?? SECONDS_DEFAULT)
    if (!(seconds >= 1 && seconds <= SECONDS_MAX)) return textReply(400, `seconds: 1 to ${SECONDS_MAX}`)
    if (this.#waiting.size >= WAITING_LIMIT) return textReply(429, 'another one is under way')
    const body = await this.#ask(child, what, seconds)
    return body === undefined ? textReply(503, `${name} does not answer`) : jsonReply(200, body)
  }

  #ask(child: Child, what: Diagnosis, seconds: number): Promise<string | undefined> {
    const id = ++this.#last
    return new Promise((resolve) => {
      const settle = (body: string | undefined): void => {
        timer.cancel()
        this.#waiting.delete(id)
        resolve(body)
      }
      const timer = this.#timers.after(seconds * 1_000 + PATIENCE_MS, () => settle(undefined))
      this.#waiting.set(id, settle)
      child.ask({ kind: 'diagnose', id, what, seconds })
    })
  }
}
