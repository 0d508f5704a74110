import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Connects } from '../../src/feed/connects.ts'
import { Outbox, OUTBOX_LIMIT } from '../../src/feed/outbox.ts'

const rates = fc.record({ count: fc.integer({ min: 1, max: 6 }), perMs: fc.integer({ min: 1, max: 1_000 }) })

const sockets = fc.array(
  fc.record({ waitUs: fc.nat(400_000), lateUs: fc.integer({ min: 10_000, max: 510_000 }) }),
  { maxLength: 60 },
)

test('in any stretch of time no more sockets reach the venue than it allows, though some take half a second longer', () => {
  fc.assert(
    fc.property(rates, sockets, (rate, opened) => {
      const connects = new Connects(rate)
      let nowUs = 0
      const heardUs = opened.map(({ waitUs, lateUs }) => {
        nowUs += waitUs
        const turnUs = connects.turnUs(nowUs)
        assert.ok(turnUs >= nowUs)
        return turnUs + lateUs
      })
      heardUs.sort((one, other) => one - other)
      for (const [at, us] of heardUs.entries()) {
        const before = heardUs[at - rate.count]
        assert.ok(before === undefined || us - before >= rate.perMs * 1_000)
      }
    }),
  )
})

test('a hold delays every turn taken after it', () => {
  const connects = new Connects({ count: 3, perMs: 1_000 })
  connects.holdUntil(5e6)
  connects.holdUntil(1e6)
  assert.equal(connects.turnUs(0), 5e6)
  assert.equal(connects.turnUs(7e6), 7e6)
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
