/** A stream of text that a command writes to. */
export interface TextStream {
  write(text: string): void
}

/** A stream that somebody may follow, or have forgotten. */
export interface LiveStream extends TextStream {
  /**
   * As `write`, for what may be left out: it never waits, and is dropped while whoever reads is far behind. A terminal that nobody
   * looks at must not hold up what looks after others.
   */
  offer(text: string): void
}

/** Standard output, for what may be more than memory should hold. */
export interface OutputStream extends LiveStream {
  /** Resolves once the bytes are handed on; rejects with `FailureError` (`unreachable`) when nobody reads any more. */
  writeBytes(bytes: Uint8Array): Promise<void>
}

/** What a command may know and touch of the terminal and the process that run it; made in src/cli/main.ts. */
export interface Io {
  readonly stdout: OutputStream
  readonly stderr: LiveStream
  /** Whether standard output is a terminal: then screens may be drawn. */
  readonly isTerminal: boolean
  /** Width of the terminal; 80 where there is none. */
  readonly columns: number
  readonly env: Readonly<Record<string, string | undefined>>
  /** Folder that relative paths start from. */
  readonly cwd: string
  /**
   * Calls `stop` at the first signal that asks the process to end; a second one ends it at once, after `force`. Answers how to
   * unsubscribe.
   */
  onSignal(stop: (signal: string) => void, force?: () => void): () => void
}
