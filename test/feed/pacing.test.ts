import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Connects } from '../../src/feed/connects.ts'
import { Outbox, OUTBOX_LIMIT } from '../../src/feed/outbox.ts'

const rates = fc.record({ count: fc.integer({ min: 1, max: 6 }), perMs: fc.integer({ min: 1, max: 1_000 }) })

const US = 1_000_000

/** When each socket is wanted, how late it looks whether it may be opened (its loop is blocked), and how long its way is: half a second more or less. */
const sockets = fc.array(
  fc.record({
    wantedUs: fc.nat(5 * US),
    lateUs: fc.oneof(fc.constant(0), fc.nat(4 * US)),
    wayUs: fc.integer({ min: 10_000, max: 510_000 }),
  }),
  { maxLength: 60 },
)

test('in any stretch of time no more sockets reach the venue than it allows, however late they are opened or on their way', () => {
  fc.assert(
    fc.property(rates, sockets, (rate, wanted) => {
      const connects = new Connects(rate)
      const waiting = wanted.map(({ wantedUs, ...socket }) => ({ ...socket, lookUs: wantedUs }))
      const heardUs: number[] = []
      for (let looks = 0; waiting.length > 0; looks++) {
        assert.ok(looks <= wanted.length ** 2, 'each look in vain is for a socket that was opened')
        waiting.sort((one, other) => one.lookUs - other.lookUs)
        const [socket] = waiting
        if (socket === undefined) break
        const { dueUs } = connects
        assert.equal(connects.take(socket.lookUs), dueUs <= socket.lookUs)
        if (dueUs > socket.lookUs) socket.lookUs = dueUs + socket.lateUs
        else {
          waiting.shift()
          heardUs.push(socket.lookUs + socket.wayUs)
        }
      }
      heardUs.sort((one, other) => one - other)
      for (const [at, us] of heardUs.entries()) {
        const before = heardUs[at - rate.count]
        assert.ok(before === undefined || us - before >= rate.perMs * 1_000)
      }
    }),
  )
})

test('a hold delays every socket that is not opened yet', () => {
  const connects = new Connects({ count: 3, perMs: 1_000 })
  assert.ok(connects.take(0))
  connects.holdUntil(5 * US)
  connects.holdUntil(1 * US)
  assert.equal(connects.dueUs, 5 * US)
  assert.equal(connects.take(5 * US - 1), false)
  assert.ok(connects.take(7 * US))
})

test('requests leave in order, within the limit, and one place of each window is kept free', () => {
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 40 }), (rate, requests) => {
      const outbox = new Outbox(rate)
      for (let at = 0; at < requests; at++) outbox.push(String(at))
      const sent: { readonly text: string; readonly atUs: number }[] = []
      let nowUs = 0
      for (let dueUs = outbox.dueUs(); dueUs < Infinity; dueUs = outbox.dueUs()) {
        nowUs = Math.max(nowUs, dueUs)
        const text = outbox.take(nowUs)
        assert.ok(text !== undefined)
        sent.push({ text, atUs: nowUs })
      }
      assert.deepEqual(
        sent.map(({ text }) => Number(text)),
        Array.from({ length: requests }, (_, at) => at),
      )
      const free = Math.max(1, rate.count - 1)
      for (const [at, { atUs }] of sent.entries()) {
        const before = sent[at - free]
        assert.ok(before === undefined || atUs - before.atUs >= rate.perMs * 1_000)
      }
    }),
  )
})

test('an outbox has an end, and forgets everything for the next socket', () => {
  const outbox = new Outbox({ count: 5, perMs: 1_000 })
  for (let at = 0; at < OUTBOX_LIMIT; at++) assert.ok(outbox.push('request'))
  assert.equal(outbox.push('one too many'), false)
  assert.equal(outbox.take(0), 'request')
  outbox.clear()
  assert.equal(outbox.size, 0)
  assert.equal(outbox.dueUs(), Infinity)
  assert.equal(outbox.take(1e9), undefined)
})
