import { CHANNELS, type Channel, type VenueId } from '../core/ids.ts'
import { type Assessment, assess } from './assess.ts'
import type { HealthFacts, HealthWindows, VenueFacts } from './facts.ts'
import { type Finding, lasting } from './finding.ts'
import { isWorse, type Settled, settle, unsettled } from './settling.ts'
import type { ComponentState, ComponentVerdict, Verdict } from './verdict.ts'

/** The verdict over time: what `assess` says of each second, without its whims, and since when. */
export class Health {
  readonly #windows: HealthWindows
  /** `undefined` before the first evaluation. */
  #settled: Settled | undefined
  /** The grace does not come back. */
  #isGraceOver = false
  /** When a channel last delivered, steady: a process that was started again does not know it. */
  readonly #goodUs = new Map<VenueId, Readonly<Partial<Record<Channel, number>>>>()
  #components = new Map<string, { readonly state: ComponentState; readonly sinceUs: number }>()
  /** The last reasons that were as bad as the state. */
  #held: { readonly reasons: Verdict['reasons']; readonly atUs: number } = { reasons: [], atUs: 0 }

  constructor(windows: HealthWindows) {
    this.#windows = windows
  }

  /** The verdict of this moment. Called once a second: two evaluations in a row that are worse make it worse. */
  judge(facts: HealthFacts): Verdict {
    const { nowUs } = facts
    const windows = this.#isGraceOver ? { ...this.#windows, graceMs: 0 } : this.#windows
    const assessment = assess(
      { ...facts, venues: facts.venues.map((venue) => this.#remembered(venue, nowUs)) },
      windows,
    )
    const settled = settle(this.#settled ?? unsettled(facts.startUs), { ...assessment, nowUs })
    this.#settled = settled
    this.#isGraceOver ||= assessment.isSynced || settled.state !== 'starting'
    const { state, sinceUs, transitions, flaps } = settled
    return {
      state,
      sinceUs,
      reasons: this.#reasons(settled, assessment, nowUs),
      components: this.#since(assessment.components, nowUs),
      isLive: assessment.isLive,
      isReady: (state === 'healthy' || state === 'degraded') && assessment.isSynced,
      transitions,
      flaps,
    }
  }

  /** The venue with the age of what it delivered before its process was started again. */
  #remembered(venue: VenueFacts, nowUs: number): VenueFacts {
    const known = this.#goodUs.get(venue.venue)
    const goodUs: Partial<Record<Channel, number>> = {}
    const ageMs: Partial<Record<Channel, number>> = {}
    for (const channel of CHANNELS) {
      const toldMs = venue.ageMs[channel]
      const lastUs = toldMs === undefined ? known?.[channel] : nowUs - toldMs * 1_000
      if (lastUs === undefined) continue
      goodUs[channel] = lastUs
      ageMs[channel] = toldMs ?? (nowUs - lastUs) / 1_000
    }
    this.#goodUs.set(venue.venue, goodUs)
    return { ...venue, ageMs }
  }

  /** What is wrong, and behind it what is over but has not been over for long enough. */
  #reasons(settled: Settled, assessment: Assessment, nowUs: number): Verdict['reasons'] {
    const { state, pinnedUs } = settled
    if (state === 'healthy') return []
    const { reasons } = assessment
    if (!isWorse(state, assessment.state)) {
      this.#held = { reasons, atUs: nowUs }
      return reasons
    }
    const rest =
      nowUs < pinnedUs
        ? `too many changes, held for ${lasting((pinnedUs - nowUs) / 1_000)} more`
        : `over for ${lasting((nowUs - this.#held.atUs) / 1_000)}`
    const past = this.#held.reasons
      .filter(
        (held) => !reasons.some((now) => now.component === held.component && now.reason === held.reason),
      )
      .map(({ component, reason, text }) => ({ component, reason, text: `${text} [${rest}]` }))
    return [...reasons, ...past]
  }

  #since(findings: readonly Finding[], nowUs: number): readonly ComponentVerdict[] {
    const components = findings.map(({ name, state, reason, text, ageMs }): ComponentVerdict => {
      const before = this.#components.get(name)
      const sinceUs = before?.state === state ? before.sinceUs : nowUs
      return { name, state, sinceUs, reason, text, ageMs }
    })
    this.#components = new Map(components.map((component) => [component.name, component]))
    return components
  }
}
