import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether two texts are equal, in a time that does not tell how much of them is: for passwords and tokens. */
export function isSameText(left: string, right: string): boolean {
  return timingSafeEqual(digest(left), digest(right))
}

/** Of one length, whatever the texts have. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
