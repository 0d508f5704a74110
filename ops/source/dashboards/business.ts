import {
  bars,
  type Dashboard,
  greenFrom,
  limit,
  lines,
  query,
  type Row,
  stat,
  states,
  UNIT,
} from './panels.ts'
import { badShare, increaseBy, own, quantileBy, rateBy, SINK_LAG } from './queries.ts'
import { FIRING_STAT, FIRING_STATES, freshnessStates, HEALTH_STAT, HEALTH_STATES } from './shared-panels.ts'
import { say } from '../alert.ts'
import { percentOf, THRESHOLDS } from '../thresholds.ts'
import { badRatio, type BurnWindow, SERVICE_LEVEL } from '../service-level.ts'

const SHARE_VERIFIED = `sum(${own('collector_books_synced')}) / (sum(${own('collector_books_expected')}) > 0)`

/** By venue, as the alert has it. */
const burnRate = (window: BurnWindow): string => `${own(badRatio(window))} / ${SERVICE_LEVEL.budget}`

const NOW: Row = {
  title: say('At a glance', '概览'),
  panels: [
    HEALTH_STAT,
    FIRING_STAT,
    stat({
      title: say('Verified books', '已验证订单簿'),
      description: say(
        `Order books that are verified and live, as a share of those that are meant to be. CollectorBooksUnsynced fires when a venue lacks more than ${percentOf(THRESHOLDS.unsyncedShare)} % for three minutes.`,
        `已验证且实时的订单簿占应有数量的比例。某交易所缺少超过 ${percentOf(THRESHOLDS.unsyncedShare)}% 持续三分钟触发 CollectorBooksUnsynced。`,
      ),
      unit: UNIT.share,
      queries: [query(SHARE_VERIFIED, say('verified', '已验证'))],
      steps: greenFrom(1 - THRESHOLDS.unsyncedShare, 0.999),
      alerts: ['CollectorBooksUnsynced'],
    }),
    stat({
      title: say('Service level', '服务水平'),
      description: say(
        'Share of order-book seconds that were live and fresh, in the time that is shown. Aim: 99.5 %. Time in which the collector did not run is not in it.',
        '所示时段内订单簿实时且新鲜的时间占比。目标 99.5%。不含采集器未运行的时间。',
      ),
      unit: UNIT.share,
      queries: [query(`1 - (${badShare('$__range')})`, say('good', '达标'))],
      decimals: 3,
      steps: greenFrom(0.99, 1 - SERVICE_LEVEL.budget),
      alerts: ['CollectorBookSloBurn'],
    }),
    stat({
      title: say('Error budget left', '剩余错误预算'),
      description: say(
        'What is left of the 0.5 % of order-book seconds that may be bad, as a share of it, in the time that is shown. Below 0: spent.',
        '所示时段内允许的 0.5% 不达标时间的剩余比例。低于 0 表示已用尽。',
      ),
      unit: UNIT.share,
      queries: [query(`1 - (${badShare('$__range')}) / ${SERVICE_LEVEL.budget}`, say('left', '剩余'))],
      steps: greenFrom(0, 0.25),
      alerts: ['CollectorBookSloBurn'],
    }),
    stat({
      title: say('Messages', '消息'),
      description: say(
        'Messages received each second from all venues together. 0 for two minutes: CollectorNoData.',
        '所有交易所每秒收到的消息总数。为 0 持续两分钟触发 CollectorNoData。',
      ),
      unit: UNIT.messagesPerSecond,
      queries: [
        query(
          `sum(rate(${own('collector_messages_received_total')}[$__rate_interval]))`,
          say('messages', '消息'),
        ),
      ],
      steps: [{ color: 'red' }, { from: 0.1, color: 'green' }],
      alerts: ['CollectorNoData'],
    }),
  ],
}

const LIVE: Row = {
  title: say('What comes', '数据流入'),
  panels: [
    { ...freshnessStates('', '{{venue}} {{channel}}'), height: 10 },
    { ...HEALTH_STATES, height: 10 },
    lines({
      title: say('Messages by venue', '各交易所消息速率'),
      description: say(
        'Messages received each second, by venue, refused ones included.',
        '各交易所每秒收到的消息数，含被拒绝的。',
      ),
      unit: UNIT.messagesPerSecond,
      queries: [query(rateBy('venue', 'collector_messages_received_total'), '{{venue}}')],
      width: 8,
      alerts: ['CollectorNoData'],
    }),
    lines({
      title: say('Records by venue', '各交易所记录速率'),
      description: say(
        'Records that the journal has taken each second, by venue: trades, changes of books, books and gaps.',
        '各交易所每秒写入日志的记录数：成交、订单簿变更、订单簿与缺口。',
      ),
      unit: UNIT.recordsPerSecond,
      queries: [query(rateBy('venue', 'collector_events_published_total'), '{{venue}}')],
      width: 8,
    }),
    lines({
      title: say('Event lag', '事件延迟'),
      description: say(
        'From the venue’s time of an event to its receipt, median and 99th percentile of recent events: the way, and the difference of the clocks.',
        '从交易所事件时间到收到的时间，近期事件的中位数与第 99 百分位：包含网络路径与时钟差。',
      ),
      unit: UNIT.seconds,
      queries: [
        query(own('collector_event_lag_p50_seconds'), '{{venue}} p50'),
        query(own('collector_event_lag_p99_seconds'), '{{venue}} p99'),
      ],
      width: 8,
    }),
  ],
}

const BOOKS: Row = {
  title: say('Order books', '订单簿'),
  panels: [
    lines({
      title: say('Verified books and expected', '已验证与应有订单簿'),
      description: say(
        'Order books that are verified and live, number, by venue. Dashed: those that are meant to be.',
        '各交易所已验证且实时的订单簿数量。虚线为应有数量。',
      ),
      unit: UNIT.count,
      queries: [
        query(own('collector_books_synced'), '{{venue}}'),
        limit(own('collector_books_expected'), say('{{venue}} expected', '{{venue}} 应有')),
      ],
      alerts: ['CollectorBooksUnsynced'],
    }),
    lines({
      title: say('Books by state', '订单簿状态'),
      description: say(
        'Order books of all venues, number, by state: fresh and stale are live; waiting and buffering have no snapshot yet.',
        '所有交易所的订单簿数量，按状态：fresh 与 stale 为实时；waiting 与 buffering 尚无快照。',
      ),
      unit: UNIT.count,
      queries: [query(`sum by (state) (${own('collector_book_state')})`, '{{state}}')],
      isStacked: true,
      alerts: ['CollectorBooksUnsynced'],
    }),
    bars({
      title: say('Gaps by cause', '缺口（按原因）'),
      description: say(
        'Gaps in books and trades, number each minute, by cause. Each is a gap record.',
        '订单簿与成交的缺口数（每分钟），按原因划分。每个缺口都有一条记录。',
      ),
      unit: UNIT.count,
      queries: [query(increaseBy('cause', 'collector_gaps_total'), '{{cause}}')],
      width: 8,
      alerts: ['CollectorSequenceGapsHigh', 'CollectorBookIntegrity'],
    }),
    lines({
      title: say('Sequence gaps each minute', '每分钟序列缺口'),
      description: say(
        'Gaps that the venues’ own numbers show, each minute, by venue. More than one over ten minutes: CollectorSequenceGapsHigh.',
        '由交易所编号发现的缺口，每分钟数量，按交易所。十分钟内平均超过一个触发 CollectorSequenceGapsHigh。',
      ),
      unit: UNIT.count,
      queries: [query(`60 * ${rateBy('venue', 'collector_book_sequence_gaps_total')}`, '{{venue}}')],
      mark: 1,
      width: 8,
      alerts: ['CollectorSequenceGapsHigh'],
    }),
    lines({
      title: say('Time to resync', '重新同步耗时'),
      description: say(
        'Time that order books took from lost to live, 95th percentile, by venue. Nothing is drawn while none was lost.',
        '订单簿从丢失到恢复实时的耗时，第 95 百分位，按交易所。没有丢失时不绘制。',
      ),
      unit: UNIT.seconds,
      queries: [query(quantileBy(['venue'], 0.95, 'collector_book_resync_seconds'), '{{venue}}')],
      noValue: say('no book was lost', '没有订单簿丢失'),
      width: 8,
    }),
    bars({
      title: say('Reconnects by venue', '重连（按交易所）'),
      description: say(
        'WebSocket connections that were given up and made again, number each minute, by venue.',
        '被放弃并重建的 WebSocket 连接数（每分钟），按交易所划分。',
      ),
      unit: UNIT.count,
      queries: [query(increaseBy('venue', 'collector_ws_reconnects_total'), '{{venue}}')],
      width: 8,
      alerts: ['CollectorReconnectStorm'],
    }),
    bars({
      title: say('Refused messages', '被拒绝的消息'),
      description: say(
        'Messages refused because they said what their venue is not known to say, number each minute, by venue.',
        '因内容不符合交易所已知格式而被拒绝的消息数（每分钟），按交易所划分。',
      ),
      unit: UNIT.count,
      queries: [query(increaseBy('venue', 'collector_decode_errors_total'), '{{venue}}')],
      width: 8,
    }),
    lines({
      title: say('Burn rate of the error budget', '错误预算消耗速率'),
      description: say(
        `How many times as fast as allowed order-book seconds go bad, over an hour and over 5 minutes, by venue. CollectorBookSloBurn pages when both are over ${THRESHOLDS.burnFactor}.`,
        `订单簿不达标时间的消耗速度相对允许值的倍数，按交易所，取 1 小时与 5 分钟窗口。两者均超过 ${THRESHOLDS.burnFactor} 时 CollectorBookSloBurn 告警。`,
      ),
      unit: UNIT.count,
      queries: [query(burnRate('1h'), '{{venue}} 1h'), query(burnRate('5m'), '{{venue}} 5m')],
      mark: THRESHOLDS.burnFactor,
      width: 8,
      alerts: ['CollectorBookSloBurn'],
    }),
  ],
}

const ONWARD: Row = {
  title: say('What goes on, and what is lost', '交付与丢失'),
  panels: [
    lines({
      title: say('Delivery lag', '交付延迟'),
      description: say(
        'Age of the oldest record that each sink does not have; 0 for one that has all.',
        '各接收端尚未收到的最早记录的时长；全部收到为 0。',
      ),
      unit: UNIT.seconds,
      queries: [query(SINK_LAG, '{{sink}}')],
      alerts: ['CollectorStorageStalled', 'CollectorNatsDisconnected'],
    }),
    bars({
      title: say('Records dropped', '丢弃的记录'),
      description: say(
        'Records that were dropped, number each minute, by where and why. All but “governor” is CollectorDataLoss.',
        '被丢弃的记录数（每分钟），按环节与原因划分。除 governor 外均触发 CollectorDataLoss。',
      ),
      unit: UNIT.count,
      queries: [query(increaseBy('stage, reason', 'collector_events_dropped_total'), '{{stage}} {{reason}}')],
      alerts: ['CollectorDataLoss'],
    }),
    states({
      title: say('Why it is not well', '不健康的原因'),
      description: say(
        'Reasons of each component that is not well: 1 while it is not. Empty: all are well. The runbook has a part for each reason.',
        '各组件不健康的原因：存在时为 1。为空表示全部正常。处置手册中每个原因都有一节。',
      ),
      unit: UNIT.state,
      queries: [
        query(`max by (component, reason) (${own('collector_health_reason')})`, '{{component}} {{reason}}'),
      ],
      steps: [{ color: 'orange' }],
      noValue: say('all components are well', '所有组件正常'),
      alerts: ['CollectorUnhealthy', 'CollectorHealthDegraded'],
    }),
    FIRING_STATES,
  ],
}

/** What the instance is for: fresh, verified, complete market data. */
export const BUSINESS: Dashboard = {
  uid: 'business',
  title: say('Business Monitoring', '业务监控'),
  description: say(
    'Whether market data comes, is verified, is complete and goes on to the sinks.',
    '行情数据是否到达、经过验证、完整并已交付。',
  ),
  variables: [],
  rows: [NOW, LIVE, BOOKS, ONWARD],
}
