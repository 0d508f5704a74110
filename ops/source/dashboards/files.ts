import type { GeneratedFile } from '../../../scripts/generated.ts'
import { type Language, loadSite } from '../site.ts'
import { buildDashboard } from './build.ts'
import { BUSINESS } from './business.ts'
import { COLLECTOR_RESOURCES } from './collector-resources.ts'
import { DELIVERY } from './delivery.ts'
import { MONITORING_PATH } from './monitoring-path.ts'
import type { Dashboard } from './panels.ts'
import { datasourcesText, providersText } from './provisioning.ts'
import { VENUE_DETAIL } from './venue.ts'

/** Languages that dashboards are made in; the site says which of them Grafana reads. */
export const LANGUAGES = ['en', 'zh'] as const satisfies readonly Language[]

/** Every dashboard, most general first. */
export const DASHBOARDS: readonly Dashboard[] = [
  BUSINESS,
  COLLECTOR_RESOURCES,
  VENUE_DETAIL,
  DELIVERY,
  MONITORING_PATH,
]

/** What Grafana reads: every dashboard in every language, the data sources, and where the dashboards are. */
export const DASHBOARD_FILES: readonly GeneratedFile[] = [
  ...LANGUAGES.flatMap((language) =>
    DASHBOARDS.map((dashboard) => ({
      path: `ops/grafana/dashboards/${language}/${dashboard.uid}.json`,
      text: () => buildDashboard(dashboard, language, loadSite()),
    })),
  ),
  { path: 'ops/grafana/provisioning/datasources/marketprism.yml', text: () => datasourcesText(loadSite()) },
  { path: 'ops/grafana/provisioning/dashboards/marketprism.yml', text: () => providersText(loadSite()) },
]
