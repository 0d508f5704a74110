import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Slot, Slots, STAGES } from '../../src/runtime/http-slots.ts'

const LIMITS = { total: 6, perAddress: 4 }
const slotOf = (address: string): Slot => ({ address, stage: 'reading', turn: 0 })

test('there are never more connections than the limits allow, and whoever goes is the worst that may go', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add'), address: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ kind: fc.constant('move'), at: fc.nat(), stage: fc.constantFrom(...STAGES) }),
    fc.record({ kind: fc.constant('remove'), at: fc.nat() }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const slots = new Slots<Slot>(LIMITS)
      for (const taken of steps) {
        const before = slots.open()
        if ('address' in taken) add(slots, before, taken.address)
        const chosen = 'at' in taken ? before[taken.at % before.length] : undefined
        if (chosen === undefined) continue
        if ('stage' in taken) slots.move(chosen, taken.stage)
        else slots.remove(chosen)
      }
    }),
    { numRuns: 500 },
  )
})

function add(slots: Slots<Slot>, before: readonly Slot[], address: string): void {
  const newcomer = slotOf(address)
  const ofAddress = before.filter((slot) => slot.address === address)
  const crowd =
    ofAddress.length >= LIMITS.perAddress ? ofAddress : before.length >= LIMITS.total ? before : []
  // The worst as it stood before: `add` puts only the newcomer to a stage.
  const worst = crowd
    .filter(({ stage }) => stage !== 'answering')
    .toSorted(
      (left, right) => STAGES.indexOf(left.stage) - STAGES.indexOf(right.stage) || left.turn - right.turn,
    )[0]
  const result = slots.add(newcomer)
  const open = slots.open()
  assert.ok(open.length <= LIMITS.total)
  assert.ok(open.filter((slot) => slot.address === address).length <= LIMITS.perAddress)
  if (crowd.length === 0) {
    assert.equal(result, undefined)
    assert.deepEqual(open, [...before, newcomer])
    return
  }
  assert.equal(result?.ended, worst ?? newcomer)
  assert.equal(result.reason, crowd === ofAddress ? 'address_limit' : 'connection_limit')
  assert.ok(!open.includes(result.ended))
  assert.equal(open.includes(newcomer), worst !== undefined)
}

test('one that was taken out gives its place to another of its address', () => {
  const slots = new Slots<Slot>({ total: 9, perAddress: 1 })
  const first = slotOf('a')
  assert.equal(slots.add(first), undefined)
  slots.remove(first)
  slots.remove(first)
  assert.equal(slots.add(slotOf('a')), undefined)
  assert.equal(slots.add(slotOf('a'))?.reason, 'address_limit')
})
