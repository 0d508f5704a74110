/** `mantissa / 10^decimals` with all its decimals: `7405.10`, `0.000`. The mantissa is a whole number of 0 or more. */
export function fixedText(mantissa: number, decimals: number): string {
  const digits = String(mantissa)
  if (decimals === 0) return digits
  if (digits.length > decimals) return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
  return `0.${digits.padStart(decimals, '0')}`
}

/** The same without trailing zeros: `7405.1`, `0`. */
export function plainText(mantissa: number, decimals: number): string {
  const text = fixedText(mantissa, decimals)
  if (decimals === 0) return text
  let end = text.length
  while (text.charCodeAt(end - 1) === 48) end--
  if (text.charCodeAt(end - 1) === 46) end--
  return text.slice(0, end)
}

/** As a JSON number of Deribit: always with a point (`30.0`), tiny ones with an exponent (`6.55e-6`). */
export function pointText(mantissa: number, decimals: number): string {
  const text = plainText(mantissa, decimals)
  if (!text.includes('.')) return `${text}.0`
  return mantissa > 0 && text.startsWith('0.000') ? exponentText(text) : text
}

/** A decimal in exponent notation, the way Deribit writes it: `1.5e4`, `1.742e-5`. Exact: digits are only moved. */
export function exponentText(plain: string): string {
  const [whole = '0', fraction = ''] = plain.split('.')
  const digits = `${whole}${fraction}`
  const first = digits.search(/[1-9]/)
  if (first < 0) return '0.0'
  const significant = digits.slice(first).replace(/0+$/, '')
  const exponent = whole.length - 1 - first
  return `${significant.slice(0, 1)}.${significant.slice(1) || '0'}e${exponent}`
}
