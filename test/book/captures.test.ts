// Books of recorded Binance streams against what an independent program made of the same recordings.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { Book } from '../../src/book/book.ts'
import { fullDepthDigest } from '../../src/book/digest.ts'
import { BookSync, type LinkRule } from '../../src/book/sync.ts'
import { KIND } from '../../src/core/columns.ts'
import { epochMicros } from '../../src/core/units.ts'
import { capturesFolder } from '../captures.ts'
import { eventOf, type Level } from './events.ts'
import { FUTURES, SPOT } from './links.ts'

/** Binance sheets, section on the order book: the stream's event, and the answer to the depth request. */
interface DepthEvent {
  readonly e: string
  readonly s: string
  readonly U: number
  readonly u: number
  readonly pu?: number
  readonly b: readonly Level[]
  readonly a: readonly Level[]
}
interface DepthAnswer {
  readonly lastUpdateId: number
  readonly bids: readonly Level[]
  readonly asks: readonly Level[]
}

interface Expected {
  readonly symbols: readonly {
    readonly symbol: string
    readonly updates_applied: number
    readonly gaps: number
    readonly bid_levels: number
    readonly ask_levels: number
    readonly full_depth_sha256: string
    readonly checkpoints: readonly { readonly applied: number; readonly full_depth_sha256: string }[]
  }[]
}

/** One symbol's book as the recording goes by. */
class Follower {
  readonly sync: BookSync
  readonly digests = new Map<number, string>()
  applied = 0
  gaps = 0
  #timeUs = 0

  constructor(rule: LinkRule) {
    this.sync = new BookSync(rule, new Book())
  }

  get digest(): string {
    return fullDepthDigest(this.sync.book, createHash('sha256')).digest('hex')
  }

  event({ U, u, pu, b, a }: DepthEvent): void {
    const columns = eventOf({ first: U, last: u, previous: pu ?? Number.NaN, bids: b, asks: a })
    const outcome = this.sync.delta(columns, 0, epochMicros(this.#timeUs++))
    if (outcome === 'applied') this.#count()
    if (outcome === 'gap' || outcome === 'reset') this.gaps++
  }

  answer({ lastUpdateId, bids, asks }: DepthAnswer): void {
    const columns = eventOf({ kind: KIND.snapshot, last: lastUpdateId, bids, asks })
    this.sync.snapshot(columns, 0, 1_000, { joined: () => undefined, applied: () => this.#count() })
  }

  #count(): void {
    this.applied++
    if ([1, 10, 100].includes(this.applied) || this.applied % 1_000 === 0) {
      this.digests.set(this.applied, this.digest)
    }
  }
}

function follow(path: string, rule: LinkRule): Map<string, Follower> {
  const followers = new Map<string, Follower>()
  const of = (symbol: string): Follower => {
    const follower = followers.get(symbol) ?? new Follower(rule)
    followers.set(symbol, follower)
    return follower
  }
  for (const line of gunzipSync(readFileSync(path)).toString().trimEnd().split('\n')) {
    const { src, conn, dir, raw } = JSON.parse(line) as Record<'src' | 'conn' | 'dir' | 'raw', string>
    if (dir !== 'in' || !/depth/.test(src === 'rest' ? conn : raw)) continue
    const said = JSON.parse(raw) as { data?: DepthEvent } & DepthEvent & DepthAnswer
    const symbol = /symbol=(\w+)/.exec(conn)?.[1]
    const event = said.data ?? said
    if (src === 'rest' && symbol !== undefined) of(symbol.toUpperCase()).answer(said)
    else if (event.e === 'depthUpdate') of(event.s).event(event)
  }
  return followers
}

const folder = capturesFolder()
const RECORDINGS = [
  ['binance-spot', '2021-04-05-10sym', SPOT],
  ['binance-derivatives', '2021-04-05-5sym', FUTURES],
] as const

for (const [venue, name, rule] of RECORDINGS) {
  const skip = folder === undefined && 'no recordings: set MARKETPRISM_CAPTURES'
  test(`the books of ${venue} ${name} are those of the independent program`, { skip }, () => {
    assert.ok(folder !== undefined)
    const expected = JSON.parse(
      readFileSync(join(folder, 'expected', `${venue}__${name}.json`), 'utf8'),
    ) as Expected
    const followers = follow(join(folder, venue, `${name}.ndjson.gz`), rule)
    assert.ok(expected.symbols.length > 0)
    for (const one of expected.symbols) {
      const follower = followers.get(one.symbol)
      assert.ok(follower, one.symbol)
      assert.deepEqual([follower.applied, follower.gaps], [one.updates_applied, one.gaps], one.symbol)
      for (const { applied, full_depth_sha256 } of one.checkpoints) {
        assert.equal(follower.digests.get(applied), full_depth_sha256, `${one.symbol} after ${applied}`)
      }
      const { bids, asks } = follower.sync.book
      assert.deepEqual([bids.count, asks.count], [one.bid_levels, one.ask_levels])
      assert.equal(follower.digest, one.full_depth_sha256, one.symbol)
    }
  })
}
