import { createHmac } from 'node:crypto'
import { bridgeEventText } from '../alerts/events.ts'
import type { AlertsConfig } from '../config/alerts.ts'
import { openHttpServer } from '../runtime/http-server.ts'
import { systemRuntime } from '../runtime/system.ts'
import { post } from './alert-bridge-post.ts'
import { forgetSecrets, readSecrets } from './alert-bridge-robots.ts'
import { Bridge, BRIDGE_PATHS, POST_PATHS } from './alert-bridge-service.ts'
import { EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { untilStopped } from './until-stopped.ts'

/** A group of some thousand alerts. A longer one is refused: `max_alerts` of Alertmanager keeps it from getting there. */
const BODY_LIMIT_BYTES = 8_388_608

const NOBODY = { faults: ['alerts.robots: expected at least one robot, found none'] }

/**
 * Runs the alert bridge until it is told to stop, or for so many seconds; answers the exit code. Throws `FailureError`: `locked` where port
 * or folder are taken, `disk` where the queue cannot be read.
 */
export async function alertBridge(
  config: AlertsConfig,
  seconds: number | undefined,
  io: Io,
): Promise<number> {
  const secrets = config.robots.length === 0 ? NOBODY : readSecrets(config, io.env)
  forgetSecrets(process.env)
  if ('faults' in secrets) {
    io.stderr.write(secrets.faults.map((fault) => `${fault}\n`).join(''))
    return EXIT.config
  }
  const runtime = systemRuntime()
  const bridge = new Bridge({
    folder: config.folder,
    queueBytes: config.queueBytes,
    repeatMs: config.repeatSeconds * 1_000,
    timeZone: config.timeZone,
    ...secrets,
    runtime,
    post,
    hmac: (key, text) => createHmac('sha256', key).update(text).digest('base64'),
    memoryBytes: () => process.memoryUsage.rss(),
    emit: (event) => {
      io.stderr.write(`${bridgeEventText(event)}\n`)
    },
  })
  try {
    const server = await openHttpServer({
      host: config.host,
      ports: [config.port],
      paths: BRIDGE_PATHS,
      bodies: { paths: POST_PATHS, limitBytes: BODY_LIMIT_BYTES },
      answer: (request) => bridge.answer(request),
      onFault: (fault) => {
        io.stderr.write(`error: ${fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)}\n`)
      },
    })
    io.stderr.write(`info: listens at http://${config.host}:${server.ports[0]}\n`)
    bridge.start()
    await untilStopped(io, seconds)
    await server.close()
  } finally {
    await bridge.stop()
  }
  return EXIT.ok
}
