import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { EvidenceFolder } from '../../src/app/evidence-folder.ts'

const FILES_LIMIT = 10

function place(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), 'marketprism-evidence-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

test('the newest files are kept, those of Node among them, whatever their names say', async () => {
  using folder = place()
  const evidence = new EvidenceFolder(folder.path, assert.fail)
  const names = Array.from({ length: FILES_LIMIT }, (_, at) => `report.${99 - at}.json`)
  for (const [at, name] of names.entries()) {
    writeFileSync(join(folder.path, name), '')
    utimesSync(join(folder.path, name), 1_000 + at, 1_000 + at)
  }
  evidence.keep('collector-1.txt', 'what was known')
  await evidence.settled()
  assert.deepEqual(readdirSync(folder.path).toSorted(), ['collector-1.txt', ...names.slice(1)].toSorted())
  assert.equal(readFileSync(join(folder.path, 'collector-1.txt'), 'utf8'), 'what was known')
})

test('pruning lets go of what others have written', async () => {
  using folder = place()
  for (let at = 0; at < FILES_LIMIT + 5; at++) {
    const file = join(folder.path, `report.${at}.json`)
    writeFileSync(file, '')
    utimesSync(file, 1_000 + at, 1_000 + at)
  }
  const evidence = new EvidenceFolder(folder.path, assert.fail)
  evidence.prune()
  await evidence.settled()
  const kept = readdirSync(folder.path)
  assert.equal(kept.length, FILES_LIMIT)
  assert.ok(!kept.includes('report.4.json') && kept.includes('report.5.json'))
})

test('what is kept while old files are let go of is kept as well', async () => {
  using folder = place()
  const evidence = new EvidenceFolder(folder.path, assert.fail)
  evidence.prune()
  evidence.keep('collector-1.txt', 'one')
  evidence.keep('delivery-1.txt', 'other')
  await evidence.settled()
  assert.deepEqual(readdirSync(folder.path).toSorted(), ['collector-1.txt', 'delivery-1.txt'])
})

test('a folder that cannot be written is told, and is no fault of whoever keeps', async () => {
  using folder = place()
  const told: string[] = []
  const blocked = join(folder.path, 'a file')
  writeFileSync(blocked, '')
  const evidence = new EvidenceFolder(join(blocked, 'evidence'), (text) => told.push(text))
  evidence.keep('collector-1.txt', '')
  evidence.prune()
  await evidence.settled()
  assert.deepEqual(readdirSync(folder.path), ['a file'])
  assert.equal(told.length, 2)
  assert.match(told[0] ?? '', /^evidence cannot be kept: ENOTDIR/)
})
