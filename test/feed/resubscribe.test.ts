import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Resubscribes } from '../../src/feed/resubscribe.ts'
import { SeededRandom } from '../../src/runtime/sim-random.ts'

function rig(options: { readonly canSend?: () => boolean } = {}) {
  const sent: { readonly stream: number; readonly atS: number; readonly cause: string | undefined }[] = []
  const reconnects: number[] = []
  let nowUs = 0
  const resubscribes = new Resubscribes({
    random: new SeededRandom(5),
    policy: { firstMs: 1_000, maxMs: 300_000 },
    deadlineMs: 10_000,
    resubscribe: (stream, cause) => {
      if (options.canSend?.() === false) return false
      sent.push({ stream, atS: nowUs / 1e6, cause })
      return true
    },
    reconnect: () => reconnects.push(nowUs / 1e6),
  })
  const pass = (seconds: number): void => {
    for (let second = 0; second < seconds; second++) {
      nowUs += 1e6
      resubscribes.sweep(nowUs)
    }
  }
  return { resubscribes, sent, reconnects, pass, now: () => nowUs }
}

test('a stream is subscribed to anew at once, and only once while that may still work', () => {
  const { resubscribes, sent, pass, now } = rig()
  resubscribes.want(4, now(), 'silent')
  resubscribes.want(4, now(), 'silent')
  pass(9)
  resubscribes.want(4, now())
  assert.deepEqual(sent, [{ stream: 4, atS: 0, cause: 'silent' }])
  resubscribes.done(4)
  pass(600)
  assert.equal(sent.length, 1)
  assert.equal(resubscribes.size, 0)
})

test('after ten seconds in vain it is tried again, and the stream is told to have ended only once', () => {
  const { resubscribes, sent, pass, now } = rig()
  resubscribes.want(4, now(), 'silent')
  pass(30)
  assert.ok(sent.length >= 2)
  assert.ok((sent[1]?.atS ?? 0) >= 10)
  assert.deepEqual(
    sent.map(({ cause }) => cause),
    ['silent', ...sent.slice(1).map(() => undefined)],
  )
})

test('three attempts in vain cost the socket, but one stream does not cost it again and again', () => {
  const { resubscribes, sent, reconnects, pass, now } = rig()
  resubscribes.want(4, now())
  pass(7_200)
  assert.ok(sent.length > 10, 'it never gives up')
  assert.ok((reconnects[0] ?? 0) >= 30 && (reconnects[0] ?? 0) < 60)
  assert.ok(reconnects.length >= 2 && reconnects.length <= 6, reconnects.join(' '))
  for (const [at, second] of reconnects.entries()) {
    assert.ok(at === 0 || second - (reconnects[at - 1] ?? 0) >= 300)
  }
})

test('while no session can send it waits, and a fresh subscription counts as the attempt', () => {
  let canSend = false
  const { resubscribes, sent, pass, now } = rig({ canSend: () => canSend })
  resubscribes.want(4, now())
  pass(60)
  resubscribes.fresh(4, now())
  canSend = true
  pass(9)
  assert.deepEqual(sent, [])
  pass(30)
  assert.ok(sent.length > 0)
})
