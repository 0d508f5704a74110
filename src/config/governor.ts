import * as field from './field.ts'
import { INSTRUMENT } from './forms.ts'

const GIBIBYTE = 1024 ** 3

/** What is given up first when a machine is too small for its work. */
export const GOVERNOR = field.section(
  'What is given up first, and given back, when memory, descriptors or time run short. Books of tier 1 are never given up.',
  {
    enabled: field.boolean('Whether it acts. It measures and tells in any case.', true),
    memory_bytes: field.integer(
      'Resident memory that a collector should stay below; the limits of the levels are parts of it. A lower limit of the container counts in its place.',
      { value: 3 * GIBIBYTE, min: 64 * 1024 * 1024, max: 1024 * GIBIBYTE },
    ),
    first_tier: field.texts(
      'What matters most, by base currency (`BTC`), symbol or common name. What is named in no tier is of tier 2.',
      INSTRUMENT,
      { value: ['BTC', 'ETH'], limit: 10_000 },
    ),
    last_tier: field.texts('What may be paused first.', INSTRUMENT, { value: [], limit: 20_000 }),
    slow_ms: field.integer('Under pressure, tops of tier 3 are published at most once in this time.', {
      value: 2_500,
      min: 10,
      max: 3_600_000,
    }),
    shed_depth: field.integer('When shedding, tops of tiers 2 and 3 have at most so many levels a side.', {
      value: 5,
      min: 1,
      max: 5_000,
    }),
  },
)
