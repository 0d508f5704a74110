import assert from 'node:assert/strict'
import { totalmem } from 'node:os'
import { test } from 'node:test'
import { hostLimits } from '../../src/runtime/host-limits.ts'
import { SystemProcesses } from '../../src/runtime/system-processes.ts'

test('what the host tells is sound', () => {
  const { nodeVersion, descriptors, machineMemoryBytes } = hostLimits(new SystemProcesses())
  assert.equal(`v${nodeVersion}`, process.version)
  assert.ok(descriptors === undefined || descriptors > 0)
  assert.equal(machineMemoryBytes, totalmem())
})

test('a limit of memory counts where the machine has more', () => {
  const memoryOf = (memoryLimitBytes: number | undefined) =>
    hostLimits({ ownPid: 1, readings: () => undefined, memoryLimitBytes: () => memoryLimitBytes }).memoryBytes
  assert.equal(memoryOf(undefined), undefined)
  assert.equal(memoryOf(totalmem() * 2), undefined)
  assert.equal(memoryOf(1_000_000), 1_000_000)
})
