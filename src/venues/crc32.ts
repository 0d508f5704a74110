/** CRC-32 (IEEE 802.3, reflected) of each byte. */
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** CRC-32 of an ASCII text, as a signed 32-bit integer. */
export function crc32(text: string): number {
  let value = -1
  for (let at = 0; at < text.length; at++) {
    value = (value >>> 8) ^ (TABLE[(value ^ text.charCodeAt(at)) & 255] ?? 0)
  }
  return ~value
}
