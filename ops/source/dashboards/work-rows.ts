import { bars, lines, query, type Row, states, UNIT } from './panels.ts'
import { increaseBy, own, rateBy } from './queries.ts'
import { ACTIVE_MEANINGS, LEVEL_MEANINGS, LEVEL_STEPS, PROCESS_STATES } from './shared-panels.ts'
import { say } from '../alert.ts'
import { percentOf, THRESHOLDS } from '../thresholds.ts'

const GC_SECONDS = (by: string): string => rateBy(by, 'nodejs_gc_duration_seconds_sum')
const GC_COUNT = (by: string): string => rateBy(by, 'nodejs_gc_duration_seconds_count')

/** What the processes do with their time. */
export const WORK: Row = {
  title: say('Work', '工作负荷'),
  panels: [
    lines({
      title: say('Collection frequency', '采集频率'),
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
      title: say('Order books in memory', '内存中的订单簿'),
      description: say(
        'Order books in memory, number, of all venues, whatever their state. It is the number of instruments, and steady.',
        '所有交易所内存中的订单簿数量，不论状态。应等于品种数并保持稳定。',
      ),
      unit: UNIT.count,
      queries: [query(own('collector_orderbook_objects'), say('order books', '订单簿'))],
      width: 8,
    }),
    lines({
      title: say('Price levels in memory', '内存中的价位'),
      description: say(
        'Price levels in memory by venue, number, both sides of all books.',
        '各交易所内存中的价位数量，含所有订单簿的两侧。',
      ),
      unit: UNIT.count,
      queries: [query(own('collector_orderbook_levels'), '{{venue}}')],
      width: 8,
    }),
    lines({
      title: say('Event loop lag', '事件循环延迟'),
      description: say(
        `How late timers of the last ten seconds were, median and 99th percentile. CollectorEventLoopLag fires when the latter is over ${THRESHOLDS.loopLagMs} ms for five minutes.`,
        `最近十秒定时器的延迟，中位数与第 99 百分位。后者超过 ${THRESHOLDS.loopLagMs} 毫秒持续五分钟触发 CollectorEventLoopLag。`,
      ),
      unit: UNIT.seconds,
      queries: [
        query(own('nodejs_eventloop_lag_p50_seconds'), '{{process}} p50'),
        query(own('nodejs_eventloop_lag_p99_seconds'), '{{process}} p99'),
      ],
      mark: THRESHOLDS.loopLagMs / 1_000,
      width: 8,
      alerts: ['CollectorEventLoopLag'],
    }),
    lines({
      title: say('Event loop at work', '事件循环占用'),
      description: say(
        'Share of the last second in which the event loop of each process was at work.',
        '最近一秒内各进程事件循环处于工作状态的比例。',
      ),
      unit: UNIT.share,
      queries: [query(own('nodejs_eventloop_utilization_ratio'), '{{process}}')],
      width: 8,
    }),
    lines({
      title: say('Processor time', '处理器时间'),
      description: say(
        'Processor time of each process, as a share of one core.',
        '各进程占用的处理器时间，以单核为 100%。',
      ),
      unit: UNIT.share,
      queries: [query(rateBy('process', 'collector_process_cpu_seconds_total'), '{{process}}')],
      width: 8,
    }),
    lines({
      title: say('GC frequency', 'GC 频率'),
      description: say(
        'Garbage collections each second, by process and kind.',
        '每秒垃圾回收次数，按进程与类型。',
      ),
      unit: UNIT.operationsPerSecond,
      queries: [query(GC_COUNT('process, kind'), '{{process}} {{kind}}')],
      width: 8,
      alerts: ['CollectorGcPressure'],
    }),
    lines({
      title: say('GC duration', 'GC 耗时'),
      description: say(
        'Mean time of a garbage collection, by process and kind. A kind that did not happen is left out.',
        '单次垃圾回收的平均耗时，按进程与类型。未发生的类型不显示。',
      ),
      unit: UNIT.seconds,
      queries: [
        query(`${GC_SECONDS('process, kind')} / (${GC_COUNT('process, kind')} > 0)`, '{{process}} {{kind}}'),
      ],
      width: 8,
      alerts: ['CollectorGcPressure'],
    }),
    lines({
      title: say('GC, share of wall time', 'GC 占用时间比例'),
      description: say(
        `Share of time that went to garbage collection, by process. CollectorGcPressure fires when it is over ${percentOf(THRESHOLDS.collectionShare)} % for ten minutes.`,
        `各进程用于垃圾回收的时间比例。超过 ${percentOf(THRESHOLDS.collectionShare)}% 持续十分钟触发 CollectorGcPressure。`,
      ),
      unit: UNIT.share,
      queries: [query(GC_SECONDS('process'), '{{process}}')],
      mark: THRESHOLDS.collectionShare,
      width: 8,
      alerts: ['CollectorGcPressure'],
    }),
  ],
}

/** What is done against pressure, and how processes end. */
export const GOVERNOR: Row = {
  title: say('Governor and restarts', '调节与重启'),
  panels: [
    states({
      title: say('Governor level', '调节级别'),
      description: say(
        'Level of the governor over time: 0 normal, 1 pressure, 2 shed, 3 survive, 4 controlled restart.',
        '调节器级别的变化：0 正常，1 有压力，2 减载，3 求生，4 受控重启。',
      ),
      unit: UNIT.state,
      queries: [query(own('collector_governor_level'), say('level', '级别'))],
      steps: LEVEL_STEPS,
      meanings: LEVEL_MEANINGS,
      height: 5,
      alerts: ['CollectorDegradationActive'],
    }),
    { ...PROCESS_STATES, height: 5 },
    lines({
      title: say('Pressure by signal', '各信号压力'),
      description: say(
        'Each signal by its own limit: at 1 the governor enters level 3.',
        '各信号相对其上限的比值：达到 1 时调节器进入 3 级。',
      ),
      unit: UNIT.share,
      queries: [query(own('collector_governor_pressure'), '{{signal}}')],
      mark: 1,
      alerts: ['CollectorDegradationActive'],
    }),
    states({
      title: say('Actions asked for', '要求的减载动作'),
      description: say(
        'Whether the governor asks for each action: 1 while it does.',
        '调节器是否要求执行各动作：要求时为 1。',
      ),
      unit: UNIT.state,
      queries: [query(own('collector_governor_action_active'), '{{action}}')],
      steps: [{ color: 'gray' }, { from: 1, color: 'orange' }],
      meanings: ACTIVE_MEANINGS,
      alerts: ['CollectorDegradationActive'],
    }),
    bars({
      title: say('Shed', '减载量'),
      description: say(
        'What the collector did because the governor asked, number each minute, by action.',
        '采集器应调节器要求所做的动作次数（每分钟），按动作划分。',
      ),
      unit: UNIT.count,
      queries: [query(increaseBy('action', 'collector_shed_total'), '{{action}}')],
      width: 8,
      alerts: ['CollectorDegradationActive'],
    }),
    bars({
      title: say('Restarts by reason', '重启（按原因）'),
      description: say(
        'Processes started again, number each minute, by why the one before ended. More than two in 15 minutes: CollectorCrashLooping.',
        '进程重启次数（每分钟），按上一进程结束的原因划分。15 分钟内超过两次触发 CollectorCrashLooping。',
      ),
      unit: UNIT.count,
      queries: [query(increaseBy('reason', 'collector_restarts_total'), '{{reason}}')],
      width: 8,
      alerts: ['CollectorCrashLooping'],
    }),
    lines({
      title: say('Running for', '运行时长'),
      description: say(
        'Time since the instance was started. Each of its processes may be younger.',
        '实例启动以来的时长。其各进程的时长可能更短。',
      ),
      unit: UNIT.seconds,
      queries: [query(`time() - ${own('process_start_time_seconds')}`, say('instance', '实例'))],
      width: 8,
    }),
  ],
}
