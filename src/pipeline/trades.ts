import { OLD_LIMIT, type Verdict } from '../book/sync.ts'
import type { Columns } from '../core/columns.ts'
import type { Counts } from '../telemetry/counts.ts'
import type { GapLedger } from './gap-ledger.ts'
import type { Recorder } from './recorder.ts'
import {
  type InstrumentStreams,
  type Origin,
  type StreamNumbers,
  succeed,
  type TradeStream,
} from './streams.ts'

/** What a trade says of its place: the numbers that it covers, and its time. NaN: not told. */
interface TradePlace {
  readonly first: number
  readonly last: number
  readonly venueTimeUs: number
}

/** How many numbers the stream moves on with a trade at `last`; NaN where they begin anew, or there are none. */
function stepsTo(trades: TradeStream, last: number): number {
  const steps = last - trades.last
  return steps > 0 ? steps : Number.NaN
}

/** The path of a trade: each once, in the order of its numbers, and a gap record for each number that is missing. */
export class Trades {
  readonly #numbers: StreamNumbers
  readonly #recorder: Recorder
  readonly #gaps: GapLedger
  readonly #counts: Counts

  constructor(numbers: StreamNumbers, recorder: Recorder, gaps: GapLedger, counts: Counts) {
    this.#numbers = numbers
    this.#recorder = recorder
    this.#gaps = gaps
    this.#counts = counts
  }

  /** Takes the trade at `at`. */
  take(streams: InstrumentStreams, columns: Columns, at: number, from: Origin): void {
    const { trades, slot } = streams
    const last = columns.last[at] ?? Number.NaN
    const told = columns.first[at] ?? Number.NaN
    const first = Number.isNaN(told) ? last : told
    const venueTimeUs = columns.venueTimeUs[at] ?? Number.NaN
    const verdict = this.#judge(streams, { first, last, venueTimeUs })
    if (trades.owner !== from.session) {
      if (trades.successor !== from.session || verdict === 'gap') return
      succeed(trades)
    }
    if (verdict === 'old') {
      this.#counts.duplicates++
      return
    }
    if (verdict !== 'next' && !this.#recorder.isHeld) this.#tell(streams, first, verdict, from)
    if (this.#recorder.isHeld) {
      this.#counts.unrecorded++
      this.#gaps.withhold(streams, stepsTo(trades, last))
    } else {
      trades.isRecorded = true
      this.#recorder.trade(streams.records, columns, at, from)
    }
    this.#numbers.tradeSequence[slot] = last
    this.#numbers.tradeVenueTimeUs[slot] = venueTimeUs
    this.#numbers.tradeTimeUs[slot] = from.receiveTimeUs
    trades.olds = 0
    trades.suspect = undefined
    this.#counts.lag(from.receiveTimeUs, venueTimeUs)
  }

  /**
   * What a trade means to its stream. Trades without numbers, and the first of a stream, always follow. An old number on a later time is a
   * sign that the venue has begun to count anew; after `OLD_LIMIT` of them in a row it has. A repeat, however many trades it has, is no
   * later than what it repeats.
   */
  #judge({ trades, slot }: InstrumentStreams, { first, last, venueTimeUs }: TradePlace): Verdict {
    const stands = this.#numbers.tradeSequence[slot] ?? Number.NaN
    if (Number.isNaN(stands) || Number.isNaN(last)) return 'next'
    if (last <= stands) {
      if (venueTimeUs <= (this.#numbers.tradeVenueTimeUs[slot] ?? Number.NaN)) return 'old'
      return ++trades.olds < OLD_LIMIT ? 'old' : 'reset'
    }
    trades.olds = 0
    return first <= stands + 1 ? 'next' : 'gap'
  }

  /** Tells the hole before the trade at `first`. The stream stands behind it then: the record may be the last that can be made. */
  #tell(streams: InstrumentStreams, first: number, verdict: 'gap' | 'reset', from: Origin): void {
    const { trades } = streams
    const suspect = verdict === 'reset' ? 'reset' : this.#gaps.suspect(from.session, trades.goodTimeUs)
    const cause = trades.suspect ?? suspect
    this.#gaps.trades(streams, { cause, first, receiveTimeUs: from.receiveTimeUs })
    trades.isRecorded = true
    trades.last = first - 1
    trades.goodTimeUs = from.receiveTimeUs
  }
}
