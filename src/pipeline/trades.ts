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

/** Whether a trade of another session than the owner proves that this session has joined, and is to be taken. */
function succeeds(trades: TradeStream, session: number, verdict: Verdict): boolean {
  if (trades.successor !== session || verdict === 'gap') return false
  succeed(trades)
  return true
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

  /** Takes the trade at `at`. Where it just follows, `streams` is not looked at: see `StreamNumbers`. */
  take(streams: InstrumentStreams, columns: Columns, at: number, from: Origin): void {
    const numbers = this.#numbers
    const slot = columns.slot[at] ?? 0
    const last = columns.last[at] ?? Number.NaN
    const told = columns.first[at] ?? Number.NaN
    const first = Number.isNaN(told) ? last : told
    const venueTimeUs = columns.venueTimeUs[at] ?? Number.NaN
    const verdict = this.#judge(slot, { first, last, venueTimeUs })
    if (numbers.tradeOwner[slot] !== from.session && !succeeds(streams.trades, from.session, verdict)) return
    if (verdict === 'old') {
      this.#counts.duplicates++
      return
    }
    if (verdict !== 'next' && !this.#recorder.isHeld) this.#tell(streams, first, verdict, from)
    if (this.#recorder.isHeld) {
      this.#counts.unrecorded++
      this.#gaps.withhold(streams, stepsTo(streams.trades, last))
    } else {
      numbers.tradeRecorded[slot] = 1
      this.#recorder.trade(slot, columns, at, from)
    }
    numbers.tradeSequence[slot] = last
    numbers.tradeVenueTimeUs[slot] = venueTimeUs
    numbers.tradeTimeUs[slot] = from.receiveTimeUs
    numbers.tradeOlds[slot] = 0
    numbers.tradeSuspect[slot] = 0
    this.#counts.lag(from.receiveTimeUs, venueTimeUs)
  }

  /**
   * What a trade means to its stream. Trades without numbers, and the first of a stream, always follow. An old number on a later time is a
   * sign that the venue has begun to count anew; after `OLD_LIMIT` of them in a row it has. A repeat, however many trades it has, is no
   * later than what it repeats.
   */
  #judge(slot: number, { first, last, venueTimeUs }: TradePlace): Verdict {
    const { tradeSequence, tradeVenueTimeUs, tradeOlds } = this.#numbers
    const stands = tradeSequence[slot] ?? Number.NaN
    if (Number.isNaN(stands) || Number.isNaN(last)) return 'next'
    if (last <= stands) {
      if (venueTimeUs <= (tradeVenueTimeUs[slot] ?? Number.NaN)) return 'old'
      const olds = (tradeOlds[slot] ?? 0) + 1
      // Of a session that owns nothing they come without end.
      tradeOlds[slot] = Math.min(olds, OLD_LIMIT)
      return olds < OLD_LIMIT ? 'old' : 'reset'
    }
    tradeOlds[slot] = 0
    return first <= stands + 1 ? 'next' : 'gap'
  }

  /** Tells the hole before the trade at `first`. The stream stands behind it then: the record may be the last that can be made. */
  #tell(streams: InstrumentStreams, first: number, verdict: 'gap' | 'reset', from: Origin): void {
    const { trades } = streams
    const suspect = verdict === 'reset' ? 'reset' : this.#gaps.suspect(from.session, trades.goodTimeUs)
    const cause = trades.suspect ?? suspect
    this.#gaps.trades(streams, { cause, first, receiveTimeUs: from.receiveTimeUs })
    this.#numbers.tradeRecorded[streams.slot] = 1
    trades.last = first - 1
    trades.goodTimeUs = from.receiveTimeUs
  }
}
