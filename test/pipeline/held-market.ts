import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Shed, ShedRules } from '../../src/pipeline/shedding.ts'
import { binanceSpot } from '../../src/venues/binance/spot.ts'
import { delta, trade } from './frames.ts'
import { RecordJudge } from './record-judge.ts'
import { type Json, Rig } from './rig.ts'

const SYMBOLS = ['BTCUSDT', 'ETHUSDT']
/** Intervals of the top of the book are a few steps long. */
const WITH_TOPS = { deltas: true, depth: 2, everyMs: 5 }

/** One thing that happens to a collector. */
export type Step =
  /** A level changes; `lost` on the way. */
  | {
      readonly name: 'change'
      readonly slot: number
      readonly price: number
      readonly size: number
      readonly lost: boolean
    }
  | { readonly name: 'trade'; readonly slot: number; readonly lost: boolean }
  /** The last frame comes again. */
  | { readonly name: 'repeat' }
  /** A snapshot comes, as of `behind` changes ago. */
  | { readonly name: 'snapshot'; readonly slot: number; readonly behind: number }
  /** The oldest socket ends. */
  | { readonly name: 'drop' }
  /** A second socket joins. */
  | { readonly name: 'rotate' }
  | { readonly name: 'pass'; readonly ms: number }
  | { readonly name: 'hold' }
  | { readonly name: 'resume' }
  /** The journal takes so many records, and no more. */
  | { readonly name: 'fill'; readonly records: number }
  | { readonly name: 'shed'; readonly shed: Shed }

const SLOT = fc.nat(SYMBOLS.length - 1)
const LOST = fc.integer({ min: 0, max: 9 }).map((chance) => chance === 0)
const step = <Value>(arbitrary: fc.Arbitrary<Value>, weight: number) => ({ arbitrary, weight })

/** What happens to the streams. */
export const MARKET_STEP: fc.Arbitrary<Step> = fc.oneof(
  step(
    fc.record({
      name: fc.constant('change' as const),
      slot: SLOT,
      price: fc.integer({ min: 95, max: 106 }),
      size: fc.nat(3),
      lost: LOST,
    }),
    10,
  ),
  step(fc.record({ name: fc.constant('trade' as const), slot: SLOT, lost: LOST }), 6),
  step(fc.constant({ name: 'repeat' as const }), 1),
  step(fc.record({ name: fc.constant('snapshot' as const), slot: SLOT, behind: fc.nat(2) }), 5),
  step(fc.constant({ name: 'drop' as const }), 1),
  step(fc.constant({ name: 'rotate' as const }), 1),
  step(fc.record({ name: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 10 }) }), 3),
)
/** What happens to the journal. */
export const JOURNAL_STEP: fc.Arbitrary<Step> = fc.oneof(
  step(fc.constant({ name: 'hold' as const }), 2),
  step(fc.constant({ name: 'resume' as const }), 4),
  step(fc.record({ name: fc.constant('fill' as const), records: fc.integer({ min: 1, max: 6 }) }), 2),
)

/** What the governor asks for. */
export const SHED_STEP: fc.Arbitrary<Step> = fc.record({
  name: fc.constant('shed' as const),
  shed: fc.record({ slowTops: fc.boolean(), shallowTops: fc.boolean(), noRenewals: fc.boolean() }),
})
/** Bitcoin is never shed; a slow interval is some intervals long. */
export const SHED_RULES: ShedRules = {
  tier: ({ base }) => (base === 'BTC' ? 1 : 3),
  slowMs: 20,
  depth: 1,
}

/** Two instruments of a venue, a pipeline that follows them, a journal that fills up, and a judge of every record. */
export class HeldMarket {
  readonly rig: Rig
  readonly judge: RecordJudge
  holds = 0
  #isHeld = false
  /** Records until the journal is full. */
  #room = Infinity
  readonly #markets = SYMBOLS.map((symbol) => new Market(symbol))
  #sessions = [1]
  #session = 1
  #last: Json | undefined

  constructor(publish = WITH_TOPS) {
    this.rig = new Rig(binanceSpot, SYMBOLS, publish, SHED_RULES)
    this.judge = new RecordJudge(this.rig.pipeline)
    this.rig.carry(1)
    this.rig.hear = (record) => {
      assert.equal(this.#isHeld, false, 'nothing is handed on while held')
      this.judge.hear(record)
      this.#room--
      if (this.#room === 0) this.#hold()
    }
  }

  take(next: Step): void {
    this.rig.pass(1)
    switch (next.name) {
      case 'change':
        return this.#send(this.#market(next.slot).change(next.price, next.size), next.lost)
      case 'trade':
        return this.#send(this.#market(next.slot).trade(), next.lost)
      case 'repeat':
        return this.#send(this.#last ?? {}, this.#last === undefined)
      case 'snapshot':
        this.rig.snapshot(next.slot, this.#market(next.slot).snapshot(next.behind), this.#nowMs)
        return undefined
      case 'drop':
        return this.#drop()
      case 'rotate':
        return this.#rotate()
      case 'pass':
        return this.rig.pass(next.ms)
      case 'hold':
        return this.#hold()
      case 'resume':
        return this.#resume()
      case 'fill':
        this.#room = next.records
        return undefined
      case 'shed':
        return this.rig.pipeline.shed(next.shed)
    }
  }

  /** The journal has room for good, and one more trade of each comes: what is told then is all there was. */
  end(): void {
    this.#room = Infinity
    this.#resume()
    for (const [slot, market] of this.#markets.entries()) {
      this.take({ name: 'trade', slot, lost: false })
      assert.equal(this.judge.tradeTold(market.symbol), market.trades, 'every trade is recorded or in a gap')
      const book = this.rig.pipeline.streams[slot]?.book.sync
      if (book?.isLive !== true) continue
      assert.equal(this.judge.bookTold(market.symbol), book.book.sequence, 'what is live is recorded')
    }
  }

  get #nowMs(): number {
    return this.rig.timeline.steadyUs() / 1_000
  }

  #market(slot: number): Market {
    const market = this.#markets[slot]
    assert.ok(market)
    return market
  }

  #send(frame: Json, lost: boolean): void {
    if (lost) return
    this.#last = frame
    for (const session of this.#sessions) this.rig.frame(session, frame, this.#nowMs)
  }

  #drop(): void {
    const [oldest, ...others] = this.#sessions
    assert.ok(oldest !== undefined)
    this.rig.pipeline.ended(oldest, this.rig.all(), 'disconnected')
    this.#sessions = others
    if (others.length === 0) this.#rotate()
  }

  #rotate(): void {
    if (this.#sessions.length > 1) return
    this.#sessions.push(++this.#session)
    this.rig.carry(this.#session)
  }

  #hold(): void {
    if (!this.#isHeld) this.holds++
    this.#isHeld = true
    this.rig.pipeline.hold()
  }

  #resume(): void {
    this.#isHeld = false
    this.rig.pipeline.resume(this.rig.timeline.now())
  }
}

/** What truly happens on one instrument. */
class Market {
  readonly symbol: string
  trades = 0
  readonly #bids = new Map([[90, 1]])
  readonly #asks = new Map([[110, 1]])
  readonly #snapshots: Json[] = []

  constructor(symbol: string) {
    this.symbol = symbol
    this.#keep()
  }

  /** A bid below 101 or an ask above it gets `size`, or goes. */
  change(price: number, size: number): Json {
    const side = price <= 100 ? this.#bids : this.#asks
    if (size === 0) side.delete(price)
    else side.set(price, size)
    const last = this.#keep()
    const row = [[`${price}.00`, `${size}.000`]] as const
    return delta(this.symbol, last, last, side === this.#bids ? { b: row, a: [] } : { b: [], a: row })
  }

  trade(): Json {
    return trade(this.symbol, ++this.trades)
  }

  snapshot(behind: number): Json {
    const found = this.#snapshots.at(-1 - behind) ?? this.#snapshots[0]
    assert.ok(found)
    return found
  }

  #keep(): number {
    const lastUpdateId = this.#snapshots.length + 100
    const rows = (side: ReadonlyMap<number, number>, order: 1 | -1): string[][] =>
      Array.from(side)
        .toSorted(([one], [other]) => order * (one - other))
        .map(([price, size]) => [`${price}.00`, `${size}.000`])
    this.#snapshots.push({ lastUpdateId, bids: rows(this.#bids, -1), asks: rows(this.#asks, 1) })
    return lastUpdateId
  }
}
