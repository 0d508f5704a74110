import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { judgeSocket, PATIENCE, Silence, type SilenceOptions, streamIndex } from '../../src/feed/silence.ts'

const BOOK = streamIndex(0, 'book')
const TRADE = streamIndex(0, 'trade')
const SECOND = 1_000_000

function detector(options: Partial<SilenceOptions> = {}): Silence {
  return new Silence({
    ...PATIENCE,
    slots: 2,
    firstDataMs: 30_000,
    firstQuietMs: 300_000,
    bookComesAtOnce: true,
    ...options,
  })
}

/** Feeds a stream with gaps of `gapsUs`, over and over, for `forUs`; answers the time of the last. */
function hear(silence: Silence, stream: number, gapsUs: readonly number[], forUs: number): number {
  silence.begin(stream, 0)
  let nowUs = 0
  for (let at = 0; nowUs < forUs; at++) {
    nowUs += gapsUs[at % gapsUs.length] ?? forUs
    silence.saw(stream, nowUs)
  }
  return nowUs
}

test('a busy book that goes mute is found right after its window', () => {
  const silence = detector()
  const lastUs = hear(silence, BOOK, [100_000], 120 * SECOND)
  assert.equal(silence.judge(BOOK, lastUs + 10 * SECOND), 'fine')
  assert.equal(silence.judge(BOOK, lastUs + 10 * SECOND + 1), 'mute')
})

test('trades are given longer than books', () => {
  const silence = detector()
  const lastUs = hear(silence, TRADE, [100_000], 600 * SECOND)
  assert.equal(silence.judge(TRADE, lastUs + 29 * SECOND), 'fine')
  assert.equal(silence.judge(TRADE, lastUs + 31 * SECOND), 'mute')
})

test('a stream is not judged before it is known', () => {
  const silence = detector()
  const lastUs = hear(silence, BOOK, [100_000], 20 * SECOND)
  assert.equal(silence.judge(BOOK, lastUs + 3_600 * SECOND), 'fine')
})

test('a book that is never sent is a fault after the first-data deadline, trades that never come are none', () => {
  const silence = detector()
  silence.begin(BOOK, 0)
  silence.begin(TRADE, 0)
  assert.equal(silence.judge(BOOK, 30 * SECOND), 'fine')
  assert.equal(silence.judge(BOOK, 31 * SECOND), 'never')
  assert.equal(silence.judge(TRADE, 86_400 * SECOND), 'fine')
})

test('a book of which nothing is known may be quiet where the venue does not send it at once', () => {
  const silence = detector({ bookComesAtOnce: false })
  silence.begin(BOOK, 0)
  assert.equal(silence.judge(BOOK, 299 * SECOND), 'fine')
  assert.equal(silence.judge(BOOK, 301 * SECOND), 'never')
})

test('a busy book is expected within the deadline after it was subscribed to again', () => {
  const silence = detector({ bookComesAtOnce: false })
  const lastUs = hear(silence, BOOK, [100_000], 120 * SECOND)
  silence.begin(BOOK, lastUs)
  assert.equal(silence.judge(BOOK, lastUs + 31 * SECOND), 'never')
})

test('only instruments that trade, and streams that are carried, are judged', () => {
  const silence = detector()
  const lastUs = hear(silence, BOOK, [100_000], 120 * SECOND)
  silence.setTrading(0, false)
  assert.equal(silence.judge(BOOK, lastUs + 3_600 * SECOND), 'fine')
  silence.setTrading(0, true)
  silence.end(BOOK)
  assert.equal(silence.judge(BOOK, lastUs + 3_600 * SECOND), 'fine')
  assert.equal(silence.judgedUs(BOOK, lastUs), Infinity)
})

test('every alarm doubles the patience with that stream, and an hour halves it again', () => {
  const silence = detector()
  const lastUs = hear(silence, BOOK, [100_000], 120 * SECOND)
  assert.equal(silence.windowUs(BOOK, lastUs), 10 * SECOND)
  silence.alarm(BOOK, lastUs)
  silence.alarm(BOOK, lastUs)
  assert.equal(silence.windowUs(BOOK, lastUs), 40 * SECOND)
  assert.equal(silence.windowUs(BOOK, lastUs + 3_600 * SECOND), 20 * SECOND)
  assert.equal(silence.windowUs(BOOK, lastUs + 7_200 * SECOND), 10 * SECOND)
})

test('any stream with steady or uneven gaps: found within its window when it goes mute, never flagged before', () => {
  const gaps = fc.array(fc.integer({ min: 1_000, max: 2_900_000 }), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 400 }), (shape, scale) => {
      const gapsUs = shape.map((gap) => gap * scale)
      const silence = detector()
      silence.begin(BOOK, 0)
      let nowUs = 0
      for (let at = 0; at < 400; at++) {
        const nextUs = nowUs + (gapsUs[at % gapsUs.length] ?? 0)
        if (at > 0) assert.equal(silence.judge(BOOK, nextUs), 'fine', `flagged before frame ${at}`)
        nowUs = nextUs
        silence.saw(BOOK, nowUs)
      }
      const windowUs = silence.windowUs(BOOK, nowUs)
      const slowestUs = Math.max(...gapsUs)
      if (windowUs < Infinity) {
        assert.ok(windowUs <= 300 * SECOND && windowUs >= 10 * SECOND)
        assert.equal(silence.judge(BOOK, nowUs + windowUs + 1), 'mute')
      } else
        assert.ok(
          slowestUs * 20 > 300 * SECOND || nowUs < 6 * 20 * slowestUs + 60 * SECOND,
          'a busy stream is judged',
        )
    }),
    { numRuns: 300 },
  )
})

test('a stream that is slow by nature is never flagged, however long it is silent', () => {
  const silence = detector()
  const lastUs = hear(silence, BOOK, [110 * SECOND], 86_400 * SECOND)
  assert.equal(silence.judge(BOOK, lastUs + 86_400 * SECOND), 'fine')
})

const socket = { quietUs: 0, hasData: true, windowUs: 10, firstUs: 30, probedUs: 1_000 }
const SOCKETS = [
  ['a socket with data is fine', {}, 'fine'],
  ['after a window without data it is asked for a sign of life', { quietUs: 11 }, 'probe'],
  ['once', { quietUs: 12, probedUs: 1 }, 'fine'],
  ['and is dead half a window later', { quietUs: 16, probedUs: 5 }, 'dead'],
  ['slow streams say nothing about a socket', { quietUs: 1_000_000, windowUs: Infinity }, 'fine'],
  [
    'a socket without any data is dead after the first-data deadline',
    { quietUs: 31, hasData: false },
    'dead',
  ],
  ['and not before', { quietUs: 29, hasData: false }, 'fine'],
] as const

for (const [name, change, verdict] of SOCKETS) {
  test(name, () => {
    assert.equal(judgeSocket({ ...socket, ...change }), verdict)
  })
}
