import { DASHBOARD_FILES } from './dashboards/files.ts'
import { DEPLOYMENT_FILES } from './deployment.ts'
import type { GeneratedFile } from '../../scripts/generated.ts'
import { ALERTMANAGER_FILES, RULE_FILES } from './rule-files.ts'

/** Every file below ops/ that is made from definitions. */
export const OPS_FILES: readonly GeneratedFile[] = [
  ...RULE_FILES,
  ...ALERTMANAGER_FILES,
  ...DASHBOARD_FILES,
  ...DEPLOYMENT_FILES,
]
