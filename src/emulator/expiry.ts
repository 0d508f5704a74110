/** Days from 1970-01-01 to a day of the Gregorian calendar (month from 1). */
export function daysSinceEpoch(year: number, month: number, day: number): number {
  // Years begin in March here, so that the leap day is the last of its year.
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const EXPIRY_HOUR = 8

/** Expiry (08:00 UTC) in a symbol, `261225` or `25DEC26`, as epoch ms; `undefined`: it is none. */
export function expiryOf(text: string): number | undefined {
  const digits = /^(\d\d)(\d\d)(\d\d)$/.exec(text)
  const words = /^(\d{1,2})([A-Z]{3})(\d\d)$/.exec(text)
  const [year, month, day] =
    digits === null
      ? [words?.[3], String(MONTHS.indexOf(words?.[2] ?? '') + 1), words?.[1]]
      : [digits[1], digits[2], digits[3]]
  if (year === undefined || Number(month) < 1) return undefined
  return (daysSinceEpoch(2_000 + Number(year), Number(month), Number(day)) * 24 + EXPIRY_HOUR) * 3_600_000
}
