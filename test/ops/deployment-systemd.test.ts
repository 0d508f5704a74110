import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findCommand } from '../../scripts/tools.ts'
import { judgeMemory } from '../../src/app/doctor/limits.ts'
import { EXIT, EXIT_NAMES, type ExitName } from '../../src/app/exit.ts'
import {
  bytesOf,
  commandFault,
  configOf,
  DEFAULTS,
  ROOT,
  secondsOf,
  STOP_SECONDS,
  textOf,
} from './deployment-files.ts'

const UNITS = ['marketprism.service', 'marketprism-alert-bridge.service'] as const

/** Ends after which the same start would end the same way. */
const POINTLESS: readonly ExitName[] = ['usage', 'input', 'config']

/** Values of the keys of a unit, in the order of the file. */
function unitOf(name: string): ReadonlyMap<string, readonly string[]> {
  const settings = new Map<string, string[]>()
  for (const line of textOf(`ops/systemd/${name}`).split('\n')) {
    const [, key, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? []
    if (key !== undefined && value !== undefined) settings.set(key, [...(settings.get(key) ?? []), value])
  }
  return settings
}

const first = (unit: ReadonlyMap<string, readonly string[]>, key: string): string => unit.get(key)?.[0] ?? ''

const analyze = findCommand('systemd-analyze')
test(
  'systemd finds nothing wrong with the units',
  { skip: analyze === undefined ? 'systemd-analyze is not on this machine' : false },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'marketprism-units-'))
    const files = UNITS.map((name) => {
      const file = join(folder, name)
      // It wants the program to be there.
      writeFileSync(
        file,
        textOf(`ops/systemd/${name}`).replaceAll('/usr/local/bin/marketprism', process.execPath),
      )
      return file
    })
    const ended = spawnSync(analyze ?? '', ['verify', ...files], { encoding: 'utf8' })
    rmSync(folder, { recursive: true })
    // It also tells of units that are on this machine already.
    const ours = ended.stderr.split('\n').filter((line) => line.includes('marketprism'))
    assert.deepEqual(ours, [])
    assert.equal(ended.status, 0, ended.stderr)
  },
)

/** Of 10, as systemd counts. What remains is the network, and files that a group may read. */
const EXPOSURE_LIMIT = 2

test(
  'systemd finds that the units are exposed to little',
  { skip: analyze === undefined ? 'systemd-analyze is not on this machine' : false },
  () => {
    for (const name of UNITS) {
      const limit = `--threshold=${EXPOSURE_LIMIT * 10}`
      const file = join(ROOT, 'ops/systemd', name)
      const ended = spawnSync(analyze ?? '', ['security', '--offline=yes', '--no-pager', limit, file], {
        encoding: 'utf8',
      })
      assert.equal(ended.status, 0, `${ended.stdout.split('\n').at(-2)}${ended.stderr}`)
    }
  },
)

for (const name of UNITS) {
  const unit = unitOf(name)

  test(`${name} starts again what failed, unless that cannot help`, () => {
    assert.equal(first(unit, 'Type'), 'exec')
    assert.equal(first(unit, 'Restart'), 'on-failure')
    const codes = first(unit, 'RestartPreventExitStatus').split(' ').map(Number)
    assert.deepEqual(
      codes,
      POINTLESS.map((exit) => EXIT[exit]),
    )
    const others = EXIT_NAMES.filter((exit) => !POINTLESS.includes(exit))
    for (const exit of others) assert.ok(!codes.includes(EXIT[exit]), exit)
    // Status of ExecStartPre is not looked at by RestartPreventExitStatus.
    assert.equal(unit.get('ExecStartPre'), undefined)
    assert.equal(first(unit, 'StartLimitIntervalSec'), '0')
  })

  test(`${name} runs a command that there is`, () => {
    const [program, ...args] = first(unit, 'ExecStart').split(' ')
    assert.equal(program, '/usr/local/bin/marketprism')
    assert.equal(commandFault(args), undefined)
  })

  test(`${name} has time for a clean end, and is told once`, () => {
    assert.equal(secondsOf(first(unit, 'TimeoutStopSec')), 15)
    assert.ok(secondsOf(first(unit, 'TimeoutStopSec')) > STOP_SECONDS)
    assert.equal(first(unit, 'KillMode'), 'mixed')
    assert.equal(first(unit, 'KillSignal'), 'SIGTERM')
  })

  test(`${name} may write its own folders only, and may compile`, () => {
    assert.equal(first(unit, 'ProtectSystem'), 'strict')
    assert.equal(first(unit, 'NoNewPrivileges'), 'yes')
    assert.equal(first(unit, 'CapabilityBoundingSet'), '')
    assert.notEqual(first(unit, 'User'), 'root')
    assert.notEqual(first(unit, 'StateDirectory'), '')
    assert.equal(unit.get('MemoryDenyWriteExecute'), undefined)
    const cache = `/var/cache/${first(unit, 'CacheDirectory')}/`
    assert.ok(first(unit, 'Environment').startsWith(`NODE_COMPILE_CACHE=${cache}`))
  })
}

test('the collector has the memory that it may take by its own limits, and outlives the end of a part of it', () => {
  const unit = unitOf('marketprism.service')
  const memoryBytes = bytesOf(first(unit, 'MemoryMax'))
  assert.equal(memoryBytes, bytesOf('4G'))
  assert.equal(judgeMemory({ memoryBytes, machineMemoryBytes: 2 * memoryBytes }, DEFAULTS).result, 'ok')
  assert.equal(first(unit, 'OOMPolicy'), 'continue')
  assert.ok(Number(first(unit, 'LimitNOFILE')) >= 65_536)
})

test('the collector writes to the folder that systemd makes', () => {
  const unit = unitOf('marketprism.service')
  assert.match(first(unit, 'ExecStart'), new RegExp(` --data /var/lib/${first(unit, 'StateDirectory')}$`))
})

test('the bridge finds its queue and its secrets where systemd puts them', () => {
  const unit = unitOf('marketprism-alert-bridge.service')
  const { alerts } = configOf(textOf('ops/systemd/alerts.yaml'))
  assert.equal(alerts.folder, `/var/lib/${first(unit, 'StateDirectory')}`)
  const given = unit.get('LoadCredential')?.map((credential) => credential.split(':')[0]) ?? []
  const read = alerts.robots.flatMap((robot) => [robot.webhookUrlFile, robot.secretFile])
  assert.deepEqual(
    read,
    given.map((name) => `/run/credentials/marketprism-alert-bridge.service/${name}`),
  )
})
