import { type Columns, KIND } from '../../core/columns.ts'
import { Cursor, END } from '../cursor.ts'
import { Keys } from '../keys.ts'
import type { SnapshotRequests } from '../venue.ts'
import { BOOK_WINDOW, readBookRow } from './decode.ts'

const ENVELOPE = new Keys('data')
const DATA = ENVELOPE.index('data')
const NEEDED = ENVELOPE.bits('data')
const RECORDED = /\/api\/v5\/market\/books\?(.*)$/

const cursor = new Cursor()

/** Books by REST (sheet 12; 40 requests in 2 seconds): for the day on which the stream begins without a snapshot (doubt D1). */
export const okxSnapshots: SnapshotRequests = {
  request: (symbol) => ({
    path: `/api/v5/market/books?instId=${encodeURIComponent(symbol)}&sz=${BOOK_WINDOW}`,
    weight: 1,
  }),
  window: () => BOOK_WINDOW,
  read: readSnapshot,
  symbolOf: (url) => {
    const query = RECORDED.exec(url)?.[1]
    return query === undefined ? undefined : (new URLSearchParams(query).get('instId') ?? undefined)
  },
}

/** `{"code":"0","msg":"","data":[{"asks":[["8477","1","0","1"]],"bids":[],"ts":"1597026383085","seqId":123456}]}` */
function readSnapshot(body: Uint8Array, slot: number, out: Columns): void {
  out.clear()
  cursor.load(body)
  cursor.object()
  for (let key = cursor.key(ENVELOPE); key !== END; key = cursor.key(ENVELOPE)) {
    if (key === DATA) readRows(slot, out)
    else cursor.skip()
  }
  cursor.require(ENVELOPE, NEEDED)
  cursor.finish()
  if (out.count !== 1) cursor.fail('unknown_shape', 'not one book')
  if (Number.isNaN(out.last[0] ?? 0)) cursor.fail('missing_field', 'missing seqId')
}

function readRows(slot: number, out: Columns): void {
  cursor.array()
  while (cursor.item()) readBookRow(cursor, out, { slot, kind: KIND.snapshot, stream: 0 })
}
