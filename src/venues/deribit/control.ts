import type { Columns } from '../../core/columns.ts'
import { Reader } from '../reader.ts'

/** Sheet 3, error codes: after these the connection is ended, or does not serve this client. */
const RECONNECT = new Set([10_028, 10_048])
/** What will never work: instrument, key, arguments, method, country. */
const DROP = new Set([
  10_000, 10_020, 10_030, 10_033, 11_029, 11_043, 11_045, 11_049, 11_050, 12_005, 13_004, 13_009, 13_020,
  13_021, 13_778, -32_700, -32_600, -32_601, -32_602, -32_000,
])
/** `system_maintenance`, and `unauthenticated_public_requests_temporarily_disabled`: closed for those without a key. */
const MAINTENANCE = new Set([11_051, 11_056])

/**
 * Makes of a frame that is no data what it says in `out`. Throws `DecodeError`. Sheets 3 and 4:
 *
 *     {"jsonrpc":"2.0","id":42,"result":["book.BTC-PERPETUAL.100ms"],"usIn":1,"usOut":2,"usDiff":1,"testnet":false}
 *     {"jsonrpc":"2.0","id":8163,"error":{"code":11050,"message":"bad_request","data":{"reason":"…"}},"testnet":false}
 *     {"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}
 */
export function readNotice(frame: Uint8Array, out: Columns): void {
  const reader = Reader.parse(frame)
  if (reader.has('error')) readError(reader, out)
  else if (reader.has('method')) {
    const type = reader.text('method') === 'heartbeat' ? reader.at('params').text('type') : ''
    if (type === 'test_request' || type === 'heartbeat') out.control.push({ type })
    else out.ignored++
  } else {
    const result = reader.at('result')
    const keys = result.isArray() ? result.items().map((channel) => channel.text()) : undefined
    // Other answers (`ok`, a version) prove no more than that the venue is there.
    if (keys === undefined) out.control.push({ type: 'heartbeat' })
    else out.control.push({ type: 'acknowledged', id: idOf(reader), keys })
  }
}

function readError(reader: Reader, out: Columns): void {
  const code = reader.at('error').integer('code')
  const text = reader.at('error').text('message')
  out.control.push({
    type: 'refused',
    id: idOf(reader),
    code: String(code),
    text,
    verdict: verdictOf(code, text),
  })
  if (MAINTENANCE.has(code)) out.control.push({ type: 'maintenance', active: true, reason: text })
}

/** Codes of no list are worth another try. A slow reader is cut off, with a word whose form is not documented (D7). */
function verdictOf(code: number, text: string): 'drop' | 'retry' | 'reconnect' {
  if (RECONNECT.has(code) || text.includes('connection_too_slow')) return 'reconnect'
  return DROP.has(code) ? 'drop' : 'retry'
}

/** Ids are echoed as they were sent, number or text; faults before an id was read have none. */
function idOf(reader: Reader): string | undefined {
  if (!reader.has('id')) return undefined
  return reader.at('id').isText() ? reader.text('id') : String(reader.integer('id'))
}

/**
 * Reads a frame of a `platform_state` channel (sheet 13): `{"price_index":"sol_usdc","locked":true}`, `{"maintenance":true}`, and
 * of `platform_state.public_methods_state`: `{"allow_unauthenticated_public_requests":true}`.
 */
export function readPlatformState(frame: Uint8Array, out: Columns): void {
  const state = Reader.parse(frame).at('params', 'data')
  if (state.has('maintenance')) {
    out.control.push({ type: 'maintenance', active: state.boolean('maintenance'), reason: 'maintenance' })
  } else if (state.has('locked')) {
    const reason = `${state.text('price_index')} locked`
    out.control.push({ type: 'maintenance', active: state.boolean('locked'), reason })
  } else if (state.has('allow_unauthenticated_public_requests')) {
    const active = !state.boolean('allow_unauthenticated_public_requests')
    out.control.push({ type: 'maintenance', active, reason: 'public requests without a key disabled' })
  } else out.ignored++
}
