import type { Channel } from '../core/ids.ts'
import type { TruthBook } from './model.ts'
import type { Outlet } from './outlet.ts'

/** What a name that a client subscribes to stands for. */
export interface Spec {
  readonly key: string
  readonly symbol: string
  /** `undefined`: a kind of stream that no collector asks for, such as a ticker. */
  readonly channel: Channel | undefined
}

/** Where the data of a venue comes from: a generated market, or a capture. Control planes subscribe clients to it. */
export interface Source {
  readonly symbols: readonly string[]
  /** The stream behind a name; `undefined`: there is none. */
  find(key: string): Spec | undefined
  /** From here on `outlet` gets the stream, beginning with a snapshot where the venue sends one. No effect for unknown names. */
  join(key: string, outlet: Outlet): void
  leave(key: string, outlet: Outlet): void
  truth(symbol: string): TruthBook | undefined
  watch(symbol: string, hear: (truth: TruthBook) => void): () => void
  /** Time has passed. Called every few ms while anyone is connected. */
  advance(steadyUs: number): void
}
