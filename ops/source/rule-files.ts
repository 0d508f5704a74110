import { alertmanagerConfig } from './alertmanager.ts'
import type { GeneratedFile } from '../../scripts/generated.ts'
import { prometheusConfig } from './prometheus.ts'
import { promtoolTests } from './promtool-tests.ts'
import { rulesText } from './rules.ts'
import { loadSite } from './site.ts'

/** What Prometheus reads. */
export const RULE_FILES: readonly GeneratedFile[] = [
  { path: 'ops/prometheus/prometheus.yml', text: () => prometheusConfig(loadSite()) },
  { path: 'ops/prometheus/rules/collector.yml', text: () => rulesText(loadSite()) },
  { path: 'ops/prometheus/tests/collector.test.yml', text: () => promtoolTests(loadSite()) },
]

/** What Alertmanager reads. */
export const ALERTMANAGER_FILES: readonly GeneratedFile[] = [
  { path: 'ops/alertmanager/alertmanager.yml', text: () => alertmanagerConfig(loadSite()) },
]
