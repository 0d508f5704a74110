import type { Control } from '../core/columns.ts'
import type { Request, Venue } from '../venues/venue.ts'
import type { StreamRef } from './frames.ts'

/** A stream and the key by which the venue knows it. */
export interface SessionStream extends StreamRef {
  readonly key: string
}

/** Requests kept by id: more than any socket has keys. The oldest is forgotten first; its answer then changes nothing. */
const REQUEST_LIMIT = 4_096
/** Missing keys are asked for one by one, so that a bad one cannot hold up the others, unless they are more than this. */
const ONE_BY_ONE_LIMIT = 20

/**
 * What one session subscribes to, and which of it the venue has not acknowledged yet. Makes the requests; sending them is the
 * session's business.
 */
export class Subscribing {
  readonly streams = new Map<string, SessionStream>()
  readonly #venue: Venue
  readonly #pending = new Set<string>()
  readonly #requests = new Map<string, readonly string[]>()
  /** Keys that cost a socket, others being acknowledged: missing again, they are left out. */
  readonly #strikes = new Set<string>()
  #lastId = 0
  readonly #ids = (): number => ++this.#lastId

  constructor(venue: Venue, streams: Iterable<SessionStream>) {
    this.#venue = venue
    this.add(streams)
  }

  /** Keys that nobody has answered for. */
  get pending(): number {
    return this.#pending.size
  }

  add(streams: Iterable<SessionStream>): void {
    for (const stream of streams) this.streams.set(stream.key, stream)
  }

  remove(streams: Iterable<SessionStream>): void {
    for (const { key } of streams) {
      this.streams.delete(key)
      this.#pending.delete(key)
    }
  }

  /** Subscribes to everything on a socket that has nothing yet. */
  all(): readonly Request[] {
    this.forget()
    const keys = [...this.streams.keys()]
    for (const key of keys) this.#pending.add(key)
    return this.subscribe(keys)
  }

  /** Asks again for what is missing. What has cost a socket before is left out, and is answered in `leftOut`. */
  again(): { readonly requests: readonly Request[]; readonly leftOut: readonly SessionStream[] } {
    const struck = [...this.#pending].filter((key) => this.#strikes.has(key))
    for (const key of struck) this.#pending.delete(key)
    const left = [...this.#pending]
    const requests =
      left.length > ONE_BY_ONE_LIMIT ? this.subscribe(left) : left.flatMap((key) => this.subscribe([key]))
    return { requests, leftOut: struck.flatMap((key) => this.streams.get(key) ?? []) }
  }

  /** A venue may leave out a key without a word: that must not cost the others one socket after another. */
  strike(): void {
    if (this.#pending.size === this.streams.size) return
    for (const key of this.#pending) this.#strikes.add(key)
  }

  /** The socket is no more. */
  forget(): void {
    this.#pending.clear()
    this.#requests.clear()
  }

  subscribe(keys: readonly string[]): readonly Request[] {
    const requests = this.#venue.subscribe(keys, this.#ids)
    for (const { id, keys: asked } of requests) {
      const oldest = this.#requests.keys().next()
      if (this.#requests.size >= REQUEST_LIMIT && oldest.done !== true) this.#requests.delete(oldest.value)
      this.#requests.set(id, asked)
    }
    return requests
  }

  unsubscribe(streams: readonly SessionStream[]): readonly Request[] {
    return this.#venue.unsubscribe(
      streams.map(({ key }) => key),
      this.#ids,
    )
  }

  /** Accepted: the named keys, or all that the request asked for. */
  accept({ id, keys }: Control & { readonly type: 'acknowledged' }): void {
    for (const key of keys ?? this.#askedBy(id)) {
      this.#pending.delete(key)
      this.#strikes.delete(key)
    }
  }

  /** Refused for good: answers the stream, where it is clear which one is meant. */
  refuse({ id, key, verdict }: Control & { readonly type: 'refused' }): SessionStream | undefined {
    const asked = this.#askedBy(id)
    const meant = key ?? (asked.length === 1 ? asked[0] : undefined)
    if (verdict !== 'drop' || meant === undefined) return undefined
    this.#pending.delete(meant)
    return this.streams.get(meant)
  }

  #askedBy(id: string | undefined): readonly string[] {
    return id === undefined ? [] : (this.#requests.get(id) ?? [])
  }
}
