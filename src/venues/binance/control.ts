import type { Columns, Control } from '../../core/columns.ts'
import { Reader } from '../reader.ts'

/** `{"error":{"code":4,"msg":"Too many subscriptions"}}`: the venue closes with 1008 after it. */
const TOO_MANY_SUBSCRIPTIONS = '4'

/**
 * Reads an answer of the stream hosts: sheets binance-spot.md section 3, binance-derivatives.md section 2. Errors are nested on
 * the wire and flat in the documentation; both count.
 *
 *     {"result":null,"id":1}
 *     {"result":["btcusdt@aggTrade"],"id":3}
 *     {"error":{"code":2,"msg":"Invalid request: unknown variant X"},"id":1}
 *     {"code":2,"msg":"Invalid request: missing field `method` at line 1 column 73"}
 */
export function readControl(frame: Uint8Array, out: Columns): void {
  const answer = Reader.parse(frame)
  const id = requestId(answer)
  if (answer.has('error')) out.control.push(refused(answer.at('error'), id))
  else if (answer.has('code')) out.control.push(refused(answer, id))
  else out.control.push(acknowledged(answer, id))
}

function acknowledged(answer: Reader, id: string | undefined): Control {
  const result = answer.optional('result')
  if (result?.isArray() !== true) return { type: 'acknowledged', id }
  return { type: 'acknowledged', id, keys: result.items().map((item) => item.text()) }
}

/** Only a socket that holds too much is beyond help; every other refusal names a fault of the request itself. */
function refused(error: Reader, id: string | undefined): Control {
  const code = error.decimal('code')
  const verdict = code === TOO_MANY_SUBSCRIPTIONS ? 'reconnect' : isRequestFault(code) ? 'drop' : 'retry'
  return { type: 'refused', id, code, text: error.optionalText('msg') ?? '', verdict }
}

/** Codes 0 to 3: unknown property, wrong type, invalid request, invalid JSON. */
const isRequestFault = (code: string): boolean => /^[0-3]$/.test(code)

function requestId(answer: Reader): string | undefined {
  const id = answer.optional('id')
  if (id === undefined) return undefined
  return id.isText() ? id.text() : id.decimal()
}
