import { BUY, type Columns } from '../core/columns.ts'
import { formatDecimal } from '../core/decimal.ts'

/** A trade stream, in the words of `captures/expected`. */
export interface TradeReport {
  stream: string
  symbol: string
  count: number
  buy: { count: number; size_sum: string }
  sell: { count: number; size_sum: string }
  first_id: number
  last_id: number
  id_jumps: number
  id_not_increasing: number
}

/** Sizes of one side, summed exactly. */
class SizeSum {
  count = 0
  #sum = 0n
  #decimals = 0

  add(size: number, big: bigint | undefined, decimals: number): void {
    this.count++
    if (decimals > this.#decimals) {
      this.#sum *= 10n ** BigInt(decimals - this.#decimals)
      this.#decimals = decimals
    }
    this.#sum += (big ?? BigInt(size)) * 10n ** BigInt(this.#decimals - decimals)
  }

  report(): { count: number; size_sum: string } {
    return { count: this.count, size_sum: formatDecimal(this.#sum, this.#decimals) }
  }
}

/** One trade stream of a capture: counts, exact sums, and how its ids go on. */
export class FollowedTrades {
  readonly #buy = new SizeSum()
  readonly #sell = new SizeSum()
  readonly #names: { readonly stream: string; readonly symbol: string }
  #first = Number.NaN
  #last = Number.NaN
  #jumps = 0
  #notIncreasing = 0

  constructor(names: { readonly stream: string; readonly symbol: string }) {
    this.#names = names
  }

  take(columns: Columns, at: number): void {
    const id = columns.last[at] ?? Number.NaN
    const told = columns.first[at] ?? Number.NaN
    const first = Number.isNaN(told) ? id : told
    if (Number.isNaN(this.#first)) this.#first = id
    else if (id <= this.#last) this.#notIncreasing++
    else if (first > this.#last + 1) this.#jumps++
    this.#last = id
    const level = columns.bidStart[at] ?? 0
    const side = columns.side[at] === BUY ? this.#buy : this.#sell
    side.add(columns.sizes[level] ?? 0, columns.bigSizes?.get(level), columns.sizeDecimals[level] ?? 0)
  }

  report(): TradeReport {
    return {
      ...this.#names,
      count: this.#buy.count + this.#sell.count,
      buy: this.#buy.report(),
      sell: this.#sell.report(),
      first_id: this.#first,
      last_id: this.#last,
      id_jumps: this.#jumps,
      id_not_increasing: this.#notIncreasing,
    }
  }
}
