import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { serveVenue } from '../../src/emulator/server.ts'
import { venueModel } from '../../src/emulator/venue-model.ts'
import { systemRuntime } from '../../src/runtime/system.ts'

test('the back door cuts every open socket without a close frame, says how many, and lets the next one in', async () => {
  const runtime = systemRuntime()
  const server = await serveVenue(venueModel('okx-spot', runtime, { instruments: 1 }), runtime.timers)
  const open = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`${server.streamUrl}/ws/v5/public`, { perMessageDeflate: false })
    await once(socket, 'open')
    return socket
  }
  const cut = async (): Promise<unknown> => (await fetch(`${server.restUrl}/emulator/cut`)).json()
  try {
    const sockets = [await open(), await open()]
    const ends = sockets.map((socket) => once(socket, 'close'))
    assert.deepEqual(await cut(), { cut: 2 })
    for (const [code] of await Promise.all(ends)) assert.equal(code, 1006)
    assert.deepEqual(await cut(), { cut: 0 })
    const later = await open()
    assert.equal(server.model.status.connections, 1)
    later.terminate()
  } finally {
    await server.stop()
  }
})
