import { readFileSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import { instanceUrl } from '../config/selection.ts'
import type { Command } from './command.ts'
import { CONFIG_OPTION, requireConfig } from './config-option.ts'

/** `marketprism top` */
export const TOP: Command = {
  name: 'top',
  summary: 'Watch a running instance, on this machine or another.',
  doc: 'Shows what `start` shows, of any instance that answers over HTTP: its venues and books, processes, memory, and why it is not healthy. Where standard output is no terminal, and with --once, it prints lines and ends.',
  options: [
    CONFIG_OPTION,
    {
      kind: 'text',
      name: 'url',
      placeholder: 'URL',
      urlLike: 'http://collector-1:8087',
      doc: 'Where it answers. Without it: `http.host` and `http.health_port` of the configuration.',
    },
    { kind: 'flag', name: 'once', doc: 'Print lines and end.' },
  ],
  examples: [
    { line: 'marketprism top', doc: 'The instance on this machine.' },
    { line: 'marketprism top --url http://collector-1:8087', doc: 'Another one.' },
  ],
  exits: ['ok', 'usage', 'input', 'unavailable', 'config'],
  async run(args, io) {
    const required = requireConfig(args, io)
    if ('exit' in required) return required.exit
    const { http } = required.config
    const { top } = await import('../app/top.ts')
    const url = args.text('url')?.replace(/\/+$/, '') ?? instanceUrl(http, http.healthPort)
    return top({ url, credentials: credentialsOf(http), once: args.flag('once') }, io)
  },
}

function credentialsOf({ user, passwordFile }: Config['http']) {
  if (user === undefined || passwordFile === undefined) return undefined
  return { user, password: readFileSync(passwordFile, 'utf8').trim() }
}
