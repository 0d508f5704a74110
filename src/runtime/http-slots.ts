/**
 * Where a connection of a server stands, the first to be given up first:
 *
 * - `refused`: told so, waits for its client to hang up
 * - `reading`: has not sent a whole request yet
 * - `kept`: was answered, and may ask again
 * - `writing`: its client takes the answer
 * - `answering`: the answer is being made; never given up
 */
export const STAGES = ['refused', 'reading', 'kept', 'writing', 'answering'] as const
export type Stage = (typeof STAGES)[number]

/** One connection. `stage` and `turn` belong to `Slots`. */
export interface Slot {
  /** Whose it is: connections are limited for each of these. */
  readonly address: string
  stage: Stage
  /** When it came to its stage, in the order of such events. */
  turn: number
}

export interface SlotLimits {
  readonly total: number
  readonly perAddress: number
}

/** Why a connection has to go. */
export type SlotRefusal = 'address_limit' | 'connection_limit'

/** The connections of a server: never more than its limits, and whoever keeps it waiting longest goes first. */
export class Slots<Kind extends Slot> {
  readonly #limits: SlotLimits
  readonly #open = new Set<Kind>()
  readonly #countBy = new Map<string, number>()
  #turn = 0

  constructor(limits: SlotLimits) {
    this.#limits = limits
  }

  /** Takes it in. Answers which one has to be ended for that, already taken out: the new one itself, where no other may go. */
  add(slot: Kind): { readonly ended: Kind; readonly reason: SlotRefusal } | undefined {
    const reason = this.#refusal(slot.address)
    const ended = reason === undefined ? undefined : this.#worst(slot, reason)
    if (ended !== undefined) this.remove(ended)
    if (ended === slot && reason !== undefined) return { ended, reason }
    this.#open.add(slot)
    this.#countBy.set(slot.address, (this.#countBy.get(slot.address) ?? 0) + 1)
    this.move(slot, 'reading')
    return ended === undefined || reason === undefined ? undefined : { ended, reason }
  }

  move(slot: Kind, stage: Stage): void {
    slot.stage = stage
    slot.turn = ++this.#turn
  }

  /** Does nothing for one that is not in. */
  remove(slot: Kind): void {
    if (!this.#open.delete(slot)) return
    const count = (this.#countBy.get(slot.address) ?? 0) - 1
    if (count > 0) this.#countBy.set(slot.address, count)
    else this.#countBy.delete(slot.address)
  }

  /** All that are open, in the order in which they came. */
  open(): readonly Kind[] {
    return [...this.#open]
  }

  #refusal(address: string): SlotRefusal | undefined {
    if ((this.#countBy.get(address) ?? 0) >= this.#limits.perAddress) return 'address_limit'
    return this.#open.size >= this.#limits.total ? 'connection_limit' : undefined
  }

  /** The one at the lowest stage, of these the oldest; over the limit of an address, one of that address. */
  #worst(newcomer: Kind, reason: SlotRefusal): Kind {
    let worst: Kind | undefined
    for (const slot of this.#open) {
      if (slot.stage === 'answering') continue
      if (reason === 'address_limit' && slot.address !== newcomer.address) continue
      if (worst === undefined || isWorse(slot, worst)) worst = slot
    }
    return worst ?? newcomer
  }
}

function isWorse(left: Slot, right: Slot): boolean {
  const stages = STAGES.indexOf(left.stage) - STAGES.indexOf(right.stage)
  return stages === 0 ? left.turn < right.turn : stages < 0
}
