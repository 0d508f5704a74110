import { yamlOf } from '../generated-yaml.ts'
import type { Site } from '../site.ts'

/** What of a site Grafana's own configuration depends on. */
export type GrafanaSite = Pick<Site, 'prometheus_url' | 'alertmanager_url' | 'language'>

/** Where Grafana finds the folder `ops/grafana/dashboards`. */
export const DASHBOARD_FOLDER = '/var/lib/marketprism/dashboards'

/** How often Prometheus scrapes: Grafana makes `$__rate_interval` of it, four times as long at least. */
const SCRAPE_INTERVAL = '15s'
/** How often Grafana looks for changed dashboards. */
const LOOK_SECONDS = 30

/** The data sources, as `provisioning/datasources/*.yml` of Grafana. */
export function datasourcesText({ prometheus_url, alertmanager_url }: GrafanaSite): string {
  const common = { access: 'proxy', editable: false }
  const prometheus = {
    name: 'Prometheus',
    uid: 'marketprism-prometheus',
    type: 'prometheus',
    url: prometheus_url,
    isDefault: true,
    ...common,
    jsonData: {
      httpMethod: 'POST',
      timeInterval: SCRAPE_INTERVAL,
      prometheusType: 'Prometheus',
      manageAlerts: false,
      alertmanagerUid: 'marketprism-alertmanager',
    },
  }
  const alertmanager = {
    name: 'Alertmanager',
    uid: 'marketprism-alertmanager',
    type: 'alertmanager',
    url: alertmanager_url,
    ...common,
    jsonData: { implementation: 'prometheus', handleGrafanaManagedAlerts: false },
  }
  return yamlOf({ apiVersion: 1, datasources: [prometheus, alertmanager] })
}

/** The dashboards in the language of the site, as `provisioning/dashboards/*.yml` of Grafana. */
export function providersText({ language }: GrafanaSite): string {
  const provider = {
    name: 'marketprism',
    folder: 'marketprism',
    folderUid: 'marketprism',
    type: 'file',
    // They are changed in ops/source/dashboards: what is changed in Grafana would be lost.
    allowUiUpdates: false,
    disableDeletion: true,
    updateIntervalSeconds: LOOK_SECONDS,
    options: { path: `${DASHBOARD_FOLDER}/${language}` },
  }
  return yamlOf({ apiVersion: 1, providers: [provider] })
}
