import type { RobotKind } from './judging.ts'
import type { Message } from './message.ts'
import type { Entry } from './backlog.ts'
import { bytesOf, cutToBytes, cutToWire, wireBytesOf } from './text.ts'

/** DingTalk refuses longer ones ("message too long, exceed 20000 bytes"). Held for Slack too; a webhook gets its alerts whole. */
export const BODY_LIMIT_BYTES = 20_000
/** For the text, as JSON: what is left beside title and mobiles. */
export const TEXT_LIMIT_BYTES = 18_000
/** Of what is told in the plainest form. */
const PLAIN_BYTES = 500

/** The body of a message to a robot, JSON. A webhook gets the alerts as data, with an id by which it may know repeats. */
export function bodyOf(kind: RobotKind, robot: string, message: Message): string {
  switch (kind) {
    case 'dingtalk':
      return fitted(message.text, (text) => ({
        msgtype: 'markdown',
        markdown: { title: message.title, text },
        at: atOf(message),
      }))
    case 'slack':
      return fitted(message.text, (text) => ({ text }))
    case 'webhook':
      return JSON.stringify({ robot, alerts: message.told.map(plainAlert) })
  }
}

/** The plainest form there is, for a robot that has refused the usual one; of a message in `PLAIN_MARKUPS`. */
export function plainBodyOf(kind: RobotKind, robot: string, message: Message): string {
  if (kind === 'webhook') return JSON.stringify({ robot, alerts: message.told.map(plainestAlert) })
  const plain = { ...message, text: cutToBytes(message.text, PLAIN_BYTES) }
  if (kind !== 'dingtalk') return bodyOf(kind, robot, plain)
  return fitted(plain.text, (text) => ({ msgtype: 'text', text: { content: text }, at: atOf(message) }))
}

const atOf = ({ atMobiles, atAll }: Message): object => ({ atMobiles, isAtAll: atAll })

/** JSON that holds the limit, whatever stands beside the text. */
function fitted(text: string, make: (text: string) => object): string {
  const whole = JSON.stringify(make(text))
  const overBytes = bytesOf(whole) - BODY_LIMIT_BYTES
  return overBytes <= 0 ? whole : JSON.stringify(make(cutToWire(text, wireBytesOf(text) - overBytes)))
}

/** Annotations may hold anything, and most of its bytes. */
const plainestAlert = (entry: Entry): object => ({ ...plainAlert(entry), annotations: {} })

function plainAlert({ id, route, atMs, alert }: Entry): object {
  const { status, labels, annotations, startsAtMs, fingerprint, generatorUrl } = alert
  return {
    id,
    route,
    queued_at_ms: atMs,
    status,
    labels,
    annotations,
    starts_at_ms: startsAtMs,
    ends_at_ms: alert.status === 'resolved' ? alert.endsAtMs : null,
    fingerprint,
    generator_url: generatorUrl,
  }
}
