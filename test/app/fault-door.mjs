// Loaded into a collector before its program (`node --import`): does what the file FAULT_DOOR names, once it is there.
import { subscribe } from 'node:diagnostics_channel'
import fs, { existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { createServer, connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const LOOK_MS = 50
const MEBIBYTE = 1024 * 1024
const door = process.env.FAULT_DOOR
const kept = []
/** Records; `block` does not touch them. */
const hoarded = []
let busyTimer
let endFullDisk = () => undefined

if (process.argv.includes('collect') && door !== undefined) {
  setInterval(() => {
    if (!existsSync(door)) return
    const [name, amount] = readFileSync(door, 'utf8').trim().split(' ')
    rmSync(door)
    FAULTS[name](Number(amount))
  }, LOOK_MS).unref()
}

const FAULTS = {
  /** All garbage is collected: what is in use after that is kept. */
  collect() {
    setFlagsFromString('--expose-gc')
    runInNewContext('gc')()
  },
  /** The loop stands still, at full load. */
  block(ms) {
    const until = performance.now() + ms
    while (performance.now() < until) kept.length = 0
  },
  /** Objects without end. */
  heap() {
    for (;;) kept.push(Array.from({ length: 1_000 }, (_, at) => ({ at })))
  },
  /** Descriptors until there are no more. */
  descriptors() {
    try {
      for (;;) kept.push(openSync('/dev/null', 'r'))
    } catch {
      kept.length = Math.min(kept.length, 1_000_000)
    }
  },
  /** Memory outside of the heap, every page of it touched. The loop goes on meanwhile. */
  external(mebibytes) {
    if (mebibytes <= 0) return
    kept.push(Buffer.alloc(10 * MEBIBYTE, 1))
    setImmediate(() => FAULTS.external(mebibytes - 10))
  },
  /** Connections that nobody answers for. */
  orphans(count) {
    const server = createServer((socket) => kept.push(socket)).listen(0, '127.0.0.1', () => {
      for (let number = 0; number < count; number++) kept.push(connect(server.address().port, '127.0.0.1'))
    })
  },
  /** Until it is asked for 0: at work for so long without a break, over and over, and at its own work for as long between. */
  busy(ms) {
    clearInterval(busyTimer)
    if (ms > 0) busyTimer = setInterval(() => FAULTS.block(ms), 2 * ms)
  },
  /** What brought the collector before this one down: every record kept for ever, and a socket more at each connection to a venue. */
  hoard(port) {
    const { writeSync } = fs
    fs.writeSync = (descriptor, bytes, ...rest) => {
      if (bytes instanceof Uint8Array) {
        // Twice, and as bytes: it is found out also where a busy machine lets less through.
        hoarded.push(...recordsIn(bytes), ...recordsIn(bytes), Buffer.from(bytes))
      }
      return writeSync(descriptor, bytes, ...rest)
    }
    syncBuiltinESMExports()
    subscribe('http.client.request.start', ({ request }) => {
      if (request.getHeader('upgrade') !== undefined) kept.push(connect(port, '127.0.0.1'))
    })
  },
  /** The disk takes nothing for so long, or until it is asked for 0. */
  disk(ms) {
    endFullDisk()
    if (ms === 0) return
    const { writeSync } = fs
    const put = (write) => {
      fs.writeSync = write
      syncBuiltinESMExports()
    }
    put(() => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    })
    const timer = setTimeout(put, ms, writeSync)
    endFullDisk = () => {
      clearTimeout(timer)
      put(writeSync)
    }
  },
  /** A fault of the program. */
  throw() {
    throw new RangeError('a planted fault')
  },
}

/** The records among what is written, as objects. */
function recordsIn(bytes) {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').split('\n')
  return lines.filter((line) => line.startsWith('{"type":')).map((line) => JSON.parse(line))
}
