/**
 * One line of a raw capture: a frame or REST answer as it was on the wire, in order of receipt. NDJSON, the format of other
 * people's recordings too:
 *
 *     {"t":1723161254206.652,"src":"rest","conn":"https://…/depth?symbol=BTCUSDT&limit=1000","dir":"in","raw":"{\"lastUpdateId\":…"}
 */
export interface CaptureLine {
  /** Receive time, epoch milliseconds with fraction; `null` where the recorder kept none. */
  readonly t: number | null
  readonly src: 'ws' | 'rest'
  /** The connection: a URL or a short id; for `rest` the request URL. */
  readonly conn: string
  readonly dir: 'in' | 'out'
  /** The text exactly as it was. */
  readonly raw: string
}
