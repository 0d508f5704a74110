import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { endingOf, SOCKET_ENDINGS, type SocketEnding, Tallies } from '../../src/telemetry/tallies.ts'

/** What sessions and sockets say, and what it is counted as. */
const ENDINGS: readonly (readonly [reason: string | undefined, ending: SocketEnding])[] = [
  [undefined, 'broken'],
  ['no data', 'silent'],
  ['no sign of life', 'silent'],
  ['a stream stays silent', 'silent'],
  ['malformed frames', 'malformed'],
  ['not acknowledged', 'unacknowledged'],
  ['too many requests wait', 'overloaded'],
  ['HTTP 429 1006', 'refused'],
  ['HTTP 451 1006 Unavailable', 'refused'],
  ['handshake timeout', 'handshake'],
  ['1006 no answer to the handshake', 'handshake'],
  ['1006', 'broken'],
  ['1006 connection reset', 'broken'],
  ['1000', 'closed'],
  ['1001 going away', 'closed'],
  ['1008 Too many requests', 'closed'],
  ['10061 is no code of a broken socket', 'closed'],
  ['64008 the service is about to be upgraded', 'closed'],
]

describe('the end of a socket', () => {
  for (const [reason, ending] of ENDINGS) {
    test(`${JSON.stringify(reason)} is counted as ${ending}`, () => {
      assert.equal(endingOf(reason), ending)
    })
  }
})

const okx = { venue: 'okx-spot', symbol: 'BTC-USDT' } as const

test('what happens at a venue is counted there, and nowhere else', () => {
  const tallies = new Tallies(() => 0)
  tallies.count({
    type: 'session_changed',
    venue: 'okx-spot',
    session: 1,
    state: 'waiting',
    reason: 'no data',
  })
  tallies.count({ type: 'session_changed', venue: 'okx-spot', session: 1, state: 'live', reason: 'no data' })
  tallies.count({ type: 'stream_silent', ...okx, channel: 'book' })
  tallies.count({ type: 'snapshot_failed', ...okx, attempt: 1, text: '' })
  tallies.count({ type: 'frame_refused', venue: 'okx-spot', code: 'syntax', text: '' })
  tallies.count({ type: 'frame_refused', venue: 'okx-spot', code: 'syntax', text: '' })
  const tally = tallies.of('okx-spot')
  const zeros = SOCKET_ENDINGS.map((ending) => [ending, 0] as const)
  assert.deepEqual(Object.fromEntries(tally.reconnectsBy), { ...Object.fromEntries(zeros), silent: 1 })
  assert.deepEqual(Object.fromEntries(tallies.of('deribit').reconnectsBy), Object.fromEntries(zeros))
  assert.equal(tally.silences, 1)
  assert.equal(tally.snapshotFailures, 1)
  assert.deepEqual([...tally.refusedBy], [['syntax', 2]])
  assert.deepEqual([...tallies.of('deribit').refusedBy], [])
  assert.equal(tallies.of('deribit').silences, 0)
})

test('a gap is counted once: in a book when it begins, in trades when it is over', () => {
  const tallies = new Tallies(() => 0)
  const { gapsBy } = tallies.of('okx-spot')
  tallies.count({ type: 'gap_opened', ...okx, channel: 'book', cause: 'sequence' })
  assert.deepEqual([...gapsBy], [['sequence', 1]])
  tallies.count({ type: 'gap_closed', ...okx, channel: 'book', cause: 'sequence' })
  tallies.count({ type: 'gap_opened', ...okx, channel: 'trade', cause: 'disconnected' })
  assert.deepEqual([...gapsBy], [['sequence', 1]])
  tallies.count({ type: 'gap_closed', ...okx, channel: 'trade', cause: 'disconnected' })
  assert.deepEqual(
    [...gapsBy],
    [
      ['sequence', 1],
      ['disconnected', 1],
    ],
  )
})

test('a resync is as long as the gap of the book, and is told once', () => {
  let nowUs = 1_000_000
  const tallies = new Tallies(() => nowUs)
  tallies.count({ type: 'gap_closed', ...okx, channel: 'book', cause: 'sequence' })
  tallies.count({ type: 'gap_opened', ...okx, channel: 'book', cause: 'sequence' })
  nowUs += 1_500_000
  tallies.count({ type: 'gap_closed', ...okx, symbol: 'ETH-USDT', channel: 'book', cause: 'sequence' })
  tallies.count({ type: 'gap_closed', ...okx, channel: 'trade', cause: 'sequence' })
  tallies.count({ type: 'gap_closed', ...okx, channel: 'book', cause: 'sequence' })
  tallies.count({ type: 'gap_closed', ...okx, channel: 'book', cause: 'sequence' })
  const tally = tallies.of('okx-spot')
  assert.deepEqual(tally.takeResyncs(), [1.5])
  assert.deepEqual(tally.takeResyncs(), [])
})

test('records that go unread are counted for every sink that had not read them', () => {
  const tallies = new Tallies(() => 0)
  tallies.count({ type: 'segment_removed', path: 'a', records: 10, unread: ['nats', 'parquet'] })
  tallies.count({ type: 'segment_removed', path: 'b', records: 5, unread: ['nats'] })
  tallies.count({ type: 'segment_removed', path: 'c', records: 7, unread: [] })
  assert.deepEqual(
    [...tallies.unreadBy],
    [
      ['nats', 15],
      ['parquet', 10],
    ],
  )
})
