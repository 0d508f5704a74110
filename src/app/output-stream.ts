import { FailureError } from '../core/errors.ts'
import type { OutputStream } from './io.ts'

/** A stream of the process. A reader that goes away (`| head`) takes the text with it, not the collector. */
export function outputStream(stream: NodeJS.WriteStream): OutputStream {
  stream.on('error', () => undefined)
  return {
    write: (text) => void stream.write(text),
    writeBytes: (bytes) =>
      new Promise((resolve, reject) => {
        stream.write(bytes, (cause) => {
          if (!cause) resolve()
          else reject(new FailureError('unreachable', 'nobody reads the output', { retryable: false, cause }))
        })
      }),
  }
}
