import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { alertBridge } from '../../src/app/alert-bridge.ts'
import { BridgeFolder } from '../alerts/bridge-process.ts'
import { memoryIo } from '../cli/memory-io.ts'

test('secrets in the environment are read, and are gone from it before the bridge listens', async () => {
  using folder = new BridgeFolder()
  process.env['ALERT_BRIDGE_OPS_TOKEN'] = 'CANARY-token'
  process.env['ALERT_BRIDGE_OPS_SECRET'] = 'CANARY-secret'
  const memory = memoryIo()
  const secretsAtStart: string[] = []
  const code = await alertBridge(
    {
      host: '127.0.0.1',
      port: 0,
      folder: join(folder.path, 'queue'),
      queueBytes: 65_536,
      repeatSeconds: 150,
      language: 'en',
      timeZone: 'UTC',
      heartbeatUrlFile: undefined,
      robots: [
        {
          name: 'ops',
          kind: undefined,
          routes: undefined,
          webhookUrlFile: undefined,
          tokenFile: undefined,
          secretFile: undefined,
          keyword: undefined,
          language: undefined,
          criticalAtMobiles: undefined,
          criticalAtAll: undefined,
        },
      ],
    },
    0.05,
    {
      ...memory.io,
      env: process.env,
      stderr: {
        ...memory.io.stderr,
        write: (text) => {
          if (text.includes('listens at')) {
            secretsAtStart.push(
              ...Object.values(process.env)
                .filter((value) => value?.includes('CANARY'))
                .map(String),
            )
          }
          memory.io.stderr.write(text)
        },
      },
    },
  )
  assert.equal(code, 0)
  assert.match(memory.err(), /listens at/)
  assert.deepEqual(secretsAtStart, [])
  assert.ok(Object.keys(process.env).length > 0, 'only those are taken out')
})
