import { parse } from 'yaml'
import { readConfig } from '../../src/config/loader.ts'
import type { Config } from '../../src/config/schema.ts'
import { alertmanagerConfig } from './alertmanager.ts'
import { datasourcesText } from './dashboards/provisioning.ts'
import { type OpsFile, yamlOf } from './ops-file.ts'
import { prometheusConfig } from './prometheus.ts'
import { rulesText } from './rules.ts'
import { loadSite, type Site } from './site.ts'

/**
 * The site as the services of ops/docker-compose.yml see it: they reach each other by their names, whatever the ports are published as.
 * Where people are sent to (dashboards, runbook) stays as it is.
 */
export function withinCompose(site: Site): Site {
  const { http, alerts } = defaults()
  return {
    ...site,
    collector_url: `http://collector:${http.metricsPort}`,
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

/** The rules as the Prometheus Operator takes them. */
export function prometheusRule(site: Site): string {
  const spec: unknown = parse(rulesText(site))
  return yamlOf({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'marketprism', labels: { 'app.kubernetes.io/name': 'marketprism' } },
    spec,
  })
}

/** What containers and Kubernetes read. */
export const DEPLOYMENT_FILES: readonly OpsFile[] = [
  { path: 'ops/.env', text: () => environmentText(loadSite()) },
  { path: 'ops/compose/prometheus.yml', text: () => prometheusConfig(withinCompose(loadSite())) },
  { path: 'ops/compose/alertmanager.yml', text: () => alertmanagerConfig(withinCompose(loadSite())) },
  { path: 'ops/compose/grafana-datasources.yml', text: () => datasourcesText(withinCompose(loadSite())) },
  { path: 'ops/kubernetes/prometheusrule.yaml', text: () => prometheusRule(loadSite()) },
]
