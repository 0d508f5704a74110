import { parse } from 'yaml'
import { readConfig } from '../../src/config/loader.ts'
import type { Config } from '../../src/config/schema.ts'
import { alertmanagerConfig } from './alertmanager.ts'
import { datasourcesText } from './dashboards/provisioning.ts'
import type { GeneratedFile } from '../../scripts/generated.ts'
import { yamlOf } from './generated-yaml.ts'
import { prometheusConfig } from './prometheus.ts'
import { selectorsOf } from './promql.ts'
import { rulesText } from './rules.ts'
import { FOREIGN_JOBS, loadSite, type Site } from './site.ts'

/**
 * The site as the services of ops/docker-compose.yml see it: they reach each other by their names, whatever the ports are published as.
 * Where people are sent to (dashboards, runbook) stays as it is.
 */
export function withinCompose(site: Site): Site {
  const { http, alerts } = defaults()
  return {
    ...site,
    collector_urls: [`http://collector:${http.metricsPort}`],
    prometheus_url: 'http://prometheus:9090',
    alertmanager_url: 'http://alertmanager:9093',
    bridge_url: `http://bridge:${alerts.port}`,
  }
}

function defaults(): Config {
  const outcome = readConfig(new TextEncoder().encode('{}'))
  if ('config' in outcome) return outcome.config
  throw new Error('the defaults are not a configuration')
}

/** What docker compose reads beside its file: the links of the site. */
export const environmentText = (site: Site): string =>
  [
    '# Made by `npm run ops` from ops/site.json.',
    `MARKETPRISM_PROMETHEUS_URL=${site.prometheus_url}`,
    `MARKETPRISM_ALERTMANAGER_URL=${site.alertmanager_url}`,
    `MARKETPRISM_GRAFANA_URL=${site.grafana_url}`,
    '',
  ].join('\n')

const jobsOf = (expr: string): readonly string[] => selectorsOf(expr).map(({ job }) => job ?? '')

const isOfBridge = (expr: string): boolean => jobsOf(expr).includes('alert-bridge')

/**
 * The rules as the Prometheus Operator takes them, with those of the bridge left to it. What Prometheus and Alertmanager of a cluster
 * are called is theirs to say: without `kubernetes_jobs` a rule for their absence would fire for ever, so theirs are left out.
 */
export function prometheusRule(site: Site): string {
  const { kubernetes_jobs: named = {} } = site
  const unknown = new Set<string>(FOREIGN_JOBS.filter((job) => named[job] === undefined))
  const text = rulesText(site, {
    isWanted: (expr) => !isOfBridge(expr) && !jobsOf(expr).some((job) => unknown.has(job)),
  })
  const renamed = text.replaceAll(/job="([^"]+)"/g, (matcher, job: string) => {
    const known = FOREIGN_JOBS.find((each) => each === job)
    return known === undefined ? matcher : `job="${named[known] ?? job}"`
  })
  return ruleResource('marketprism', renamed)
}

/** The rules about the bridge, which is put up by itself: where there is none, nothing asks for it. */
export const bridgeRule = (site: Site): string =>
  ruleResource('marketprism-alert-bridge', rulesText(site, { isWanted: isOfBridge }))

function ruleResource(name: string, rules: string): string {
  const spec: unknown = parse(rules)
  return yamlOf({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name, labels: { 'app.kubernetes.io/name': 'marketprism' } },
    spec,
  })
}

/** What containers and Kubernetes read. */
export const DEPLOYMENT_FILES: readonly GeneratedFile[] = [
  { path: 'ops/.env', text: () => environmentText(loadSite()) },
  { path: 'ops/compose/prometheus.yml', text: () => prometheusConfig(withinCompose(loadSite())) },
  { path: 'ops/compose/alertmanager.yml', text: () => alertmanagerConfig(withinCompose(loadSite())) },
  { path: 'ops/compose/grafana-datasources.yml', text: () => datasourcesText(withinCompose(loadSite())) },
  { path: 'ops/kubernetes/prometheusrule.yaml', text: () => prometheusRule(loadSite()) },
  { path: 'ops/kubernetes/alert-bridge/prometheusrule.yaml', text: () => bridgeRule(loadSite()) },
]
