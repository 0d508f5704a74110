import type { CaptureWriter } from '../journal/capture-writer.ts'
import type { Http, Runtime, Sockets } from '../runtime/runtime.ts'

const text = new TextDecoder()

/** A runtime whose sockets and requests write everything that passes through them to `writer`. */
export function record(runtime: Runtime, writer: CaptureWriter): Runtime {
  return { ...runtime, sockets: recordSockets(runtime, writer), http: recordHttp(runtime.http, writer) }
}

/** Sockets of one URL are told apart by a number: `wss://…/stream#3`. */
function recordSockets(runtime: Runtime, writer: CaptureWriter): Sockets {
  let opened = 0
  return {
    open(url, options, handlers) {
      const conn = `${url}#${++opened}`
      const socket = runtime.sockets.open(url, options, {
        ...handlers,
        onOpen: () => handlers.onOpen(),
        onPing: () => handlers.onPing(),
        onEnd: (end) => handlers.onEnd(end),
        onFrame(bytes, receiveTimeUs) {
          writer.write('ws', conn, 'in', { raw: text.decode(bytes), timeUs: receiveTimeUs })
          handlers.onFrame(bytes, receiveTimeUs)
        },
      })
      return {
        send(frame) {
          writer.write('ws', conn, 'out', { raw: frame, timeUs: runtime.clock.now() })
          socket.send(frame)
        },
        ping: () => socket.ping(),
        close: (code, reason) => socket.close(code, reason),
        get unsentBytes() {
          return socket.unsentBytes
        },
      }
    },
  }
}

function recordHttp(http: Http, writer: CaptureWriter): Http {
  return {
    async get(request) {
      const answer = await http.get(request)
      writer.write('rest', request.url, 'in', { raw: text.decode(answer.body), timeUs: answer.receiveTimeUs })
      return answer
    },
  }
}
