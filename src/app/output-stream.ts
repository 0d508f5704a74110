import { write } from 'node:fs'
import { FailureError } from '../core/errors.ts'
import type { OutputStream } from './io.ts'

/** What may wait for a reader before more of what is offered is dropped. */
const BEHIND_LIMIT_BYTES = 1024 * 1024

/** A stream of the process. A reader that goes away (`| head`) takes the text with it, not the collector. */
export function outputStream(stream: NodeJS.WriteStream & { readonly fd?: number }): OutputStream {
  stream.on('error', () => undefined)
  let isDrawing = false
  return {
    write: (text) => void stream.write(text),
    offer(text) {
      if (!stream.isTTY || stream.fd === undefined) {
        if (stream.writableLength < BEHIND_LIMIT_BYTES) stream.write(text)
        return
      }
      // Node waits for a terminal with the whole process: written aside, one text at a time, it waits for nobody.
      if (isDrawing) return
      isDrawing = true
      write(stream.fd, text, () => (isDrawing = false))
    },
    writeBytes: (bytes) =>
      new Promise((resolve, reject) => {
        stream.write(bytes, (cause) => {
          if (!cause) resolve()
          else reject(new FailureError('unreachable', 'nobody reads the output', { retryable: false, cause }))
        })
      }),
  }
}
