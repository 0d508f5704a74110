/**
 * Exact decimals: a number is `mantissa / 10^decimals`, the mantissa an integer. Mantissas up to 2^53 are plain numbers (every
 * price, nearly every size); larger ones are `bigint`, off the hot path.
 */

/** Powers of ten that a double holds exactly. */
export const POW10: Float64Array = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))

/** The most decimals that a book may count in: beyond, a venue has changed its ways and a person must look. */
export const DECIMALS_LIMIT = 18

/** An exact number: `mantissa / 10^decimals`. */
export interface Decimal {
  readonly mantissa: bigint
  readonly decimals: number
}

const SHAPE = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/

/** Reads any plain or exponent decimal; `undefined` for anything else. Trailing zeros are dropped. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = SHAPE.exec(text)
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  let mantissa = BigInt(whole + fraction)
  let decimals = fraction.length - Number(exponent)
  if (decimals < 0) {
    mantissa *= 10n ** BigInt(-decimals)
    decimals = 0
  }
  while (decimals > 0 && mantissa % 10n === 0n) {
    mantissa /= 10n
    decimals--
  }
  return { mantissa: sign === '-' ? -mantissa : mantissa, decimals }
}

/**
 * Plain notation without trailing zeros or exponent: `61837.63`, `0.00000074351`, `-3`. Throws `RangeError` for a number that
 * cannot be an exact mantissa (NaN, a fraction, beyond 2^53).
 */
export function formatDecimal(mantissa: number | bigint, decimals: number): string {
  if (typeof mantissa === 'number' && !Number.isSafeInteger(mantissa)) {
    throw new RangeError(`${mantissa} is no exact mantissa`)
  }
  const negative = mantissa < 0
  let digits = String(negative ? -mantissa : mantissa)
  if (decimals > 0) {
    digits = digits.padStart(decimals + 1, '0')
    digits = trimZeros(`${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`)
  }
  return negative ? `-${digits}` : digits
}

function trimZeros(text: string): string {
  let end = text.length
  while (text.charCodeAt(end - 1) === 48) end--
  if (text.charCodeAt(end - 1) === 46) end--
  return text.slice(0, end)
}

/** Decimals after the point of a step such as a tick: `0.010` has 2; `10` has 0. `undefined` when it is no decimal. */
export function decimalsOf(step: string): number | undefined {
  return parseDecimal(step)?.decimals
}
