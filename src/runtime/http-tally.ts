/** Why the server has turned somebody away. Closed: each is a label of a metric. */
export const REJECTIONS = [
  'address_limit',
  'connection_limit',
  'slow_request',
  'slow_reader',
  'slow_answer',
  'pipeline',
  'malformed',
  'header_size',
  'method',
  'body',
  'unauthorized',
  'rate_limited',
  'tls',
  'accept',
] as const
export type Rejection = (typeof REJECTIONS)[number]

/** What a status that refuses is counted as. */
const STATUS_REJECTIONS: ReadonlyMap<number, Rejection> = new Map([
  [400, 'malformed'],
  [401, 'unauthorized'],
  [405, 'method'],
  [408, 'slow_request'],
  [413, 'body'],
  [429, 'rate_limited'],
])

/** What a server has done since it began. */
export interface ServerCounts {
  readonly requests: readonly { readonly path: string; readonly code: number; readonly count: number }[]
  /** Requests that were refused, and connections that were ended before they had an answer. */
  readonly rejectedBy: Readonly<Record<Rejection, number>>
}

/** Counts what a server answers and whom it turns away. */
export class HttpTally {
  readonly #paths: readonly string[]
  /** By path, then code. */
  readonly #requests = new Map<string, Map<number, number>>()
  readonly #rejectedBy = zeros()

  /** `paths` are counted by name; one that ends in `/` stands for all below it, `other` for the rest. */
  constructor(paths: readonly string[]) {
    this.#paths = paths
  }

  answered(path: string, code: number): void {
    const reason = STATUS_REJECTIONS.get(code)
    if (reason !== undefined) this.rejected(reason)
    const label = this.#labelOf(path)
    const byCode = this.#requests.get(label) ?? new Map<number, number>()
    this.#requests.set(label, byCode)
    byCode.set(code, (byCode.get(code) ?? 0) + 1)
  }

  rejected(reason: Rejection): void {
    this.#rejectedBy[reason]++
  }

  counts(): ServerCounts {
    const requests = [...this.#requests].flatMap(([path, byCode]) =>
      [...byCode].map(([code, count]) => ({ path, code, count })),
    )
    return { requests, rejectedBy: { ...this.#rejectedBy } }
  }

  #labelOf(path: string): string {
    if (this.#paths.includes(path)) return path
    const isBelow = (known: string): boolean => known !== '/' && known.endsWith('/') && path.startsWith(known)
    return this.#paths.find(isBelow) ?? 'other'
  }
}

function zeros(): Record<Rejection, number> {
  return {
    address_limit: 0,
    connection_limit: 0,
    slow_request: 0,
    slow_reader: 0,
    slow_answer: 0,
    pipeline: 0,
    malformed: 0,
    header_size: 0,
    method: 0,
    body: 0,
    unauthorized: 0,
    rate_limited: 0,
    tls: 0,
    accept: 0,
  }
}
