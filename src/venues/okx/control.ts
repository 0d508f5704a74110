import type { Columns } from '../../core/columns.ts'
import { Reader } from '../reader.ts'

/** Sheet 3: what will never work (URL, channel, instrument, login, request shape), less the codes after which it may. */
const DROP = /^(60\d{3}|640\d\d)$/
const RETRY = new Set(['60014', '63999', '64007'])
/** What OKX says when the socket itself is finished: the close codes of sheet 3, should one come as an error. */
const RECONNECT = /^40\d\d$/
/** The upgrade notice: 60 seconds until the socket is closed. */
const CLOSING = '64008'
const PONG = [112, 111, 110, 103]

/** True for the raw text `pong`, which is no JSON (sheet 2). */
export const isPong = (frame: Uint8Array): boolean =>
  frame.length === PONG.length && PONG.every((byte, at) => frame[at] === byte)

/**
 * Makes of a frame with `event` what it says in `out` (cleared first). Throws `DecodeError`. Sheet 3:
 *
 *     {"id":"1512","event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a4d3ae55"}
 *     {"id":"1512","event":"error","code":"60018","msg":"… channel:books,instId:NOPE-USDT doesn't exist.","connId":"a4d3ae55"}
 *     {"event":"notice","code":"64008","msg":"The connection will soon be closed …","connId":"a4d3ae55"}
 */
export function readEvent(frame: Uint8Array, out: Columns): void {
  out.clear()
  const reader = Reader.parse(frame)
  const event = reader.text('event')
  const id = reader.optionalText('id')
  if (event === 'error') {
    const [code, text] = [reader.text('code'), reader.text('msg')]
    out.control.push({ type: 'refused', id, code, text, ...keyIn(text), verdict: verdictOf(code) })
  } else if (event === 'notice' && reader.text('code') === CLOSING) {
    out.control.push({ type: 'closing', reason: reader.text('msg') })
  } else if ((event === 'subscribe' || event === 'unsubscribe') && reader.at('arg').has('instId')) {
    const key = `${reader.at('arg').text('channel')}:${reader.at('arg').text('instId')}`
    out.control.push({ type: 'acknowledged', id, keys: [key] })
  } else out.ignored++
}

/** What an error code means for the subscription; unlisted ones are worth another try. */
function verdictOf(code: string): 'drop' | 'retry' | 'reconnect' {
  if (RECONNECT.test(code)) return 'reconnect'
  return DROP.test(code) && !RETRY.has(code) ? 'drop' : 'retry'
}

/** The error frame names its subscription only inside the text: a hint, no more. */
function keyIn(text: string): { readonly key?: string } {
  const match = /channel\s*:\s*([\w-]+)\s*,\s*instId\s*:\s*([\w-]+)/.exec(text)
  return match === null ? {} : { key: `${match[1]}:${match[2]}` }
}
