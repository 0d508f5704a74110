import {
  type Dashboard,
  limit,
  lines,
  query,
  redFrom,
  type Row,
  stat,
  states,
  UNIT,
  yellowAndRed,
} from './panels.ts'
import { own } from './queries.ts'
import { HEALTH_STAT, LEVEL_MEANINGS, LEVEL_STEPS, TROUBLE_MEANINGS } from './shared-panels.ts'
import { GOVERNOR, WORK } from './work-rows.ts'
import { say } from '../alert.ts'
import { gigabytesOf, percentOf, THRESHOLDS } from '../thresholds.ts'

const { memoryBytes: MEMORY_BYTES, connections: CONNECTIONS } = THRESHOLDS
const EVERYTHING = say('all processes', '所有进程')

const NOW: Row = {
  title: say('At a glance', '概览'),
  panels: [
    HEALTH_STAT,
    stat({
      title: say('Memory', '内存'),
      description: say(
        `Resident memory of all processes together. CollectorHighMemory fires when it is over ${gigabytesOf(THRESHOLDS.memoryBytes)} GB for five minutes.`,
        `所有进程的常驻内存之和。超过 ${gigabytesOf(THRESHOLDS.memoryBytes)} GB 持续五分钟触发 CollectorHighMemory。`,
      ),
      unit: UNIT.bytes,
      queries: [query(own('process_resident_memory_bytes'), EVERYTHING)],
      steps: yellowAndRed(0.8 * MEMORY_BYTES, MEMORY_BYTES),
      alerts: ['CollectorHighMemory'],
    }),
    stat({
      title: say('TCP connections', 'TCP 连接数'),
      description: say(
        `TCP connections of all processes together, number. CollectorHighConnections fires when there are more than ${CONNECTIONS} for five minutes.`,
        `所有进程的 TCP 连接总数。超过 ${CONNECTIONS} 持续五分钟触发 CollectorHighConnections。`,
      ),
      unit: UNIT.count,
      queries: [query(own('collector_tcp_connections'), EVERYTHING)],
      steps: yellowAndRed(0.8 * CONNECTIONS, CONNECTIONS),
      alerts: ['CollectorHighConnections'],
    }),
    stat({
      title: say('Unaccounted sockets', '无主套接字'),
      description: say(
        'TCP connections that nobody answers for, number. Anything but 0 for minutes is a leak.',
        '无人负责的 TCP 连接数。持续数分钟不为 0 即为泄漏。',
      ),
      unit: UNIT.count,
      queries: [query(own('collector_sockets_unaccounted'), say('unaccounted', '无主'))],
      steps: yellowAndRed(1, THRESHOLDS.unaccountedSockets + 1),
      alerts: ['CollectorUnaccountedSockets'],
    }),
    stat({
      title: say('Governor', '调节级别'),
      description: say(
        'Level of the governor: 0 normal, 1 pressure, 2 shed, 3 survive, 4 controlled restart.',
        '调节器级别：0 正常，1 有压力，2 减载，3 求生，4 受控重启。',
      ),
      unit: UNIT.state,
      queries: [query(own('collector_governor_level'), say('level', '级别'))],
      steps: LEVEL_STEPS,
      meanings: LEVEL_MEANINGS,
      alerts: ['CollectorDegradationActive'],
    }),
    stat({
      title: say('First limit reached in', '最早耗尽时间'),
      description: say(
        'Seconds until the first resource reaches its limit, if it grows on as it does. Empty: none grows towards its limit.',
        '按当前增速，最先耗尽的资源达到上限前的秒数。为空表示没有资源趋于耗尽。',
      ),
      unit: UNIT.seconds,
      queries: [query(`min(${own('collector_resource_exhaustion_seconds')})`, say('first', '最早'))],
      steps: [{ color: 'red' }, { from: 3_600, color: 'yellow' }, { from: 86_400, color: 'green' }],
      absent: { text: say('not in sight', '无耗尽趋势'), color: 'green' },
      alerts: ['CollectorResourceTrend'],
    }),
  ],
}

const MEMORY: Row = {
  title: say('Memory', '内存'),
  panels: [
    lines({
      title: say('Memory trend', '内存趋势'),
      description: say(
        `Resident memory of each process and of all together; the line is the ${gigabytesOf(THRESHOLDS.memoryBytes)} GB of CollectorHighMemory.`,
        `各进程及全部进程的常驻内存；横线为 CollectorHighMemory 的 ${gigabytesOf(THRESHOLDS.memoryBytes)} GB 阈值。`,
      ),
      unit: UNIT.bytes,
      queries: [
        query(own('process_resident_memory_bytes'), EVERYTHING),
        query(own('collector_process_resident_memory_bytes'), '{{process}}'),
      ],
      mark: MEMORY_BYTES,
      alerts: ['CollectorHighMemory'],
    }),
    lines({
      title: say('Heap used and limit', '堆使用与上限'),
      description: say(
        'Heap in use of each process. Dashed: the heap that it may take.',
        '各进程使用中的堆。虚线为其可用上限。',
      ),
      unit: UNIT.bytes,
      queries: [
        query(own('nodejs_heap_size_used_bytes'), '{{process}}'),
        limit(own('nodejs_heap_size_limit_bytes'), say('{{process}} limit', '{{process}} 上限')),
      ],
    }),
    lines({
      title: say('Heap after collection', '回收后的堆'),
      description: say(
        'Heap in use right after the last major garbage collection: what is really held. A leak grows here.',
        '最近一次主要垃圾回收后仍在使用的堆，即真正被持有的内存。泄漏会在此增长。',
      ),
      unit: UNIT.bytes,
      queries: [query(own('collector_heap_after_major_gc_bytes'), '{{process}}')],
      width: 8,
    }),
    lines({
      title: say('Memory outside of the heap', '堆外内存'),
      description: say(
        'Memory outside of the heap that objects hold, array buffers included.',
        '对象持有的堆外内存，包含 array buffer。',
      ),
      unit: UNIT.bytes,
      queries: [query(own('nodejs_external_memory_bytes'), '{{process}}')],
      width: 8,
    }),
    lines({
      title: say('Forecast of exhaustion', '耗尽预测'),
      description: say(
        'Seconds until each resource reaches its limit, if it grows on as it does. Empty: none grows towards its limit.',
        '按当前增速，各资源达到上限前的秒数。为空表示没有资源趋于耗尽。',
      ),
      unit: UNIT.seconds,
      queries: [query(own('collector_resource_exhaustion_seconds'), '{{resource}}')],
      noValue: say('no resource grows towards its limit', '没有资源趋于耗尽'),
      width: 8,
      alerts: ['CollectorResourceTrend'],
    }),
    lines({
      title: say('Growth of memory, each minute', '内存每分钟增长'),
      description: say(
        'Slope of memory and of the heap after collection, bytes each minute, over their floors. Known after 24 minutes.',
        '内存与回收后堆的增长斜率（字节每分钟，取低点计算）。运行 24 分钟后可知。',
      ),
      unit: UNIT.bytes,
      queries: [
        query(own('collector_trend_slope_per_minute', 'resource=~"memory|heap_after_gc"'), '{{resource}}'),
      ],
      noValue: say('known after 24 minutes', '运行 24 分钟后可知'),
      width: 8,
      alerts: ['CollectorResourceTrend'],
    }),
    lines({
      title: say('Growth of descriptors, each minute', '描述符每分钟增长'),
      description: say(
        'Slope of open file descriptors, number each minute, over their floors. Known after 24 minutes.',
        '打开的文件描述符的增长斜率（个每分钟，取低点计算）。运行 24 分钟后可知。',
      ),
      unit: UNIT.count,
      queries: [query(own('collector_trend_slope_per_minute', 'resource="descriptors"'), '{{resource}}')],
      noValue: say('known after 24 minutes', '运行 24 分钟后可知'),
      width: 8,
      alerts: ['CollectorResourceTrend'],
    }),
    states({
      title: say('Grows steadily and fast', '持续快速增长'),
      description: say(
        'Whether each resource grows steadily and fast, judged from 24 minutes on. For five minutes: CollectorResourceTrend.',
        '各资源是否持续快速增长，运行 24 分钟后开始判断。持续五分钟触发 CollectorResourceTrend。',
      ),
      unit: UNIT.state,
      queries: [query(own('collector_trend_rapidly_increasing'), '{{resource}}')],
      steps: redFrom(1),
      meanings: TROUBLE_MEANINGS,
      width: 8,
      alerts: ['CollectorResourceTrend'],
    }),
  ],
}

const CONNECTED: Row = {
  title: say('Connections and descriptors', '连接与描述符'),
  panels: [
    lines({
      title: say('TCP connection trend', 'TCP 连接趋势'),
      description: say(
        `TCP connections: all, those that their owners know of, and those that nobody answers for. The line is the ${CONNECTIONS} of CollectorHighConnections.`,
        `TCP 连接：总数、已登记的、无主的。横线为 CollectorHighConnections 的阈值 ${CONNECTIONS}。`,
      ),
      unit: UNIT.count,
      queries: [
        query(own('collector_tcp_connections'), say('all', '总数')),
        query(own('collector_connections_registered'), say('registered', '已登记')),
        query(own('collector_sockets_unaccounted'), say('unaccounted', '无主')),
      ],
      mark: CONNECTIONS,
      alerts: ['CollectorHighConnections', 'CollectorUnaccountedSockets'],
    }),
    lines({
      title: say('TCP connections by state', 'TCP 连接（按状态）'),
      description: say(
        'TCP connections of all processes by the state that the system tells. Many in close-wait: somebody does not close.',
        '所有进程的 TCP 连接，按系统状态划分。close-wait 很多说明有连接未被关闭。',
      ),
      unit: UNIT.count,
      queries: [query(own('collector_tcp_connections_by_state'), '{{state}}')],
      isStacked: true,
      alerts: ['CollectorHighConnections'],
    }),
    lines({
      title: say('File descriptors', '文件描述符'),
      description: say(
        'Open file descriptors of each process and of all together. Dashed, at the right: what one process may have.',
        '各进程及全部进程打开的文件描述符。右轴虚线为单个进程的上限。',
      ),
      unit: UNIT.count,
      queries: [
        query(own('collector_file_descriptors'), EVERYTHING),
        query(own('collector_process_file_descriptors'), '{{process}}'),
        { ...limit(own('process_max_fds'), say('limit', '上限')), isAtTheRight: true },
      ],
      alerts: ['CollectorFdNearLimit'],
    }),
    lines({
      title: say('Descriptors, share of the limit', '描述符占上限比例'),
      description: say(
        `Open file descriptors as a share of the limit. CollectorFdNearLimit fires when it is over ${percentOf(THRESHOLDS.descriptorShare)} % for two minutes.`,
        `打开的文件描述符占上限的比例。超过 ${percentOf(THRESHOLDS.descriptorShare)}% 持续两分钟触发 CollectorFdNearLimit。`,
      ),
      unit: UNIT.share,
      queries: [
        query(`${own('collector_file_descriptors')} / ${own('process_max_fds')}`, EVERYTHING),
        query(
          `${own('collector_process_file_descriptors')} / ${own('collector_process_max_file_descriptors')}`,
          '{{process}}',
        ),
      ],
      mark: THRESHOLDS.descriptorShare,
      alerts: ['CollectorFdNearLimit'],
    }),
  ],
}

/** What the processes use: memory, connections, descriptors, time. */
export const COLLECTOR_RESOURCES: Dashboard = {
  uid: 'collector-resources',
  title: say('Collector Resource Monitoring', '采集器资源监控'),
  description: say(
    'What the processes of a collector use, how it grows, and what the governor does about it.',
    '采集器各进程的资源占用、增长趋势，以及调节器的应对。',
  ),
  variables: [],
  rows: [NOW, MEMORY, CONNECTED, WORK, GOVERNOR],
}
