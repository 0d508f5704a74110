import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type ConnectionEvent,
  type ConnectionState,
  hasSocket,
  outOfReach,
  step,
} from '../../src/feed/connection.ts'
import { ORDINARY, retreatAfter, retreatMs } from '../../src/feed/retreat.ts'
import { FEED_TIMING } from '../../src/feed/timing.ts'

const idle: ConnectionState = { name: 'idle' }
const connecting: ConnectionState = { name: 'connecting', attempt: 2 }
const subscribing: ConnectionState = { name: 'subscribing', attempt: 2, pending: 3, asked: 1 }
const askedTwice: ConnectionState = { name: 'subscribing', attempt: 2, pending: 1, asked: 2 }
const live: ConnectionState = { name: 'live', attempt: 2, isClosing: false }
const waiting: ConnectionState = { name: 'waiting', attempt: 3, retreat: ORDINARY }
const draining: ConnectionState = { name: 'draining' }
const stopped: ConnectionState = { name: 'stopped' }
const STATES = [idle, connecting, subscribing, askedTwice, live, waiting, draining, stopped]

const closed: ConnectionEvent = { type: 'closed', reason: '1006', retreat: ORDINARY }
const failed: ConnectionEvent = { type: 'failed', reason: 'silent', cause: 'silent' }

const TABLE: readonly (readonly [string, ConnectionState, ConnectionEvent, string, string])[] = [
  ['a start opens a socket', idle, { type: 'start' }, 'connecting', 'open'],
  [
    'an open socket subscribes',
    connecting,
    { type: 'opened', pending: 3 },
    'subscribing',
    'subscribe arm:acknowledge',
  ],
  [
    'nothing to subscribe to is live at once',
    connecting,
    { type: 'opened', pending: 0 },
    'live',
    'subscribe disarm',
  ],
  [
    'a handshake has its time from when its socket is opened',
    connecting,
    { type: 'dialled' },
    'connecting',
    'arm:handshake',
  ],
  ['a handshake may hang', connecting, { type: 'timeout' }, 'waiting', 'close arm:retry'],
  ['a handshake may be refused', connecting, closed, 'waiting', 'release arm:retry'],
  ['some acknowledgements are not all', subscribing, { type: 'acknowledged', pending: 1 }, 'subscribing', ''],
  ['all acknowledged is live', subscribing, { type: 'acknowledged', pending: 0 }, 'live', 'disarm'],
  [
    'what is missing is asked for again',
    subscribing,
    { type: 'timeout' },
    'subscribing',
    'ask_again arm:acknowledge',
  ],
  ['but only once', askedTwice, { type: 'timeout' }, 'waiting', 'close arm:retry'],
  ['a silent socket is given up', live, failed, 'waiting', 'close arm:retry'],
  ['a lost socket is followed by another', live, closed, 'waiting', 'release arm:retry'],
  ['a closing notice asks for a successor', live, { type: 'closing' }, 'live', 'succeed'],
  ['a wait ends with a socket', waiting, { type: 'timeout' }, 'connecting', 'open'],
  ['a draining session ends with its socket', draining, closed, 'stopped', 'release'],
  ['a draining session that fails is not revived', draining, failed, 'stopped', 'close'],
  ['a draining session does not wait for anything', draining, { type: 'timeout' }, 'draining', ''],
  ['a live session can drain', live, { type: 'drain' }, 'draining', 'disarm'],
  ['a waiting session has nothing to drain', waiting, { type: 'drain' }, 'stopped', 'disarm'],
  ['stop closes what is open', live, { type: 'stop' }, 'stopped', 'close disarm'],
  ['stop ends a wait', waiting, { type: 'stop' }, 'stopped', 'disarm'],
  ['stopped is stopped', stopped, { type: 'start' }, 'stopped', ''],
]

for (const [name, state, event, next, effects] of TABLE) {
  test(name, () => {
    const result = step(state, event)
    const names = result.effects.map((effect) =>
      effect.type === 'arm' ? `arm:${effect.timer}` : effect.type,
    )
    assert.equal(result.state.name, next)
    assert.equal(names.join(' '), effects)
  })
}

test('a second closing notice asks for nothing', () => {
  const { state } = step(live, { type: 'closing' })
  assert.deepEqual(step(state, { type: 'closing' }).effects, [])
})

test('failures in a row are counted until the session has been stable', () => {
  const lost = step(live, closed)
  assert.deepEqual(lost.state, { name: 'waiting', attempt: 3, retreat: ORDINARY })
  const { state } = step(live, { type: 'stable' })
  assert.deepEqual(step(state, closed).state, { name: 'waiting', attempt: 1, retreat: ORDINARY })
})

test('one failure says nothing of the venue, three do, a ban does at once', () => {
  assert.equal(outOfReach({ name: 'waiting', attempt: 1, retreat: ORDINARY }), undefined)
  assert.equal(outOfReach({ name: 'waiting', attempt: 3, retreat: ORDINARY }), 'unreachable')
  const retreat = retreatAfter({ code: 1006, reason: '', status: 418, retryAfterMs: 1_000 })
  assert.equal(outOfReach({ name: 'waiting', attempt: 1, retreat }), 'banned')
})

const half = { next: () => 0.5 }
const WAITS: readonly (readonly [string, Parameters<typeof retreatAfter>[0], number, number, number])[] = [
  ['an ordinary end backs off', { code: 1006, reason: '' }, 1, 0, 500],
  ['back-off has an end', { code: 1006, reason: '' }, 40, 0, 30_000],
  ['a policy close waits half a minute', { code: 1008, reason: '' }, 1, 30_000, 30_500],
  [
    '429 waits as long as it says',
    { code: 1006, reason: '', status: 429, retryAfterMs: 7_000 },
    1,
    7_000,
    7_500,
  ],
  ['429 without a word waits a minute', { code: 1006, reason: '', status: 429 }, 1, 60_000, 60_500],
  ['which doubles up to ten', { code: 1006, reason: '', status: 429 }, 9, 600_000, 630_000],
  ['418 without a word waits two minutes', { code: 1006, reason: '', status: 418 }, 1, 120_000, 120_500],
  ['451 is probed each quarter of an hour', { code: 1006, reason: '', status: 451 }, 1, 900_000, 900_500],
  ['so is a bad certificate', { code: 1006, reason: '', failure: 'tls' }, 1, 900_000, 900_500],
]

for (const [name, end, attempt, leastMs, mostMs] of WAITS) {
  test(name, () => {
    const waitMs = retreatMs(retreatAfter(end), attempt, FEED_TIMING, half)
    assert.ok(waitMs >= leastMs && waitMs <= mostMs, `${waitMs} ms`)
  })
}

const anyEvent = fc.oneof(
  fc.constantFrom<ConnectionEvent>(
    { type: 'start' },
    { type: 'dialled' },
    { type: 'stable' },
    { type: 'closing' },
    { type: 'timeout' },
    { type: 'drain' },
    { type: 'stop' },
    closed,
    failed,
  ),
  fc.nat(3).map((pending): ConnectionEvent => ({ type: 'opened', pending })),
  fc.nat(3).map((pending): ConnectionEvent => ({ type: 'acknowledged', pending })),
)

test('whatever happens, a socket is opened only when there is none, and every opened one ends', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
      let state: ConnectionState = idle
      let open = 0
      for (const event of events) {
        const next = step(state, event)
        for (const effect of next.effects) {
          if (effect.type === 'open') open++
          if (effect.type === 'close' || effect.type === 'release') open--
        }
        state = next.state
        assert.equal(open, hasSocket(state) ? 1 : 0, `${state.name} with ${open} sockets`)
      }
    }),
    { numRuns: 500 },
  )
})

test('from any state a healthy venue leads to live, unless the session was to end', () => {
  for (const from of STATES) {
    let state = step(from, { type: 'start' }).state
    for (let turn = 0; turn < 4 && state.name !== 'live'; turn++) {
      if (state.name === 'waiting') state = step(state, { type: 'timeout' }).state
      state = step(state, { type: 'opened', pending: 1 }).state
      state = step(state, { type: 'acknowledged', pending: 0 }).state
    }
    const mayEnd = from.name === 'stopped' || from.name === 'draining'
    assert.equal(state.name, mayEnd ? from.name : 'live')
  }
})
