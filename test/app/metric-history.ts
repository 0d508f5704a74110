import { type Metric } from '../../src/supervisor/metrics/metric.ts'
import { SCRAPE_LIMIT_MS, type SupervisedInstance } from './supervised.ts'

const EVERY_MS = 400

/** The lines of a metric: those of a histogram or summary have names of their own. */
const namesOf = ({ name, type }: Metric): readonly string[] =>
  type === 'histogram' || type === 'summary' ? [`${name}_sum`, `${name}_count`] : [name]

/** What /metrics has told over a run: the values of every series, by the order in which they came. */
export class MetricHistory implements AsyncDisposable {
  readonly #instance: SupervisedInstance
  readonly #values = new Map<string, Map<string, Set<string>>>()
  readonly #running: Promise<void>
  /** Names that were missing in at least one scrape, by series. */
  readonly #absent = new Set<string>()
  readonly #failures: string[] = []
  #scrapes = 0
  #isOver = false

  constructor(instance: SupervisedInstance) {
    this.#instance = instance
    this.#running = this.#run()
  }

  get scrapes(): number {
    return this.#scrapes
  }

  /** Scrapes that were not answered as they should be. */
  get failures(): readonly string[] {
    return this.#failures
  }

  /** Whether any scrape had it. */
  has(metric: Metric): boolean {
    return namesOf(metric).every((name) => this.#values.has(name))
  }

  /** Whether one series of it has had two values. */
  hasChanged(metric: Metric): boolean {
    return namesOf(metric).every((name) => this.#series(name).some(([, values]) => values.size > 1))
  }

  /** Whether one series of it was there in one scrape and not in another. */
  hasComeOrGone(metric: Metric): boolean {
    return namesOf(metric).some((name) => this.#series(name).some(([series]) => this.#absent.has(series)))
  }

  /** What is known of a metric, for whoever looks at why it has not changed. */
  told(metric: Metric): string {
    const lines = namesOf(metric).flatMap((name) => this.#series(name))
    return lines.map(([series, values]) => `${series} ${[...values].slice(0, 3).join(', ')}`).join('; ')
  }

  /** Ends it, after one more scrape. */
  async stop(): Promise<void> {
    this.#isOver = true
    await this.#running
    await this.#scrape()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await this.#running
  }

  #series(name: string): readonly (readonly [string, Set<string>])[] {
    return [...(this.#values.get(name) ?? [])]
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#scrape()
      } catch (failure) {
        this.#failures.push(String(failure))
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
    }
  }

  async #scrape(): Promise<void> {
    const { status, text } = await this.#instance.get('/metrics', SCRAPE_LIMIT_MS)
    if (status !== 200) throw new Error(`/metrics answers ${status}`)
    const seen = new Set<string>()
    for (const line of text.split('\n')) {
      const [, name, labels = '', value] = /^(\w+)(\{.*\})? (\S+)$/.exec(line) ?? []
      if (name === undefined || value === undefined) continue
      seen.add(name + labels)
      const series = this.#values.get(name) ?? new Map<string, Set<string>>()
      this.#values.set(name, series)
      const values = series.get(name + labels)
      if (values === undefined && this.#scrapes > 0) this.#absent.add(name + labels)
      series.set(name + labels, (values ?? new Set()).add(value))
    }
    for (const series of this.#values.values()) {
      for (const key of series.keys()) if (!seen.has(key)) this.#absent.add(key)
    }
    this.#scrapes++
  }
}
