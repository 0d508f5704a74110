import type { Command } from './command.ts'
import { CONFIG_OPTION, openConfig } from './config-option.ts'

/** `marketprism doctor` */
export const DOCTOR: Command = {
  name: 'doctor',
  summary: 'Look for what keeps this configuration from working here.',
  doc: 'Checks the configuration, Node and the limits of the host, disks (a file is written and removed), ports, whether another collector has the journal, and at the same time each venue (name, REST, WebSocket, clock) and each enabled sink. Tells each as ok, warning, fault or skipped, with what to do. Ends in less than ten seconds, and changes nothing on the far side.',
  options: [
    CONFIG_OPTION,
    {
      kind: 'flag',
      name: 'json',
      doc: 'Print one JSON object: {"result", "file", "seconds", "counts", "checks": [{"group", "check", "result", "text", "advice"}]}.',
    },
  ],
  examples: [
    {
      line: 'marketprism doctor --config prod.yaml',
      doc: 'Before the first start, or when something is wrong.',
    },
    {
      line: 'marketprism doctor --json | jq \'.checks[] | select(.result == "fault")\'',
      doc: 'For a program to read. Ends with 1 where there is a fault.',
    },
  ],
  exits: ['ok', 'difference', 'usage', 'input'],
  async run(args, io) {
    const opened = openConfig(args, io)
    if ('exit' in opened) return opened.exit
    const { runDoctor } = await import('../app/doctor.ts')
    return runDoctor({ file: opened.file, outcome: opened.outcome, json: args.flag('json') }, io)
  },
}
