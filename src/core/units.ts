declare const unit: unique symbol

/** A `Base` that carries a unit which the type checker keeps apart from every other. */
type Branded<Base, Name extends string> = Base & { readonly [unit]: Name }

/** Microseconds since 1970-01-01T00:00:00Z: a safe integer until the year 2255. */
export type EpochMicros = Branded<number, 'EpochMicros'>

/** Names `micros` a point in time. No check: callers hand in what a clock or a venue said. */
export const epochMicros = (micros: number): EpochMicros => micros as EpochMicros
