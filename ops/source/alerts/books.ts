import {
  type Alert,
  type AlertRule,
  alertOf,
  eventsOf,
  fires,
  of,
  ours,
  quiet,
  say,
  twinOf,
} from '../alert.ts'
import { SERVICE_LEVEL, badRatio, type BurnWindow } from '../service-level.ts'
import { type CaseSeries, type Duration, growing, missing, sequence, steady } from '../series.ts'
import { percentOf, THRESHOLDS } from '../thresholds.ts'

const OKX = { venue: 'okx-spot' }
const EXPECTED = ours('collector_books_expected', OKX)
const SYNCED = ours('collector_books_synced', OKX)
const OBSERVED = ours('collector_book_observed_seconds_total', OKX)
const GOOD = ours('collector_book_good_seconds_total', OKX)
const SEQUENCE_GAPS = ours('collector_book_sequence_gaps_total', { ...OKX, reason: 'sequence' })
const CROSSED = { ...OKX, kind: 'crossed' }
const INTEGRITY = ours('collector_book_integrity_failures_total', CROSSED)
const START = ours('process_start_time_seconds')

interface Burn {
  readonly factor: number
  readonly long: BurnWindow
  readonly short: BurnWindow
  readonly for: Duration
  readonly severity: 'critical' | 'warning'
  readonly cases: AlertRule['cases']
}

/** Ten books, for so long, of which `good` are good. */
const tenBooks = (minutes: number, good: string): CaseSeries => ({
  [EXPECTED]: steady(10, minutes),
  [OBSERVED]: growing(0, 150, minutes),
  [GOOD]: good,
})

/** A budget that is spent so fast, over a long window, and still is, over a short one. */
function burnRule({ factor, long, short, for: held, severity, cases }: Burn): AlertRule {
  const limit = `(${factor} * ${SERVICE_LEVEL.budget})`
  return {
    expr: `${of(badRatio(long))} > ${limit}\nand\n${of(badRatio(short))} > ${limit}`,
    for: held,
    severity,
    labels: { burn: `${factor}x` },
    description: say(
      `{{ $value | humanizePercentage }} of the book seconds of {{ $labels.venue }} within ${long} were not verified: ${factor} times what ${SERVICE_LEVEL.objective} allows, and it goes on.`,
      `{{ $labels.venue }} 在 ${long} 内有 {{ $value | humanizePercentage }} 的订单簿时间未经校验：是 ${SERVICE_LEVEL.objective} 目标允许值的 ${factor} 倍，且仍在继续。`,
    ),
    cases,
  }
}

const burnt = (value: string, burn: string) => alertOf(value, { ...OKX, burn })

/** Whether books are verified. */
export const BOOK_ALERTS: readonly Alert[] = [
  {
    name: 'CollectorBooksUnsynced',
    severity: 'warning',
    summary: say('Order books of a venue are not verified', '交易所部分订单簿未经校验'),
    dashboard: 'venue',
    rules: [
      {
        expr: [
          `(${of('collector_books_expected')} - ${of('collector_books_synced')})`,
          `/ (${of('collector_books_expected')} > 0) > ${THRESHOLDS.unsyncedShare}`,
        ].join('\n'),
        for: '3m',
        keepFiringFor: '5m',
        description: say(
          `{{ $value | humanizePercentage }} of the books of {{ $labels.venue }} are not live; the threshold is ${percentOf(THRESHOLDS.unsyncedShare)} %.`,
          `{{ $labels.venue }} 有 {{ $value | humanizePercentage }} 的订单簿未就绪，阈值为 ${percentOf(THRESHOLDS.unsyncedShare)}%。`,
        ),
        cases: [
          fires(
            'two of ten books are not live',
            { [EXPECTED]: steady(10, 6), [SYNCED]: sequence(steady(10, 1), steady(8, 5)) },
            '5m',
            alertOf('20%', OKX),
          ),
          quiet('one of ten books is not live', { [EXPECTED]: steady(10, 6), [SYNCED]: steady(9, 6) }, '5m'),
          quiet('no books are meant to be live', { [EXPECTED]: steady(0, 6), [SYNCED]: steady(0, 6) }, '5m'),
        ],
      },
    ],
  },
  {
    name: 'CollectorBookSloBurn',
    severity: 'critical',
    twin: twinOf({ metric: 'collector_book_observed_seconds_total' }, tenBooks(5, growing(0, 150, 5))),
    summary: say('The budget for unverified order books is being spent', '订单簿校验的误差预算正在消耗'),
    dashboard: 'business',
    rules: [
      burnRule({
        factor: THRESHOLDS.burnFactor,
        long: '1h',
        short: '5m',
        for: '2m',
        severity: 'critical',
        cases: [
          fires(
            'all books are lost for eight minutes',
            tenBooks(20, sequence(growing(0, 150, 10), steady(5_850, 10))),
            '18m',
            burnt('13.75%', '14.4x'),
          ),
          quiet(
            'books need four minutes to become live after a start',
            tenBooks(20, sequence(steady(0, 4), growing(150, 150, 16))),
            '3m',
            '5m',
            '10m',
            '19m',
          ),
          quiet(
            'no books are meant to be live',
            { ...tenBooks(20, steady(0, 20)), [EXPECTED]: steady(0, 20), [OBSERVED]: steady(0, 20) },
            '19m',
          ),
        ],
      }),
      burnRule({
        factor: 6,
        long: '6h',
        short: '30m',
        for: '15m',
        severity: 'critical',
        cases: [
          {
            name: 'all books were lost for twelve minutes a quarter of an hour ago',
            series: tenBooks(30, sequence(steady(0, 12), growing(150, 150, 18))),
            fires: [{ at: '28m', alerts: [burnt('3.264%', '6x')] }],
            // No longer fast enough for the page at 14.4 times, and not for long enough.
            quiet: ['17m'],
          },
          quiet(
            'all books were lost for ten minutes a quarter of an hour ago',
            tenBooks(30, sequence(steady(0, 10), growing(150, 150, 20))),
            '28m',
          ),
        ],
      }),
      burnRule({
        factor: 1,
        long: '3d',
        short: '6h',
        for: '1h',
        severity: 'warning',
        cases: [
          {
            name: 'all books were lost for 25 minutes an hour ago',
            series: tenBooks(90, sequence(steady(0, 25), growing(150, 150, 65))),
            fires: [{ at: '88m', alerts: [burnt('0.5729%', '1x')] }],
            // Both pages have ended.
            quiet: ['56m'],
          },
          quiet(
            'all books were lost for ten minutes',
            tenBooks(80, sequence(steady(0, 10), growing(150, 150, 70))),
            '40m',
            '78m',
          ),
        ],
      }),
    ],
  },
  {
    name: 'CollectorSequenceGapsHigh',
    severity: 'warning',
    summary: say('A venue skips numbers', '交易所序号频繁缺失'),
    dashboard: 'venue',
    rules: [
      {
        expr: `sum by (job, instance, venue) (rate(${of('collector_book_sequence_gaps_total')}[10m])) * 60 > 1`,
        for: '10m',
        keepFiringFor: '10m',
        description: say(
          '{{ $value | humanize }} gaps a minute in the numbers of {{ $labels.venue }}; the threshold is 1.',
          '{{ $labels.venue }} 的序号每分钟有 {{ $value | humanize }} 处缺口，阈值为 1。',
        ),
        cases: [
          fires(
            'two numbers are missed a minute',
            { [SEQUENCE_GAPS]: growing(0, 0.5, 25) },
            '22m',
            alertOf('2', OKX),
          ),
          quiet('a number is missed every two minutes', { [SEQUENCE_GAPS]: growing(0, 0.125, 25) }, '24m'),
        ],
      },
    ],
  },
  {
    name: 'CollectorBookIntegrity',
    severity: 'warning',
    summary: say('An order book was found wrong', '发现错误的订单簿'),
    dashboard: 'venue',
    rules: [
      {
        expr: eventsOf({
          job: 'collector',
          counter: 'collector_book_integrity_failures_total',
          by: 'venue, kind',
          window: '10m',
        }),
        for: '0s',
        keepFiringFor: '15m',
        description: say(
          '{{ $value | printf "%.0f" }} books of {{ $labels.venue }} were found wrong within 10 minutes though no number was missing: {{ $labels.kind }}.',
          '10 分钟内 {{ $labels.venue }} 有 {{ $value | printf "%.0f" }} 个订单簿在序号连续的情况下出错：{{ $labels.kind }}。',
        ),
        cases: [
          fires(
            'a book is crossed',
            { [INTEGRITY]: sequence(steady(0, 5), steady(1, 5)), [START]: steady(0, 10) },
            '6m',
            alertOf('1', CROSSED),
          ),
          fires(
            'a book is crossed before the first scrape',
            { [INTEGRITY]: steady(1, 5), [START]: steady(-900, 5) },
            '30s',
            alertOf('1', CROSSED),
          ),
          quiet(
            'books were crossed long ago',
            { [INTEGRITY]: steady(7, 5), [START]: steady(-2_000, 5) },
            '0s',
            '4m',
          ),
          quiet(
            'no book was ever wrong',
            { [INTEGRITY]: sequence(missing(1), steady(0, 5)), [START]: steady(0, 6) },
            '2m',
            '5m',
          ),
        ],
      },
    ],
  },
]
