import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import type { Writable } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameTap } from '../../src/runtime/frame-tap.ts'

const LIMIT_BYTES = 70_000
/** What ws reads with: it speaks the whole protocol. */
const { Receiver }: { Receiver: new (options: object) => Writable } = createRequire(import.meta.url)('ws')

/** A frame as a server sends it. */
function frame(first: number, payload: Buffer, mask = 0): Buffer {
  const { length } = payload
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  head[0] = first
  head[1] = mask | (length < 126 ? length : length < 65_536 ? 126 : 127)
  if (head.length === 4) head.writeUInt16BE(length, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}

const payload = fc.oneof(
  { weight: 8, arbitrary: fc.string({ maxLength: 30 }).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.integer({ min: 120, max: 400 }).map((length) => Buffer.alloc(length, 'ë')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(65_535, 65_536, 66_000).map((length) => Buffer.alloc(length, 'x')),
  },
)
const TEXT = 0x81
const usual = fc.oneof(
  { weight: 20, arbitrary: payload.map((bytes) => [frame(TEXT, bytes)]) },
  { weight: 2, arbitrary: payload.map((bytes) => [frame(0x82, bytes)]) },
  {
    weight: 2,
    arbitrary: fc.constantFrom([frame(0x89, Buffer.from('17'))], [frame(0x8a, Buffer.from('18'))]),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(payload, payload)
      .map(([one, other]) => [frame(0x01, one), frame(0x89, Buffer.from('19')), frame(0x80, other)]),
  },
)
/** What is against the protocol, or the end: nothing that follows counts. */
const last = fc.constantFrom(
  frame(0x88, Buffer.from([3, 232, 98, 121, 101])),
  frame(0x88, Buffer.alloc(0)),
  frame(TEXT, Buffer.from([0xff, 0xfe])),
  frame(TEXT, Buffer.alloc(LIMIT_BYTES + 1, 'x')),
  frame(TEXT, Buffer.from('masked'), 0x80),
  frame(0xc1, Buffer.from('compressed')),
  frame(0x83, Buffer.from('no such opcode')),
  frame(0x80, Buffer.from('goes on with nothing')),
  Buffer.concat([frame(0x01, Buffer.from('begins')), frame(TEXT, Buffer.from('another'))]),
  frame(0x09, Buffer.from('a ping in parts')),
  frame(0x89, Buffer.alloc(126, 'p')),
)

/** What is heard of bytes that come in these reads, in order; with a tap before ws, or by ws alone. */
async function heard(
  reads: readonly Buffer[],
  isTapped: boolean,
): Promise<{ readonly events: string[]; readonly taken: number }> {
  const events: string[] = []
  let taken = 0
  let isOver = false
  const receiver = new Receiver({ isServer: false, maxPayload: LIMIT_BYTES, skipUTF8Validation: false })
  const over = (what: string): void => {
    events.push(what)
    isOver = true
    tap.off()
  }
  const digest = (bytes: Uint8Array): string =>
    `${bytes.length} ${Buffer.from(bytes.subarray(0, 40)).toString('hex')}`
  const tap = new FrameTap(LIMIT_BYTES, {
    onText: (bytes) => {
      taken++
      events.push(`message ${digest(bytes)}`)
    },
    onRest: (bytes) => void (isOver || receiver.write(Buffer.from(bytes))),
  })
  receiver.on('message', (bytes: Uint8Array) => events.push(`message ${digest(bytes)}`))
  receiver.on('ping', (bytes: Uint8Array) => events.push(`ping ${digest(bytes)}`))
  receiver.on('pong', (bytes: Uint8Array) => events.push(`pong ${digest(bytes)}`))
  receiver.on('conclude', (code: number, reason: Uint8Array) => over(`conclude ${code} ${digest(reason)}`))
  receiver.on('error', ({ message }: Error) => over(`error ${message}`))
  for (const read of reads) {
    if (isOver) break
    if (isTapped) tap.take(read)
    else receiver.write(read)
    // What is against the protocol is told after the read.
    await new Promise<void>((resolve) => process.nextTick(resolve))
  }
  return { events, taken }
}

/** Cuts into reads of these lengths, over and over. */
function cut(bytes: Buffer, lengths: readonly number[]): readonly Buffer[] {
  const reads: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const length = lengths[reads.length % lengths.length] ?? 1
    reads.push(bytes.subarray(at, at + length))
    at += length
  }
  return reads
}

test('with a tap the same is heard as by ws alone, whatever comes and however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(usual, { maxLength: 12 }),
      fc.option(last),
      fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 40_000 })), {
        minLength: 1,
        maxLength: 6,
      }),
      async (frames, end, lengths) => {
        const bytes = Buffer.concat([
          ...frames.flat(),
          ...(end === null ? [] : [end, frame(TEXT, Buffer.from('late'))]),
        ])
        // Without sizes of some thousand bytes a message of 60 kB would take its time.
        const reads = cut(bytes, bytes.length > 20_000 ? [...lengths, 16_384] : lengths)
        const [tapped, alone] = [await heard(reads, true), await heard(reads, false)]
        assert.deepEqual(tapped.events, alone.events)
      },
    ),
    { numRuns: 2_000 },
  )
})

test('a tap takes every usual message, however the reads cut them', async () => {
  const frames = Array.from({ length: 100 }, (_, at) => frame(TEXT, Buffer.from(`{"number":${at}}`)))
  const bytes = Buffer.concat(frames)
  for (const lengths of [[bytes.length], [1], [7, 100], [bytes.length / 2 - 3, bytes.length]]) {
    const { events, taken } = await heard(cut(bytes, lengths), true)
    assert.deepEqual([events.length, taken], [100, 100])
  }
})
