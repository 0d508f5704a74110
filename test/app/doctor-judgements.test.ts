import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { check, type Check, fault, ok, skipped, warning } from '../../src/app/doctor/check.ts'
import { judgeClickHouse } from '../../src/app/doctor/clickhouse.ts'
import { judgeClock, sharper } from '../../src/app/doctor/clock.ts'
import { judgeStores, type Store } from '../../src/app/doctor/disk.ts'
import type { FolderProbe } from '../../src/app/doctor/folder-probe.ts'
import { judgeLock } from '../../src/app/doctor/instance.ts'
import { judgeDescriptors, judgeMemory, judgeNode, NODE_MAJOR_MIN } from '../../src/app/doctor/limits.ts'
import { judgeTaken } from '../../src/app/doctor/ports.ts'
import { judgeAddresses } from '../../src/app/doctor/reachability.ts'
import { diagnosisJson, diagnosisText } from '../../src/app/doctor/report.ts'
import { readTold, toldText } from '../../src/app/doctor/told.ts'
import { configOf, told } from './doctor-world.ts'

const GIGABYTE = 1e9
const MEBIBYTE = 1024 * 1024
const CONFIG = configOf('deribit', 1, {
  folder: '/data',
  journal: { folder: '/data/journal', free_bytes: 2 * GIGABYTE, keep_hours: 24, limit_bytes: 100 * GIGABYTE },
})

test('a clock is a fault only for what is certain, and a warning where it may be off', () => {
  for (const [offsetMs, roundTripMs, result] of [
    [0, 10, 'ok'],
    [-500, 10, 'ok'],
    [501, 10, 'warning'],
    [-900, 10, 'warning'],
    [1_004, 10, 'warning'],
    [1_006, 10, 'fault'],
    [-1_006, 10, 'fault'],
    [1_900, 2_000, 'warning'],
  ] as const)
    assert.equal(judgeClock({ offsetMs, roundTripMs }).result, result, `${offsetMs} in ${roundTripMs}`)
  assert.match(
    judgeClock({ offsetMs: -5_000, roundTripMs: 8 }).text,
    /^5\.0 s behind the venue's, .* 4\.0 ms$/,
  )
})

test('of two readings of a clock the quicker one counts', () => {
  const [slow, quick] = [
    { offsetMs: 40, roundTripMs: 100 },
    { offsetMs: 3, roundTripMs: 10 },
  ]
  assert.equal(sharper(slow, quick), quick)
  assert.equal(sharper(quick, slow), quick)
})

test('descriptors: a fault below the need, a warning near it', () => {
  assert.equal(judgeDescriptors(575, 576).result, 'fault')
  assert.equal(judgeDescriptors(800, 576).result, 'warning')
  assert.equal(judgeDescriptors(1_024, 576).result, 'ok')
  assert.equal(judgeDescriptors(Infinity, 576).result, 'ok')
  assert.equal(judgeDescriptors(undefined, 576).result, 'warning')
})

test('memory: a container below the heap is a fault, one without room beside it a warning', () => {
  // Heap 64 MiB, Parquet 128 MiB, 512 MiB beside: 704 in all.
  const judge = (memoryMb: number | undefined, machineMb: number) =>
    judgeMemory(
      {
        memoryBytes: memoryMb === undefined ? undefined : memoryMb * MEBIBYTE,
        machineMemoryBytes: machineMb * MEBIBYTE,
      },
      CONFIG,
    )
  assert.equal(judge(63, 8_000).result, 'fault')
  assert.equal(judge(703, 8_000).result, 'warning')
  assert.equal(judge(704, 8_000).result, 'ok')
  assert.match(told(judge(undefined, 500)), /^warning: this machine has 524\.3 MB/)
  assert.match(told(judge(1_000, 8_000)), /^ok: the container has 1\.05 GB; .*heap 67\.1 MB/)
})

test('the oldest Node that is taken is the one that package.json names', () => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  assert.ok(text.includes(`"node": ">=${NODE_MAJOR_MIN}"`))
  assert.equal(judgeNode('23.11.0').result, 'fault')
  assert.equal(judgeNode('24.0.0').result, 'ok')
  assert.equal(judgeNode('26.1.0').result, 'ok')
})

const JOURNAL: Store = { name: 'journal', folder: '/data/journal', bytesADay: 10 * GIGABYTE }
const PARQUET: Store = { name: 'parquet', folder: '/data/parquet', bytesADay: GIGABYTE }

const probeWith = (freeGb: number, storedGb = 0, fsyncMs = 1): FolderProbe => ({
  name: 'writable',
  path: '/data',
  isMissing: false,
  device: 1,
  freeBytes: freeGb * GIGABYTE,
  totalBytes: 500 * GIGABYTE,
  storedBytes: storedGb * GIGABYTE,
  fsyncMs,
})

test('a journal needs free_bytes and what it keeps, of which it may have some already', () => {
  for (const [freeGb, storedGb, result] of [
    [1.9, 50, 'fault'],
    [5, 0, 'warning'],
    [11.9, 0, 'warning'],
    [12, 0, 'ok'],
    [5, 7, 'ok'],
  ] as const) {
    const [judged] = judgeStores([{ store: JOURNAL, probe: probeWith(freeGb, storedGb) }], CONFIG)
    assert.equal(judged?.finding.result, result, `${freeGb} GB free, ${storedGb} GB stored`)
  }
})

test('a store on the disk of the journal has only what that leaves', () => {
  const judge = (store: FolderProbe) =>
    judgeStores(
      [
        { store: JOURNAL, probe: probeWith(20) },
        { store: PARQUET, probe: store },
      ],
      CONFIG,
    )[1]?.finding
  assert.match(told(judge(probeWith(20)) ?? assert.fail()), /^ok: .* lasts 8\.0 days/)
  assert.match(told(judge(probeWith(18)) ?? assert.fail()), /^warning: .* lasts 6\.0 days/)
  assert.match(told(judge({ ...probeWith(20), device: 2 } as FolderProbe) ?? assert.fail()), /lasts 20 days/)
  assert.equal(judge(probeWith(0.05))?.result, 'fault')
})

test('a disk that is slow to take what is forced to it is a warning', () => {
  const [judged] = judgeStores([{ store: JOURNAL, probe: probeWith(100, 0, 140) }], CONFIG)
  assert.match(told(judged?.finding ?? assert.fail()), /^warning: .*fsync 140 ms$/)
})

test('a public name that leads to this machine was put there by a filter; one for this machine was not', () => {
  assert.equal(judgeAddresses('stream.binance.com', ['0.0.0.0'], 1).result, 'warning')
  assert.equal(judgeAddresses('stream.binance.com', ['192.0.2.1', '127.0.0.1'], 1).result, 'ok')
  assert.equal(judgeAddresses('127.0.0.1', ['127.0.0.1'], 1).result, 'ok')
  assert.equal(judgeAddresses('localhost', ['::1'], 1).result, 'ok')
})

test('ClickHouse older than 24.5 is a fault', () => {
  const judge = (version: string) =>
    judgeClickHouse(version, { database: 'marketprism', isThere: true }).result
  assert.deepEqual(['24.5.1.1', '26.7.2.1', '24.4.9.9', '23.8.1.1', ''].map(judge), [
    'ok',
    'ok',
    'fault',
    'fault',
    'warning',
  ])
})

test('a port or journal of somebody who cannot be seen is told as well', () => {
  const unseen = judgeTaken('0.0.0.0', 8_087, { holder: undefined, isOwn: false })
  assert.match(told(unseen), /^fault: 0\.0\.0\.0:8087 is in use by a process that cannot be seen/)
  assert.equal(judgeLock(undefined, true).result, 'ok')
})

const CHECKS: readonly Check[] = [
  check('disk', 'journal', ok('fine')),
  check('disk', 'parquet', warning('nearly full', 'make room')),
  check('venue okx-spot', 'rest', fault('HTTP 500 \u001B[2J\nevil', 'wait')),
  check('venue okx-spot', 'clock', skipped('no time')),
]
const DIAGNOSIS = { file: undefined, checks: CHECKS, seconds: 1.25 }

test('for people: groups, aligned, with what to do below what is wrong, and nothing that moves the cursor', () => {
  assert.equal(
    diagnosisText(DIAGNOSIS, false),
    `disk
  ok       journal  fine
  warning  parquet  nearly full
                    > make room
venue okx-spot
  fault    rest     HTTP 500 [2J evil
                    > wait
  skipped  clock    no time

1 fault, 1 warning, 1 ok, 1 skipped, in 1.3 s
`,
  )
  assert.ok(diagnosisText(DIAGNOSIS, true).includes('\u001B[31mfault'))
})

test('for programs: one line with one object', () => {
  const text = diagnosisJson(DIAGNOSIS)
  assert.deepEqual(JSON.parse(text), {
    result: 'fault',
    file: null,
    seconds: 1.25,
    counts: { ok: 1, skipped: 1, warning: 1, fault: 1 },
    checks: [
      { group: 'disk', check: 'journal', result: 'ok', text: 'fine' },
      { group: 'disk', check: 'parquet', result: 'warning', text: 'nearly full', advice: 'make room' },
      {
        group: 'venue okx-spot',
        check: 'rest',
        result: 'fault',
        text: 'HTTP 500 \u001B[2J\nevil',
        advice: 'wait',
      },
      { group: 'venue okx-spot', check: 'clock', result: 'skipped', text: 'no time' },
    ],
  })
  assert.equal(text.indexOf('\n'), text.length - 1)
})

test('checks come whole from one process to the other, and nothing else is taken for them', () => {
  const message = { place: 3, checks: CHECKS }
  assert.deepEqual(readTold(toldText(message)), message)
  assert.throws(() => readTold('{"place":1}'), TypeError)
  assert.throws(() => readTold('{"place":1,"checks":[{"result":"fine"}]}'), TypeError)
})
