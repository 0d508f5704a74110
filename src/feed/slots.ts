import type { Instrument } from '../core/instrument.ts'
import type { PlannedSubscription } from '../venues/venue.ts'
import type { SessionStream } from './subscribing.ts'

/** Instruments by slot: what a plan names by symbol becomes streams by number, and back. */
export class Slots {
  readonly #instruments: readonly Instrument[]
  readonly #slots = new Map<string, number>()

  constructor(instruments: readonly Instrument[]) {
    this.#instruments = instruments
    for (const [slot, { symbol }] of instruments.entries()) this.#slots.set(symbol, slot)
  }

  get size(): number {
    return this.#instruments.length
  }

  /** `undefined` for a symbol that has no slot. */
  slotOf(symbol: string): number | undefined {
    return this.#slots.get(symbol)
  }

  /** Empty for a slot that does not exist. */
  symbolOf(slot: number): string {
    return this.#instruments[slot]?.symbol ?? ''
  }

  /** The streams of planned subscriptions; those without a slot are left out. */
  streamsOf(planned: readonly PlannedSubscription[]): readonly SessionStream[] {
    return planned.flatMap(({ channel, symbol, key }) => {
      const slot = this.#slots.get(symbol)
      return slot === undefined ? [] : [{ slot, channel, key }]
    })
  }

  /** The planned subscriptions of streams. */
  plannedOf(streams: readonly SessionStream[]): readonly PlannedSubscription[] {
    return streams.map(({ slot, channel, key }) => ({ channel, key, symbol: this.symbolOf(slot) }))
  }
}
