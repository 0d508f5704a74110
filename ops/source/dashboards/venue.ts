import {
  bars,
  type Dashboard,
  greenFrom,
  limit,
  lines,
  query,
  redFrom,
  type Row,
  stat,
  UNIT,
} from './panels.ts'
import { badShare, increaseBy, increaseShown, own, quantileBy, rateBy } from './queries.ts'
import { freshnessStates, HEALTH_MEANINGS, HEALTH_STEPS } from './shared-panels.ts'
import { say } from '../alert.ts'
import { SERVICE_LEVEL } from '../service-level.ts'
import { THRESHOLDS } from '../thresholds.ts'

const VENUE = 'venue="$venue"'
const of = (metric: string, labels = ''): string => own(metric, labels === '' ? VENUE : `${VENUE},${labels}`)

const NOW: Row = {
  title: say('At a glance', '概览'),
  panels: [
    stat({
      title: say('Health', '健康状态'),
      description: say(
        'State of the venue as /health tells it: good, degraded or unhealthy.',
        '/health 给出的该交易所状态：正常、降级或不健康。',
      ),
      unit: UNIT.state,
      queries: [query(own('collector_health_state', 'component="venue/$venue"'), '{{component}}')],
      steps: HEALTH_STEPS,
      meanings: HEALTH_MEANINGS,
      absent: { text: say('no answer', '无应答'), color: 'red' },
      alerts: ['CollectorHealthDegraded'],
    }),
    stat({
      title: say('Last message', '最近消息'),
      description: say(
        'Seconds since the last good message of any channel. Over 60 s for a minute: CollectorVenueDown.',
        '最近一条有效消息（任意频道）距今的秒数。超过 60 秒持续一分钟触发 CollectorVenueDown。',
      ),
      unit: UNIT.seconds,
      queries: [query(`time() - max(${of('collector_last_message_timestamp_seconds')})`, say('age', '时效'))],
      steps: [{ color: 'green' }, { from: 10, color: 'yellow' }, { from: 60, color: 'red' }],
      alerts: ['CollectorVenueDown'],
    }),
    stat({
      title: say('Verified books', '已验证订单簿'),
      description: say(
        'Order books that are verified and live, as a share of those that are meant to be.',
        '已验证且实时的订单簿占应有数量的比例。',
      ),
      unit: UNIT.share,
      queries: [
        query(
          `${of('collector_books_synced')} / (${of('collector_books_expected')} > 0)`,
          say('verified', '已验证'),
        ),
      ],
      steps: greenFrom(1 - THRESHOLDS.unsyncedShare, 0.999),
      alerts: ['CollectorBooksUnsynced'],
    }),
    stat({
      title: say('Service level', '服务水平'),
      description: say(
        'Share of order-book seconds that were live and fresh, in the time that is shown. Aim: 99.5 %.',
        '所示时段内订单簿实时且新鲜的时间占比。目标 99.5%。',
      ),
      unit: UNIT.share,
      queries: [query(`1 - (${badShare('$__range', VENUE)})`, say('good', '达标'))],
      decimals: 3,
      steps: greenFrom(0.99, 1 - SERVICE_LEVEL.budget),
      alerts: ['CollectorBookSloBurn'],
    }),
    stat({
      title: say('Gaps', '缺口'),
      description: say(
        'Gaps in books and trades in the time that is shown, number.',
        '所示时段内订单簿与成交的缺口数。',
      ),
      unit: UNIT.count,
      queries: [query(increaseShown('collector_gaps_total', VENUE), say('gaps', '缺口'))],
      steps: [{ color: 'green' }, { from: 1, color: 'yellow' }],
      alerts: ['CollectorSequenceGapsHigh', 'CollectorBookIntegrity'],
    }),
    stat({
      title: say('REST requests held for', 'REST 禁用剩余'),
      description: say(
        'Seconds until the venue takes REST requests again. 0: it takes them. Anything else: CollectorVenueBanned.',
        '交易所恢复接受 REST 请求前的秒数。0 表示正常；大于 0 触发 CollectorVenueBanned。',
      ),
      unit: UNIT.seconds,
      queries: [
        query(
          `clamp_min(max(${of('collector_venue_ban_until_timestamp_seconds')}) - time(), 0) or 0 * max(${of('collector_venue_maintenance')})`,
          say('held', '禁用'),
        ),
      ],
      steps: redFrom(1),
      alerts: ['CollectorVenueBanned'],
    }),
  ],
}

const MESSAGES: Row = {
  title: say('Messages', '消息'),
  panels: [
    { ...freshnessStates(VENUE, '{{channel}}'), height: 6 },
    lines({
      title: say('Event lag', '事件延迟'),
      description: say(
        'From the venue’s time of an event to its receipt, median and 99th percentile of recent events: the way, and the difference of the clocks.',
        '从交易所事件时间到收到的时间，近期事件的中位数与第 99 百分位：包含网络路径与时钟差。',
      ),
      unit: UNIT.seconds,
      queries: [
        query(of('collector_event_lag_p50_seconds'), 'p50'),
        query(of('collector_event_lag_p99_seconds'), 'p99'),
      ],
      height: 6,
    }),
    lines({
      title: say('Good events', '有效事件'),
      description: say(
        'Good events each second, by kind: trades, changes of books, and books that were recorded.',
        '每秒有效事件数，按类型：成交、订单簿变更、已记录的订单簿。',
      ),
      unit: UNIT.countsPerSecond,
      queries: [query(rateBy('kind', 'collector_events_decoded_total', VENUE), '{{kind}}')],
      width: 8,
    }),
    lines({
      title: say('Bytes received', '接收字节'),
      description: say('Bytes of messages received each second.', '每秒收到的消息字节数。'),
      unit: UNIT.bytesPerSecond,
      queries: [query(rateBy('venue', 'collector_bytes_received_total', VENUE), '{{venue}}')],
      width: 8,
    }),
    bars({
      title: say('Refused messages by code', '被拒绝的消息（按代码）'),
      description: say(
        'Messages refused because they said what the venue is not known to say, number each minute, by error code.',
        '因内容不符合已知格式而被拒绝的消息数（每分钟），按错误代码划分。',
      ),
      unit: UNIT.count,
      queries: [query(increaseBy('error_code', 'collector_decode_errors_total', VENUE), '{{error_code}}')],
      noValue: say('no message was refused', '没有消息被拒绝'),
      width: 8,
    }),
    bars({
      title: say('Left out', '未采用的消息'),
      description: say(
        'Events that had come before, of instruments that nobody asked for, of channels that are not read, and changes that found no book: number each minute.',
        '重复的、未订阅品种的、不读取的频道的事件，以及找不到订单簿的变更：每分钟的数量。',
      ),
      unit: UNIT.count,
      queries: [
        query(increaseBy('venue', 'collector_duplicates_total', VENUE), say('repeated', '重复')),
        query(increaseBy('venue', 'collector_unexpected_total', VENUE), say('not asked for', '未订阅')),
        query(increaseBy('venue', 'collector_ignored_total', VENUE), say('not read', '不读取')),
        query(increaseBy('venue', 'collector_book_unsynced_total', VENUE), say('no book', '无订单簿')),
      ],
    }),
    lines({
      title: say('Maintenance', '维护'),
      description: say(
        'Whether the venue says that it is in maintenance: 1 while it does. CollectorVenueDown does not fire then.',
        '交易所是否声明处于维护：是为 1。此时不触发 CollectorVenueDown。',
      ),
      unit: UNIT.state,
      queries: [query(of('collector_venue_maintenance'), say('maintenance', '维护'))],
      alerts: ['CollectorVenueDown'],
    }),
  ],
}

const CONNECTED: Row = {
  title: say('Connections', '连接'),
  panels: [
    lines({
      title: say('WebSocket connections', 'WebSocket 连接'),
      description: say(
        'WebSocket connections, number, by state. Dashed: those that the venue is meant to have.',
        'WebSocket 连接数，按状态。虚线为应有数量。',
      ),
      unit: UNIT.count,
      queries: [
        query(of('collector_ws_connections'), '{{state}}'),
        limit(of('collector_ws_connections_planned'), say('planned', '应有')),
      ],
      width: 8,
    }),
    bars({
      title: say('Reconnects by reason', '重连（按原因）'),
      description: say(
        'WebSocket connections that were given up and made again, number each minute, by why they ended. More than 20 in ten minutes: CollectorReconnectStorm.',
        '被放弃并重建的 WebSocket 连接数（每分钟），按结束原因。十分钟内超过 20 次触发 CollectorReconnectStorm。',
      ),
      unit: UNIT.count,
      queries: [query(increaseBy('reason', 'collector_ws_reconnects_total', VENUE), '{{reason}}')],
      width: 8,
      alerts: ['CollectorReconnectStorm'],
    }),
    lines({
      title: say('Subscriptions', '订阅'),
      description: say(
        'Streams, number: wanted, those of them that have been heard, and those that the venue refuses.',
        '数据流数量：需要的、已收到数据的、被交易所拒绝的。',
      ),
      unit: UNIT.count,
      queries: [query(of('collector_subscriptions'), '{{state}}')],
      width: 8,
    }),
  ],
}

const BOOKS: Row = {
  title: say('Order books', '订单簿'),
  panels: [
    lines({
      title: say('Books by state', '订单簿状态'),
      description: say(
        'Order books, number, by state: fresh and stale are live; waiting and buffering have no snapshot yet.',
        '订单簿数量，按状态：fresh 与 stale 为实时；waiting 与 buffering 尚无快照。',
      ),
      unit: UNIT.count,
      queries: [query(of('collector_book_state'), '{{state}}')],
      isStacked: true,
      width: 8,
      alerts: ['CollectorBooksUnsynced'],
    }),
    bars({
      title: say('Gaps by cause', '缺口（按原因）'),
      description: say(
        'Gaps in books and trades, number each minute, by cause. Each is a gap record.',
        '订单簿与成交的缺口数（每分钟），按原因划分。每个缺口都有一条记录。',
      ),
      unit: UNIT.count,
      queries: [query(increaseBy('cause', 'collector_gaps_total', VENUE), '{{cause}}')],
      width: 8,
      alerts: ['CollectorSequenceGapsHigh'],
    }),
    bars({
      title: say('Integrity failures', '完整性错误'),
      description: say(
        'Order books found wrong though no number was missing, number of times each minute, by kind.',
        '编号连续但内容有误的订单簿次数（每分钟），按类型。',
      ),
      unit: UNIT.count,
      queries: [query(increaseBy('kind', 'collector_book_integrity_failures_total', VENUE), '{{kind}}')],
      width: 8,
      alerts: ['CollectorBookIntegrity'],
    }),
    lines({
      title: say('Time to resync', '重新同步耗时'),
      description: say(
        'Time that order books took from lost to live, median and 95th percentile. Nothing is drawn while none was lost.',
        '订单簿从丢失到恢复实时的耗时，中位数与第 95 百分位。没有丢失时不绘制。',
      ),
      unit: UNIT.seconds,
      queries: [
        query(quantileBy(['venue'], 0.5, 'collector_book_resync_seconds', VENUE), 'p50'),
        query(quantileBy(['venue'], 0.95, 'collector_book_resync_seconds', VENUE), 'p95'),
      ],
      noValue: say('no book was lost', '没有订单簿丢失'),
      width: 8,
    }),
    bars({
      title: say('Snapshots', '快照'),
      description: say(
        'Snapshots of order books, number each minute: received, those of them that were too old, and those that could not be had. Renewals are of live books.',
        '订单簿快照数（每分钟）：已收到、过旧、获取失败。renewals 为实时订单簿的深度更新。',
      ),
      unit: UNIT.count,
      queries: [
        query(increaseBy('outcome', 'collector_book_snapshots_total', VENUE), '{{outcome}}'),
        query(increaseBy('venue', 'collector_book_renewals_total', VENUE), say('renewals', '更新')),
      ],
      width: 8,
    }),
    bars({
      title: say('Streams that went mute', '静默的数据流'),
      description: say(
        'Streams that were acknowledged and stayed mute, number of times each minute.',
        '已确认但没有数据的流（每分钟次数）。',
      ),
      unit: UNIT.count,
      queries: [query(increaseBy('venue', 'collector_silences_total', VENUE), '{{venue}}')],
      width: 8,
    }),
  ],
}

/** One venue, in all that is known of it. */
export const VENUE_DETAIL: Dashboard = {
  uid: 'venue',
  title: say('Venue Detail', '交易所详情'),
  description: say(
    'One venue: whether it sends, what it sends, its connections and its order books.',
    '单个交易所：是否有数据、数据内容、连接与订单簿。',
  ),
  variables: [
    {
      name: 'venue',
      label: say('Venue', '交易所'),
      series: own('collector_books_expected'),
      of: 'venue',
    },
  ],
  rows: [NOW, MESSAGES, CONNECTED, BOOKS],
}
