import { counted } from '../app/screen.ts'
import type { Command } from './command.ts'

/** `marketprism verify` */
export const VERIFY: Command = {
  name: 'verify',
  summary: 'Rebuild the books of captures and compare them.',
  doc: 'Runs recorded frames through the real decode, link and book code and prints, for each capture, what is in it: one JSON object a line with books, gaps, trades and digests.',
  operands: {
    placeholder: 'FILE...',
    doc: 'Captures (.ndjson, .ndjson.gz, .ndjson.zst), in a folder named after their venue.',
    min: 1,
  },
  options: [
    {
      kind: 'text',
      name: 'expect',
      placeholder: 'DIR',
      doc: 'Compare with DIR/<venue>__<capture>.json; every difference is told on standard error.',
    },
    {
      kind: 'text',
      name: 'venue',
      placeholder: 'VENUE',
      doc: 'The venue, where the path of a file does not tell it.',
    },
    {
      kind: 'flag',
      name: 'json',
      doc: 'The objects only; without it each is followed by a line for people on standard error.',
    },
  ],
  examples: [
    {
      line: 'marketprism verify captures/*/*.ndjson.gz --expect captures/expected',
      doc: 'Ends with 1 when any digest differs.',
    },
    { line: 'marketprism verify --json deribit/today.ndjson | jq .symbols', doc: 'For a program to read.' },
  ],
  exits: ['ok', 'difference', 'usage', 'input'],
  async run(args, io) {
    const { verifyCaptures } = await import('../app/verify.ts')
    const isQuiet = args.flag('json')
    const output = {
      out(line: string) {
        io.stdout.write(`${line}\n`)
        if (!isQuiet) io.stderr.write(`${summaryOf(JSON.parse(line))}\n`)
      },
      err: (line: string) => io.stderr.write(`${line}\n`),
    }
    return verifyCaptures(
      { files: args.operands, expect: args.text('expect'), venue: args.text('venue') },
      output,
    )
  },
}

/** `okx-spot/books.ndjson: 201 frames, 1 book, 2 trade streams` */
function summaryOf(report: unknown): string {
  const facts = new Map<string, unknown>(
    typeof report === 'object' && report !== null ? Object.entries(report) : [],
  )
  const count = (key: string): number => {
    const fact = facts.get(key)
    return Array.isArray(fact) ? fact.length : Number(fact)
  }
  const numbers = [
    counted(count('frames'), 'frame'),
    counted(count('symbols'), 'book'),
    counted(count('trades'), 'trade stream'),
  ]
  return `${String(facts.get('venue'))}/${String(facts.get('capture'))}: ${numbers.join(', ')}`
}
