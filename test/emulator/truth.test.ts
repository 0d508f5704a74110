import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { VENUE_IDS, type VenueId } from '../../src/core/ids.ts'
import type { TruthBook } from '../../src/emulator/model.ts'
import { ask, type Client, connect, emulate, PATHS, subscribe } from './client.ts'
import { type BookFrame, PlainBook, readBook } from './plain-reader.ts'

const DEPTH_PATHS: Partial<Record<VenueId, string>> = {
  'binance-spot': '/api/v3/depth?limit=5000&symbol=',
  'binance-derivatives': '/fapi/v1/depth?limit=1000&symbol=',
}

for (const venue of VENUE_IDS) {
  test(`${venue}: whoever applies the frames has the true book at every sequence, for any seed and symbol`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), fc.nat(11), fc.boolean(), async (seed, index, inside) => {
        const { sim, model } = emulate(venue, {
          seed,
          instruments: 12,
          depth: 60,
          snapshotInside: inside ? 1 : 0,
        })
        const symbol = model.symbols[index] ?? ''
        const truths = new Map<number, TruthBook>()
        model.watch(symbol, (truth) => truths.set(truth.sequence, truth))
        const client = connect(model, PATHS[venue].book)
        subscribe(client, venue, 'book', symbol)
        await sim.advance(1_500)
        const snapshot = ask(model, `${DEPTH_PATHS[venue]}${symbol}`)
        await sim.advance(2_500)
        const checked = compare(venue, client, snapshot?.body, truths)
        assert.ok(checked > 0 || truths.size < 3, `${truths.size} events, none of them checked`)
        model.stop()
      }),
      { numRuns: 12 },
    )
  })
}

/** Applies all frames by the rules of the venue's sheet; answers how many books were compared with the truth. */
function compare(
  venue: VenueId,
  client: Client,
  body: string | undefined,
  truths: Map<number, TruthBook>,
): number {
  const book = new PlainBook()
  const frames = client.take().flatMap((text) => readBook(venue, text) ?? [])
  if (DEPTH_PATHS[venue] !== undefined) {
    const { lastUpdateId: last, bids, asks } = JSON.parse(body ?? '')
    // Binance pads with zeros, the truth does not.
    const levels = readBook('binance-spot', JSON.stringify({ e: 'depthUpdate', b: bids, a: asks }))
    book.apply({ ...(levels as BookFrame), isSnapshot: true, last })
  }
  let checked = 0
  let isAnchored = false
  for (const frame of frames) {
    if (!isNext(venue, book, frame, isAnchored)) continue
    isAnchored = !frame.isSnapshot
    book.apply(frame)
    const truth = truths.get(frame.last)
    if (truth === undefined) continue
    assert.deepEqual(book.levels(), { bids: truth.bids, asks: truth.asks })
    checked++
  }
  return checked
}

function isNext(venue: VenueId, book: PlainBook, frame: BookFrame, isAnchored: boolean): boolean {
  if (frame.isSnapshot) return true
  if (venue === 'binance-spot') {
    if (frame.last <= book.last) return false
    assert.ok(isAnchored ? frame.first === book.last + 1 : frame.first <= book.last + 1, 'a hole')
  } else if (venue === 'binance-derivatives' && !isAnchored) {
    if (frame.last < book.last) return false
    assert.ok(frame.first <= book.last || frame.previous === book.last, 'a hole')
  } else assert.equal(frame.previous, book.last, 'a hole')
  return true
}

test('the same seed gives the same frames, another seed gives others', async () => {
  const play = async (seed: number): Promise<string[]> => {
    const { sim, model } = emulate('okx-spot', { seed })
    const client = connect(model, PATHS['okx-spot'].book)
    subscribe(client, 'okx-spot', 'book', 'BTC-USDT')
    await sim.advance(1_000)
    model.stop()
    return client.take().slice(1)
  }
  assert.deepEqual(await play(7), await play(7))
  assert.notDeepEqual(await play(7), await play(8))
})

test('two sockets of a venue are told the same sequences', async () => {
  const { sim, model } = emulate('okx-spot')
  const clients = [connect(model, '/ws/v5/public'), connect(model, '/ws/v5/public')]
  for (const client of clients) subscribe(client, 'okx-spot', 'book', 'BTC-USDT')
  await sim.advance(1_000)
  const [one, other] = clients.map((client) =>
    client.take().flatMap((text) => readBook('okx-spot', text)?.last ?? []),
  )
  assert.ok((one?.length ?? 0) > 5)
  assert.deepEqual(one, other)
  model.stop()
})

test('a book that nobody watches stands still, and a slow stream tells the same changes as a fast one', async () => {
  const { sim, model } = emulate('binance-spot', { depth: 40 })
  const before = model.truth('BTCUSDT')
  const fast = connect(model, '/ws/btcusdt@depth@100ms')
  const slow = connect(model, '/ws/btcusdt@depth')
  await sim.advance(5_050)
  model.stop()
  const read = (client: Client): BookFrame[] =>
    client.take().flatMap((text) => readBook('binance-spot', text) ?? [])
  const follow = (frames: readonly BookFrame[]): PlainBook => {
    const book = new PlainBook()
    book.apply({
      isSnapshot: true,
      last: before?.sequence ?? 0,
      bids: before?.bids ?? [],
      asks: before?.asks ?? [],
    })
    for (const frame of frames) {
      assert.equal(frame.first, book.last + 1)
      book.apply(frame)
    }
    return book
  }
  const [fastFrames, slowFrames] = [read(fast), read(slow)]
  const after = model.truth('BTCUSDT')
  assert.deepEqual(follow(fastFrames).levels(), { bids: after?.bids, asks: after?.asks })
  assert.equal(slowFrames.length, 5)
  const slowBook = follow(slowFrames)
  assert.deepEqual(follow(fastFrames.filter(({ last }) => last <= slowBook.last)).levels(), slowBook.levels())
  await sim.advance(10_000)
  assert.equal(model.truth('BTCUSDT')?.sequence, after?.sequence)
})
