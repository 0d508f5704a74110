import assert from 'node:assert/strict'
import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Dataquery } from '@grafana/grafana-foundation-sdk/prometheus'
import { DASHBOARD_FILES, LANGUAGES } from '../../ops/source/dashboards/files.ts'

import type { Language } from '../../ops/source/site.ts'

/** A panel that shows something, with the dashboard that it is on. */
export interface ShownPanel {
  readonly panel: Panel
  readonly targets: readonly Dataquery[]
  /** For messages. */
  readonly name: string
}

/** A generated file, as Grafana would read it. */
export function dashboard(uid: string, language: Language): Dashboard {
  const path = `ops/grafana/dashboards/${language}/${uid}.json`
  const file = DASHBOARD_FILES.find((candidate) => candidate.path === path)
  assert.ok(file !== undefined, path)
  return JSON.parse(file.text())
}

/** Identities of the generated dashboards of a language. */
export const uidsOf = (language: Language): readonly string[] =>
  DASHBOARD_FILES.flatMap(({ path }) => {
    const [, folder, uid] = /^ops\/grafana\/dashboards\/(\w+)\/([\w-]+)\.json$/.exec(path) ?? []
    return uid !== undefined && folder === language ? [uid] : []
  })

/** All of a dashboard that is no heading. */
export const panelsOf = ({ uid, panels = [] }: Dashboard): readonly ShownPanel[] =>
  panels.flatMap((panel) =>
    panel.type === 'row'
      ? []
      : [
          {
            panel,
            targets: ('targets' in panel ? panel.targets : []) as Dataquery[],
            name: `${uid}: ${panel.title}`,
          },
        ],
  )

/** Every dashboard in every language. */
export const everyDashboard = (): readonly Dashboard[] =>
  LANGUAGES.flatMap((language) => uidsOf(language).map((uid) => dashboard(uid, language)))
