import type { Io } from '../../src/app/io.ts'

/** An `Io` that keeps what is written. */
export interface MemoryIo {
  readonly io: Io
  out(): string
  err(): string
}

/** `cwd` is where relative paths start from. */
export function memoryIo(cwd = '/nowhere'): MemoryIo {
  const out: string[] = []
  const err: string[] = []
  const io: Io = {
    stdout: {
      write: (text) => void out.push(text),
      offer: (text) => void out.push(text),
      writeBytes: async (bytes) => void out.push(new TextDecoder().decode(bytes)),
    },
    stderr: { write: (text) => void err.push(text), offer: (text) => void err.push(text) },
    isTerminal: false,
    columns: 80,
    env: {},
    cwd,
    onSignal: () => () => undefined,
  }
  return { io, out: () => out.join(''), err: () => err.join('') }
}
