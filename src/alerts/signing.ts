/** HMAC-SHA256 of `text` with `key`, base64. */
export type Hmac = (key: string, text: string) => string

/**
 * The URL for one message to a DingTalk robot, signed where it has a secret: base64 of HMAC-SHA256 over `timestamp`, a line feed and
 * the secret. Good for an hour; `URLSearchParams` encodes, and nothing else may: encoded twice it does not match.
 */
export function signedUrl(
  robot: { readonly url: string; readonly secret: string | undefined },
  nowMs: number,
  hmac: Hmac,
): string {
  const { url, secret } = robot
  if (secret === undefined) return url
  const signed = new URL(url)
  signed.searchParams.set('timestamp', String(nowMs))
  signed.searchParams.set('sign', hmac(secret, `${nowMs}\n${secret}`))
  return signed.href
}
