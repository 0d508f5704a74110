import { ALERT_BRIDGE } from './alert-bridge.ts'
import { CAPTURE } from './capture.ts'
import { CHECK } from './check.ts'
import { COLLECT } from './collect.ts'
import type { Command } from './command.ts'
import { DELIVER } from './deliver.ts'
import { DEMO } from './demo.ts'
import { DOCTOR } from './doctor.ts'
import { EMULATE } from './emulate.ts'
import { GAPS } from './gaps.ts'
import { JOURNAL } from './journal.ts'
import { PLAN } from './plan.ts'
import { QUERY } from './query.ts'
import { REPLAY } from './replay.ts'
import { START } from './start.ts'
import { TOP } from './top.ts'
import { VERIFY } from './verify.ts'

/** Every command, in the order of help. Each loads what it runs only when it runs. */
export const COMMANDS: readonly Command[] = [
  DEMO,
  START,
  TOP,
  COLLECT,
  DELIVER,
  QUERY,
  GAPS,
  JOURNAL,
  CHECK,
  PLAN,
  DOCTOR,
  CAPTURE,
  REPLAY,
  VERIFY,
  EMULATE,
  ALERT_BRIDGE,
]
