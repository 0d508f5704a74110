import { STORAGE_SINKS } from '../config/selection.ts'
import type { DeliveryLoop } from '../delivery/loop.ts'
import type { SegmentLoop } from '../delivery/segment-loop.ts'
import type { Emit } from '../telemetry/events.ts'
import type { Governing } from './shedding.ts'

type Loop = Pick<DeliveryLoop | SegmentLoop, 'pause' | 'resume'> & {
  readonly sink: { readonly name: string }
}

/** Does in a delivery process what the governor asks of it: sinks that store are paused, and resumed. */
export class StoragePause {
  readonly #loops: readonly Loop[]
  readonly #emit: Emit
  #isActive = false

  constructor(loops: readonly Loop[], emit: Emit) {
    this.#loops = loops.filter(({ sink }) => STORAGE_SINKS.some((name) => name === sink.name))
    this.#emit = emit
  }

  govern({ actions }: Governing): void {
    const active = actions.includes('pause_storage')
    if (active === this.#isActive) return
    this.#isActive = active
    this.#emit({ type: 'governor_action', action: 'pause_storage', active })
    for (const loop of this.#loops) {
      if (active) loop.pause()
      else loop.resume()
    }
  }
}
