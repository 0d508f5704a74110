import { CONFIG_OPTION, requireConfig } from './config-option.ts'
import type { Command } from './command.ts'
import { SECONDS } from './seconds-option.ts'

/** `marketprism alert-bridge` */
export const ALERT_BRIDGE: Command = {
  name: 'alert-bridge',
  summary: 'Tell alerts of Alertmanager to DingTalk and others.',
  doc: 'Takes webhooks of Alertmanager at /dingtalk/ROUTE/send, puts their alerts into a queue on the disk, and tells them to the robots of the route (DingTalk, Slack or another webhook): at most 18 messages a minute to each, critical alerts first, again until they are taken. /heartbeat hands the Watchdog on; /metrics, /health, /ready and /live tell of the bridge itself. Its section of the configuration is `alerts`.',
  options: [CONFIG_OPTION, SECONDS],
  examples: [{ line: 'marketprism alert-bridge --config alerts.yaml', doc: 'Until SIGINT or SIGTERM.' }],
  exits: ['ok', 'usage', 'input', 'unavailable', 'io', 'busy', 'config'],
  async run(args, io) {
    const required = requireConfig(args, io)
    if ('exit' in required) return required.exit
    const { alertBridge } = await import('../app/alert-bridge.ts')
    return alertBridge(required.config.alerts, args.integer('seconds'), io)
  },
}
