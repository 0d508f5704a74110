import { type Alert, alertKey, type Notice, severityOf } from './notice.ts'
import { bytesOf } from './text.ts'

/** One alert on its way to the robots of a route. */
export interface Entry {
  /** Grows by one for each alert that was ever queued. */
  readonly id: number
  /** Of the first alert of its webhook: what came together may be told together. */
  readonly noticeId: number
  readonly route: string
  readonly externalUrl: string
  readonly truncatedAlerts: number
  /** When it was queued, epoch ms. */
  readonly atMs: number
  readonly alert: Alert
  readonly sizeBytes: number
}

/** What happens to the backlog: each is a line on the disk, and the backlog is what all lines together say. Times are epoch ms. */
export type BacklogEvent =
  | {
      readonly op: 'queued'
      readonly atMs: number
      /** Digest of what the webhook says. */
      readonly key: string
      readonly firstId: number
      readonly route: string
      /** For which robots, by position which of the alerts; all of them where it is left out. */
      readonly robots: readonly { readonly name: string; readonly only?: readonly number[] }[]
      readonly externalUrl: string
      readonly truncatedAlerts: number
      readonly alerts: readonly Alert[]
    }
  /** Written before a message goes out: what it says may have arrived from here on. */
  | { readonly op: 'sending'; readonly atMs: number; readonly robot: string; readonly ids: readonly number[] }
  /** The robot has answered, or has not in time. `done` need not be told again. */
  | {
      readonly op: 'answered'
      readonly atMs: number
      readonly robot: string
      readonly done: readonly number[]
      /** Nothing is sent to it before. */
      readonly pausedUntilMs?: number
      /** It is not known whether the message has arrived. */
      readonly isUncertain?: true
    }
  /** What is known besides entries, at the top of a file that was written anew. */
  | {
      readonly op: 'kept'
      readonly nextId: number
      readonly recent: readonly (readonly [key: string, atMs: number])[]
      readonly robots: readonly {
        readonly name: string
        readonly sentAtMs: readonly number[]
        readonly pausedUntilMs?: number | undefined
        readonly uncertain: readonly number[]
      }[]
    }
  /** Says nothing: whether a line can be written. */
  | { readonly op: 'probe' }

interface Waiting {
  readonly entries: Map<number, Entry>
  /** Of `alertKey`. */
  readonly keys: Set<string>
  bytes: number
  /** Ends of sendings, the oldest first; of one without an answer, its beginning. */
  sentAtMs: number[]
  pausedUntilMs: number | undefined
  flying: { readonly ids: readonly number[]; readonly atMs: number } | undefined
  /** Entries that may have arrived already. */
  readonly uncertain: Set<number>
}

/** Sendings that are remembered of a robot: more than the most that may fall into any minute. */
const SENT_LIMIT = 100
/** Webhooks that are remembered, to know their repeats. Beyond, the oldest is forgotten. */
const RECENT_LIMIT = 10_000

/** Alerts that are queued and not delivered yet, by robot. Pure: it is what the events given to `apply` say. */
export class Backlog {
  readonly #robots = new Map<string, Waiting>()
  /** When a webhook was last taken for a robot, by both. */
  readonly #recent = new Map<string, number>()
  #nextId = 1

  get nextId(): number {
    return this.#nextId
  }

  /** Names of robots for which there ever was something. */
  get robots(): readonly string[] {
    return [...this.#robots.keys()]
  }

  waiting(robot: string): readonly Entry[] {
    return [...(this.#robots.get(robot)?.entries.values() ?? [])]
  }

  count(robot: string): number {
    return this.#robots.get(robot)?.entries.size ?? 0
  }

  bytes(robot: string): number {
    return this.#robots.get(robot)?.bytes ?? 0
  }

  /** Whether this alert, in this state, waits for the robot already. */
  holds(robot: string, alert: Alert): boolean {
    return this.#robots.get(robot)?.keys.has(alertKey(alert)) ?? false
  }

  /** When a webhook that says the same was last taken for the robot, epoch ms. */
  takenAtMs(robot: string, key: string): number | undefined {
    return this.#recent.get(recentKey(robot, key))
  }

  /** What was sent to it lately, and until when it wants to be left alone; epoch ms. */
  pace(robot: string): { readonly sentAtMs: readonly number[]; readonly pausedUntilMs: number | undefined } {
    const waiting = this.#robots.get(robot)
    return { sentAtMs: waiting?.sentAtMs ?? [], pausedUntilMs: waiting?.pausedUntilMs }
  }

  isUncertain(robot: string, id: number): boolean {
    return this.#robots.get(robot)?.uncertain.has(id) ?? false
  }

  apply(event: BacklogEvent): void {
    switch (event.op) {
      case 'queued':
        this.#queue(event)
        break
      case 'sending': {
        const waiting = this.#of(event.robot)
        this.#land(waiting)
        waiting.flying = event
        break
      }
      case 'answered':
        this.#answer(event)
        break
      case 'kept':
        this.#keep(event)
        break
      case 'probe':
        break
    }
  }

  /** After a restart: what was on its way when the process ended may have arrived. */
  settle(): void {
    for (const waiting of this.#robots.values()) this.#land(waiting)
  }

  /**
   * Robots that are configured no longer leave what waits for them to the `heirs` of its route. Answers how many alerts have none:
   * these are gone.
   */
  adopt(known: ReadonlySet<string>, heirs: (route: string) => readonly string[]): number {
    let lost = 0
    for (const [name, { entries }] of this.#robots) {
      if (known.has(name)) continue
      for (const entry of entries.values()) {
        const names = heirs(entry.route)
        if (names.length === 0) lost++
        this.#inherit(names, entry)
      }
      this.#robots.delete(name)
    }
    return lost
  }

  #inherit(names: readonly string[], entry: Entry): void {
    for (const name of names) if (!this.holds(name, entry.alert)) this.#add(name, entry)
  }

  /** The events that say all of it, and nothing of what is over. */
  image(): readonly BacklogEvent[] {
    const robots = [...this.#robots].map(([name, { sentAtMs, pausedUntilMs, uncertain }]) => ({
      name,
      sentAtMs,
      pausedUntilMs,
      uncertain: [...uncertain],
    }))
    const namesOf = new Map<Entry, string[]>()
    for (const [name, { entries }] of this.#robots) {
      for (const entry of entries.values()) namesOf.set(entry, [...(namesOf.get(entry) ?? []), name])
    }
    const entries = [...namesOf].toSorted(([one], [other]) => one.id - other.id)
    const flying = [...this.#robots].flatMap(([robot, waiting]) =>
      waiting.flying === undefined ? [] : [{ op: 'sending', robot, ...waiting.flying } as const],
    )
    return [
      { op: 'kept', nextId: this.#nextId, recent: [...this.#recent], robots },
      ...entries.map(([entry, names]) => queuedAgain(entry, names)),
      ...flying,
    ]
  }

  #queue(event: Extract<BacklogEvent, { op: 'queued' }>): void {
    const { atMs, key, firstId, route, externalUrl, truncatedAlerts, alerts } = event
    const entries = alerts.map((alert, at) => ({
      id: firstId + at,
      noticeId: firstId,
      route,
      externalUrl,
      truncatedAlerts,
      atMs,
      alert,
      sizeBytes: sizeOf(alert),
    }))
    this.#nextId = Math.max(this.#nextId, firstId + alerts.length)
    for (const { name, only } of event.robots) {
      if (key !== '') this.#remember(recentKey(name, key), atMs)
      for (const [at, entry] of entries.entries()) {
        if (only === undefined || only.includes(at)) this.#add(name, entry)
      }
    }
  }

  #remember(key: string, atMs: number): void {
    this.#recent.delete(key)
    this.#recent.set(key, atMs)
    const [first] = this.#recent.keys()
    if (this.#recent.size > RECENT_LIMIT && first !== undefined) this.#recent.delete(first)
  }

  #add(robot: string, entry: Entry): void {
    const waiting = this.#of(robot)
    // A line that could neither be forced to the disk nor be cut back was refused: the one after it, with the same id, is what was taken.
    const refused = waiting.entries.get(entry.id)
    if (refused !== undefined) remove(waiting, refused)
    waiting.entries.set(entry.id, entry)
    waiting.keys.add(alertKey(entry.alert))
    waiting.bytes += entry.sizeBytes
  }

  #answer({
    robot,
    atMs,
    done,
    pausedUntilMs,
    isUncertain,
  }: Extract<BacklogEvent, { op: 'answered' }>): void {
    const waiting = this.#of(robot)
    const flying = waiting.flying
    waiting.flying = undefined
    waiting.pausedUntilMs = pausedUntilMs
    if (flying !== undefined) note(waiting, atMs)
    if (isUncertain === true) for (const id of flying?.ids ?? []) waiting.uncertain.add(id)
    for (const id of done) {
      const entry = waiting.entries.get(id)
      if (entry === undefined) continue
      remove(waiting, entry)
    }
  }

  #land(waiting: Waiting): void {
    const { flying } = waiting
    if (flying === undefined) return
    waiting.flying = undefined
    note(waiting, flying.atMs)
    for (const id of flying.ids) if (waiting.entries.has(id)) waiting.uncertain.add(id)
  }

  #keep({ nextId, recent, robots }: Extract<BacklogEvent, { op: 'kept' }>): void {
    this.#nextId = nextId
    for (const [key, atMs] of recent) this.#recent.set(key, atMs)
    for (const { name, sentAtMs, pausedUntilMs, uncertain } of robots) {
      const waiting = this.#of(name)
      waiting.sentAtMs = [...sentAtMs]
      waiting.pausedUntilMs = pausedUntilMs
      for (const id of uncertain) waiting.uncertain.add(id)
    }
  }

  #of(robot: string): Waiting {
    const known = this.#robots.get(robot)
    if (known !== undefined) return known
    const waiting: Waiting = {
      entries: new Map(),
      keys: new Set(),
      bytes: 0,
      sentAtMs: [],
      pausedUntilMs: undefined,
      flying: undefined,
      uncertain: new Set(),
    }
    this.#robots.set(robot, waiting)
    return waiting
  }
}

function remove(waiting: Waiting, { id, alert, sizeBytes }: Entry): void {
  waiting.entries.delete(id)
  waiting.uncertain.delete(id)
  waiting.keys.delete(alertKey(alert))
  waiting.bytes -= sizeBytes
}

/** Bytes that an alert takes in the queue, about. */
export const sizeOf = (alert: Alert): number => bytesOf(JSON.stringify(alert)) + 200

/** Whether any of them fires and is critical: it may use the room that is kept for such. */
export const isCritical = ({ alerts }: Pick<Notice, 'alerts'>): boolean =>
  alerts.some((alert) => alert.status === 'firing' && severityOf(alert) === 'critical')

function note(waiting: Waiting, atMs: number): void {
  waiting.sentAtMs.push(atMs)
  if (waiting.sentAtMs.length > SENT_LIMIT) waiting.sentAtMs.shift()
}

function queuedAgain(entry: Entry, names: readonly string[]): BacklogEvent {
  const { id, route, externalUrl, truncatedAlerts, atMs, alert } = entry
  const robots = names.map((name) => ({ name }))
  return {
    op: 'queued',
    atMs,
    key: '',
    firstId: id,
    route,
    robots,
    externalUrl,
    truncatedAlerts,
    alerts: [alert],
  }
}

const recentKey = (robot: string, key: string): string => `${robot} ${key}`
