/** One line of an exposition. */
export interface SampleLine {
  readonly name: string
  /** Between the braces, as written; empty without labels. */
  readonly labels: string
  readonly value: number
}

const LINE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? (\S+)$/

/** The lines of an exposition that tell a value. Throws on a line that is neither that nor a comment nor empty. */
export function sampleLines(text: string): readonly SampleLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels, value] = LINE.exec(line) ?? []
      if (name === undefined || value === undefined || Number.isNaN(Number(value)))
        throw new Error(`no sample: ${line}`)
      return { name, labels: labels ?? '', value: Number(value) }
    })
}

/** Value of one series; `undefined` when it is not there. */
export function valueOf(text: string, name: string, labels = ''): number | undefined {
  return sampleLines(text).find((line) => line.name === name && line.labels === labels)?.value
}

/** Names of the series, without what histograms and summaries add. */
export function namesOf(text: string): ReadonlySet<string> {
  return new Set(sampleLines(text).map(({ name }) => name))
}
