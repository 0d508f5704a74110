// Plays a capture of one venue to whoever connects, in a process of its own: `node bench/socket/sender.ts VENUE SPEED REQUEST_MS FILE CERT
// KEY`. Over TLS, as venues are. Speed 0: back to back. It waits so long at a recorded book for somebody to ask for it. Prints `at STREAM_URL REST_URL` and, once all is sent, `done`. A client gets every stream of the capture as soon as it has
// subscribed to one: recordings are mostly of best prices, which the collector does not ask for.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createServer } from 'node:tls'
import { constants, setPriority } from 'node:os'
import { readCapture } from '../../src/app/capture-reader.ts'
import type { CaptureLine } from '../../src/core/capture.ts'
import { isVenueId } from '../../src/core/ids.ts'
import { captureModel } from '../../src/emulator/capture-model.ts'
import type { EmulatedVenue, Peer } from '../../src/emulator/model.ts'
import { serveVenue } from '../../src/emulator/server.ts'
import { systemRuntime } from '../../src/runtime/system.ts'

/** Above every id that the collector gives. */
const OWN_ID = 999_999
/** Sent once in 25 ms, as the emulator does by itself, frames would come in heaps that no network makes. */
const TICK_MS = 5
const STREAM = /^\{"stream":"([^"]+@bookTicker)"/

const [venue = '', speed = '', requestMs = '', file = '', cert = '', key = ''] = process.argv.slice(2)
if (!isVenueId(venue)) throw new Error(`${venue}: no such venue`)
const lines: CaptureLine[] = []
const others = new Set<string>()
for await (const { line } of readCapture(file)) {
  lines.push(line)
  const stream = STREAM.exec(line.raw)?.[1]
  if (stream !== undefined) others.add(stream)
}
// A venue has processors of its own: here it takes what the others leave.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
const runtime = systemRuntime()
const model = captureModel({ venue, lines, done: () => console.log('done') }, runtime, {
  requestMs: Number(requestMs),
  ...(speed === '0' ? { speed: Infinity } : { speed: Number(speed), tickMs: TICK_MS }),
})
const server = await serveVenue(generous(model), runtime.timers)
const front = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (socket) => {
  const inner = connect(server.port, '127.0.0.1')
  socket.on('error', () => inner.destroy()).on('close', () => inner.destroy())
  inner.on('error', () => socket.destroy()).on('close', () => socket.destroy())
  socket.pipe(inner).pipe(socket)
})
front.listen(0, '127.0.0.1', () => {
  const address = front.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  console.log(`at wss://127.0.0.1:${address.port} https://127.0.0.1:${address.port}`)
})

/** The same venue, that subscribes each client to the rest of the streams as well. */
function generous(plain: EmulatedVenue): EmulatedVenue {
  return {
    venue: plain.venue,
    symbols: plain.symbols,
    faults: plain.faults,
    get status() {
      return plain.status
    },
    request: (path, reply) => plain.request(path, reply),
    truth: (symbol) => plain.truth(symbol),
    watch: (symbol, hear) => plain.watch(symbol, hear),
    stop: () => plain.stop(),
    connect(path: string, peer: Peer) {
      const connection = plain.connect(path, peer)
      if ('refused' in connection || others.size === 0) return connection
      let isAsked = false
      return {
        receive(text) {
          connection.receive(text)
          if (isAsked) return
          isAsked = true
          connection.receive(JSON.stringify({ method: 'SUBSCRIBE', params: [...others], id: OWN_ID }))
        },
        pong: (payload) => connection.pong(payload),
        pinged: () => connection.pinged(),
        ended: () => connection.ended(),
      }
    },
  }
}
