import { EXIT } from '../app/exit.ts'
import { type JournalAction, JOURNAL_ACTIONS } from '../app/journal.ts'
import { CONFIG_OPTION, requireConfig } from './config-option.ts'
import type { Command } from './command.ts'

/** `marketprism journal` */
export const JOURNAL: Command = {
  name: 'journal',
  summary: 'List, check, print or account for the segments of the journal.',
  doc: 'Reads the journal from outside; a collector may be writing it meanwhile. `list` shows segments and how far each sink has come. `verify` reads every batch and compares checksums, counts, the hash of each manifest, and that no stream has a hole in `seq`. `print` writes the records, one JSON object a line. `audit` counts for each sink and type: journaled = delivered + skipped + rejected + lost.',
  operands: {
    placeholder: 'ACTION [SEGMENT...]',
    doc: `${JOURNAL_ACTIONS.join(', ')}; then numbers of segments, none for all.`,
    min: 0,
  },
  options: [
    CONFIG_OPTION,
    {
      kind: 'text',
      name: 'folder',
      placeholder: 'DIR',
      doc: 'The journal, in place of those of the configuration.',
    },
  ],
  examples: [
    { line: 'marketprism journal', doc: 'Segments and sinks.' },
    { line: 'marketprism journal verify', doc: 'Ends with 1 when anything is not as it was written.' },
    { line: 'marketprism journal print 42 | jq \'select(.type == "gap")\'', doc: 'The gaps of segment 42.' },
    { line: 'marketprism journal audit', doc: 'Ends with 1 when the counts of a sink do not add up.' },
  ],
  exits: ['ok', 'difference', 'usage', 'input', 'io', 'config'],
  async run(args, io) {
    const [word = 'list', ...rest] = args.operands
    const action = JOURNAL_ACTIONS.find((name): name is JournalAction => name === word)
    const wrong = rest.find((text) => !/^\d{1,8}$/.test(text))
    if (action === undefined || wrong !== undefined) {
      const told = action === undefined ? `unknown action '${word}'` : `'${wrong}' is no number of a segment`
      io.stderr.write(`marketprism journal: ${told}; there are ${JOURNAL_ACTIONS.join(', ')}\n`)
      return EXIT.usage
    }
    const { inspectJournal, inspectJournals } = await import('../app/journal.ts')
    const task = { action, segments: rest.map(Number) }
    const folder = args.text('folder')
    if (folder !== undefined) return inspectJournal({ ...task, folder }, io)
    const required = requireConfig(args, io)
    return 'exit' in required ? required.exit : inspectJournals(required.config, task, io)
  },
}
