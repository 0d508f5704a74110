import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Subscription } from '../../src/core/ids.ts'
import { changePlan, type PlanChange } from '../../src/feed/planner.ts'
import { binanceDerivatives } from '../../src/venues/binance/derivatives.ts'
import { okxSpot } from '../../src/venues/okx/venue.ts'
import type { PlannedSubscription, SocketPlan, Venue } from '../../src/venues/venue.ts'

const choiceOf = (venue: Venue) => ({
  book: venue.options.book[0] ?? '',
  trade: venue.options.trade[0] ?? '',
})

const both = (symbol: string): Subscription[] => [
  { channel: 'book', symbol },
  { channel: 'trade', symbol },
]

const symbolsOf = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `C${from + at}-USDT`)

/** The sockets there are after a change. */
function after(current: readonly SocketPlan[], change: PlanChange): SocketPlan[] {
  const left = new Set(change.leave.flatMap(({ subscriptions }) => subscriptions.map(({ key }) => key)))
  const kept = current.flatMap(({ path, subscriptions }, socket) => {
    if (change.close.includes(socket)) return []
    const joined = change.join.find((move) => move.socket === socket)?.subscriptions ?? []
    return [{ path, subscriptions: [...subscriptions.filter(({ key }) => !left.has(key)), ...joined] }]
  })
  return [...kept, ...change.open]
}

const names = (subscriptions: readonly (Subscription | PlannedSubscription)[]): string[] =>
  subscriptions.map(({ channel, symbol }) => `${channel} ${symbol}`).toSorted()

test('with nothing there, the plan of the venue is opened', () => {
  const wanted = symbolsOf(0, 50).flatMap(both)
  const change = changePlan([], wanted, okxSpot, choiceOf(okxSpot))
  assert.deepEqual(change.open, okxSpot.plan(wanted, choiceOf(okxSpot)))
  assert.ok(change.open.length > 1, 'more books than one socket may have')
})

test('what stays is not touched', () => {
  const wanted = symbolsOf(0, 50).flatMap(both)
  const current = okxSpot.plan(wanted, choiceOf(okxSpot))
  const change = changePlan(current, wanted.toReversed(), okxSpot, choiceOf(okxSpot))
  assert.deepEqual(change, { leave: [], join: [], close: [], open: [] })
})

test('one more instrument joins a socket that has room', () => {
  const current = binanceDerivatives.plan(both('BTCUSDT'), choiceOf(binanceDerivatives))
  const wanted = [...both('BTCUSDT'), ...both('ETHUSDT')]
  const change = changePlan(current, wanted, binanceDerivatives, choiceOf(binanceDerivatives))
  assert.deepEqual(change.open, [])
  assert.deepEqual(
    change.join.map(({ subscriptions }) => subscriptions.map(({ key }) => key)),
    [['ethusdt@depth@100ms'], ['ethusdt@aggTrade']],
  )
})

test('a socket with nothing left is closed, without leaving one by one', () => {
  const current = okxSpot.plan(both('BTC-USDT'), choiceOf(okxSpot))
  const change = changePlan(current, [], okxSpot, choiceOf(okxSpot))
  assert.deepEqual(change, { leave: [], join: [], close: [0], open: [] })
})

test('any change of any set: exactly what is wanted is carried, and every socket is one that the venue would plan', () => {
  const range = fc.tuple(fc.nat(60), fc.nat(80))
  fc.assert(
    fc.property(range, range, ([from, count], [then, many]) => {
      const choice = choiceOf(okxSpot)
      const current = okxSpot.plan(symbolsOf(from, count).flatMap(both), choice)
      const wanted = symbolsOf(then, many).flatMap(both)
      const sockets = after(current, changePlan(current, wanted, okxSpot, choice))
      assert.deepEqual(names(sockets.flatMap(({ subscriptions }) => subscriptions)), names(wanted))
      for (const { subscriptions } of sockets) {
        assert.ok(subscriptions.length > 0)
        assert.equal(okxSpot.plan(subscriptions, choice).length, 1)
      }
    }),
    { numRuns: 60 },
  )
})
