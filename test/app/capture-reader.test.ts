import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { CaptureError, readCapture } from '../../src/app/capture-reader.ts'

const folder = mkdtempSync(join(tmpdir(), 'marketprism-reader-'))
after(() => rmSync(folder, { recursive: true }))

const lineOf = (index: number): string =>
  `${JSON.stringify({ t: index, src: 'ws', conn: 'a', dir: 'in', raw: 'x'.repeat(1 + ((index * 7_919) % 900)) })}\n`

async function read(name: string, bytes: Uint8Array): Promise<(number | null)[]> {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  const times: (number | null)[] = []
  for await (const { line } of readCapture(path)) times.push(line.t)
  return times
}

const wanted = Array.from({ length: 3_000 }, (_, index) => index)
const chunks = (size: number): string[] =>
  wanted.reduce<string[]>((parts, index) => {
    if (index % size === 0) parts.push('')
    parts.push((parts.pop() ?? '') + lineOf(index))
    return parts
  }, [])

for (const size of [1, 7, 250, 3_000]) {
  test(`a capture of packed chunks of ${size} lines is read whole`, async () => {
    const parts = chunks(size).map((text) => Buffer.from(text))
    assert.deepEqual(
      await read('a.ndjson.zst', Buffer.concat(parts.map((part) => zstdCompressSync(part)))),
      wanted,
    )
    assert.deepEqual(await read('a.ndjson.gz', Buffer.concat(parts.map((part) => gzipSync(part)))), wanted)
    assert.deepEqual(await read('a.ndjson', Buffer.concat(parts)), wanted)
  })
}

test('lines end with a line feed and nothing else: separators inside of strings, carriage returns and a byte order mark are fine', async () => {
  const raw = 'a\u2028b\u2029c\u0085d'
  const text = JSON.stringify({ t: 1, src: 'ws', conn: 'a', dir: 'in', raw })
  assert.deepEqual(await read('separators.ndjson', Buffer.from(`\uFEFF${text}\r\n\n${text}`)), [1, 1])
})

test('a capture that was cut short is read up to the cut, and the cut is told with its place', async () => {
  const parts = chunks(100).map((text) => zstdCompressSync(Buffer.from(text)))
  const whole = Buffer.concat(parts)
  const path = join(folder, 'cut.ndjson.zst')
  writeFileSync(path, whole.subarray(0, whole.length - 20))
  const times: unknown[] = []
  await assert.rejects(
    async () => {
      for await (const { line } of readCapture(path)) times.push(line.t)
    },
    (error) =>
      error instanceof CaptureError && error.message.startsWith(`${path}: cannot be read after line `),
  )
  assert.ok(times.length >= 2_900, `${times.length} lines`)
})

for (const [what, text, fault] of [
  ['not JSON', '{"t":1', 'not JSON'],
  ['no object', '7', 'not a capture line'],
  ['a wrong time', '{"t":"1","src":"ws","conn":"a","dir":"in","raw":""}', 't is no time'],
  ['a wrong source', '{"t":1,"src":"udp","conn":"a","dir":"in","raw":""}', 'src is neither ws nor rest'],
  ['no direction', '{"t":1,"src":"ws","conn":"a","raw":""}', 'dir is neither in nor out'],
  ['no text', '{"t":1,"src":"ws","conn":"a","dir":"in"}', 'raw is no text'],
] as const) {
  test(`a line with ${what} is refused with its place`, async () => {
    const path = join(folder, 'bad.ndjson')
    await assert.rejects(read('bad.ndjson', Buffer.from(`${lineOf(0)}${text}\n`)), {
      message: `${path}:2: ${fault}`,
    })
  })
}

test('a file that is not there is told as such', async () => {
  await assert.rejects(async () => {
    for await (const line of readCapture(join(folder, 'none.ndjson'))) assert.fail(JSON.stringify(line))
  }, CaptureError)
})
