import assert from 'node:assert/strict'
import { AlertStack } from '../../scripts/alert-stack.ts'
import { FakeDingTalk } from '../alerts/fake-dingtalk.ts'
import { until } from '../app/asking.ts'

const SCRAPED_MS = 60_000
/** Windows of the rules fit into a run of a minute. */
const FASTER = 30
const JOBS = ['collector', 'alert-bridge', 'alertmanager', 'prometheus']

/** One series of an answer: its labels, and its values that are numbers. */
export interface Answered {
  readonly labels: Readonly<Record<string, string>>
  readonly values: readonly number[]
}

/** The way of an alert beside one collector, with a DingTalk of ours, and questions to its Prometheus. */
export class MonitoringStack implements AsyncDisposable {
  readonly #stack: AlertStack
  readonly #dingTalk: FakeDingTalk
  readonly #startSeconds = Date.now() / 1_000

  private constructor(stack: AlertStack, dingTalk: FakeDingTalk) {
    this.#stack = stack
    this.#dingTalk = dingTalk
  }

  /** Resolves once every part of it has been scraped. `moreRules` is a file of rules. */
  static async start(collectorUrl: string, moreRules: string): Promise<MonitoringStack> {
    const dingTalk = await FakeDingTalk.start({ token: 'fake-token' })
    const given = {
      collectorUrl,
      robot: { url: dingTalk.url },
      language: 'en',
      faster: FASTER,
      moreRules,
    } as const
    const stack = new MonitoringStack(await AlertStack.start(given), dingTalk)
    for (const job of JOBS) {
      const isUp = async (): Promise<boolean> => (await stack.instant(`up{job="${job}"} == 1`)).length > 0
      await until(`${job} is scraped`, isUp, SCRAPED_MS)
    }
    return stack
  }

  get bridgeUrl(): string {
    return this.#stack.site.bridge_url
  }

  /** What Grafana would get for a query over the whole run, one point a second. Throws what Prometheus says of a faulty one. */
  async range(expr: string): Promise<readonly Answered[]> {
    const end = Date.now() / 1_000
    return this.#query('query_range', {
      query: expr,
      start: `${this.#startSeconds}`,
      end: `${end}`,
      step: '1',
    })
  }

  /** The same for a query of this moment. */
  async instant(expr: string): Promise<readonly Answered[]> {
    return this.#query('query', { query: expr })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]()
    await this.#dingTalk.close()
  }

  async #query(path: string, parameters: Readonly<Record<string, string>>): Promise<readonly Answered[]> {
    const body = new URLSearchParams(parameters)
    const response = await fetch(`${this.#stack.site.prometheus_url}/api/v1/${path}`, {
      method: 'POST',
      body,
    })
    const { status, error, data } = (await response.json()) as PrometheusAnswer
    assert.equal(status, 'success', `${error}: ${parameters['query']}`)
    return (data?.result ?? []).map(({ metric, values, value }) => ({
      labels: metric,
      values: [...(values ?? []), ...(value === undefined ? [] : [value])]
        .map(([, text]) => Number(text))
        .filter((number) => Number.isFinite(number)),
    }))
  }
}

interface PrometheusAnswer {
  readonly status: string
  readonly error?: string
  readonly data?: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>
      readonly value?: readonly [number, string]
      readonly values?: readonly (readonly [number, string])[]
    }[]
  }
}

/** What Alertmanager would send of one alert; answers the status. */
export async function sendAlert(url: string, labels: Readonly<Record<string, string>>): Promise<number> {
  const alert = {
    status: 'firing',
    labels,
    annotations: { summary: 'A test' },
    startsAt: new Date().toISOString(),
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://127.0.0.1/',
    fingerprint: '0123456789abcdef',
  }
  const body = {
    receiver: 'test',
    status: 'firing',
    alerts: [alert],
    groupLabels: {},
    commonLabels: labels,
    commonAnnotations: {},
    externalURL: 'http://127.0.0.1/',
    version: '4',
    groupKey: '{}:{}',
    truncatedAlerts: 0,
  }
  const { status } = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  return status
}
