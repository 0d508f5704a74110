import { CAPTURE } from './capture.ts'
import { CHECK } from './check.ts'
import type { Command } from './command.ts'
import { DEMO } from './demo.ts'
import { EMULATE } from './emulate.ts'
import { PLAN } from './plan.ts'
import { REPLAY } from './replay.ts'
import { START } from './start.ts'
import { VERIFY } from './verify.ts'

/** Every command, in the order of help. Each loads what it runs only when it runs. */
export const COMMANDS: readonly Command[] = [DEMO, START, CHECK, PLAN, CAPTURE, REPLAY, VERIFY, EMULATE]
