import { type Alert, alertOf, fires, of, ours, quiet, say, twinOf } from '../alert.ts'
import { growing, sequence, steady } from '../series.ts'
import { gigabytesOf, percentOf, THRESHOLDS } from '../thresholds.ts'

const MEMORY = ours('process_resident_memory_bytes')
const CONNECTIONS = ours('collector_tcp_connections')
const LEVEL = ours('collector_governor_level')
const DATA_DISK = { path: '/data/journal' }
const FREE = ours('collector_disk_free_bytes', DATA_DISK)
const TOTAL = ours('collector_disk_total_bytes', DATA_DISK)
const HEAP_TREND = { resource: 'heap_after_gc' }
const COLLECTOR = { process: 'collector' }

const freeBytes = of('collector_disk_free_bytes')

/** What the processes use of the machine. */
export const RESOURCE_ALERTS: readonly Alert[] = [
  {
    name: 'CollectorHighMemory',
    severity: 'warning',
    summary: say('The collector uses much memory', 'Collector 内存占用过高'),
    dashboard: 'collector-resources',
    rules: [
      {
        expr: `${of('process_resident_memory_bytes')} > ${THRESHOLDS.memoryBytes}`,
        for: '5m',
        keepFiringFor: '5m',
        description: say(
          `All processes together use {{ $value | humanize }}B; the threshold is ${gigabytesOf(THRESHOLDS.memoryBytes)} GB.`,
          `所有进程共占用内存 {{ $value | humanize }}B，阈值为 ${gigabytesOf(THRESHOLDS.memoryBytes)} GB。`,
        ),
        cases: [
          fires(
            'memory stays above 3 GB for over five minutes',
            { [MEMORY]: sequence(steady(2.9e9, 1), steady(3.1e9, 8)) },
            '7m',
            alertOf('3.1G'),
          ),
          quiet(
            'memory is back below 3 GB before five minutes are over, and stays close to it',
            { [MEMORY]: sequence(steady(3.1e9, 4), steady(3e9, 8)) },
            '5m',
            '12m',
          ),
          quiet(
            'another job uses much memory',
            { [MEMORY.replace('"collector"', '"prometheus"')]: steady(9e9, 10) },
            '9m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorHighConnections',
    severity: 'warning',
    summary: say('The collector has too many TCP connections', 'Collector TCP 连接数过多'),
    dashboard: 'collector-resources',
    rules: [
      {
        expr: `${of('collector_tcp_connections')} > ${THRESHOLDS.connections}`,
        for: '5m',
        keepFiringFor: '5m',
        description: say(
          `{{ $value }} TCP connections; the threshold is ${THRESHOLDS.connections}.`,
          `TCP 连接数为 {{ $value }}，阈值为 ${THRESHOLDS.connections}。`,
        ),
        cases: [
          fires(
            'there are 97 connections, as in the incident',
            { [CONNECTIONS]: sequence(steady(14, 1), steady(97, 8)) },
            '7m',
            alertOf('97'),
          ),
          quiet('there are 50 connections', { [CONNECTIONS]: steady(50, 12) }, '11m'),
        ],
      },
    ],
  },
  {
    name: 'CollectorUnaccountedSockets',
    severity: 'warning',
    summary: say('Sockets are open that nobody answers for', '存在无人负责的套接字'),
    dashboard: 'collector-resources',
    rules: [
      {
        expr: `${of('collector_sockets_unaccounted')} > ${THRESHOLDS.unaccountedSockets}`,
        for: '2m',
        keepFiringFor: '5m',
        description: say(
          '{{ $value }} TCP connections of the processes are in no registry: they leak.',
          '有 {{ $value }} 个 TCP 连接不在任何登记中：发生泄漏。',
        ),
        cases: [
          fires(
            'six sockets leak',
            { [ours('collector_sockets_unaccounted')]: sequence(steady(0, 1), steady(6, 5)) },
            '4m',
            alertOf('6'),
          ),
          quiet(
            'five are not known for a while',
            { [ours('collector_sockets_unaccounted')]: steady(5, 5) },
            '4m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorFdNearLimit',
    severity: 'critical',
    noTwin: 'Absent where the system has no /proc.',
    summary: say('A process runs out of file descriptors', '进程的文件描述符即将耗尽'),
    dashboard: 'collector-resources',
    rules: [
      {
        // By process: a limit is that of one, and the sum over all of them would be held against it.
        expr: `${of('collector_process_file_descriptors')} / (${of('collector_process_max_file_descriptors')} > 0) > ${THRESHOLDS.descriptorShare}`,
        for: '2m',
        keepFiringFor: '5m',
        description: say(
          'Process {{ $labels.process }} has {{ $value | humanizePercentage }} of the descriptors that it may have. At 100 % it can open neither sockets nor files.',
          '进程 {{ $labels.process }} 已使用允许的文件描述符的 {{ $value | humanizePercentage }}。达到 100% 时无法再打开套接字和文件。',
        ),
        cases: [
          fires(
            'one process has 80 % of its descriptors',
            {
              [ours('collector_process_file_descriptors', COLLECTOR)]: steady(820, 5),
              [ours('collector_process_max_file_descriptors', COLLECTOR)]: steady(1_024, 5),
            },
            '3m',
            alertOf('80.08%', COLLECTOR),
          ),
          quiet(
            'three processes together have more than one may have',
            Object.fromEntries(
              ['supervisor', 'collector', 'delivery'].flatMap((process) => [
                [ours('collector_process_file_descriptors', { process }), steady(500, 5)],
                [ours('collector_process_max_file_descriptors', { process }), steady(1_024, 5)],
              ]),
            ),
            '4m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorResourceTrend',
    severity: 'warning',
    summary: say('A resource grows steadily and fast', '资源持续快速增长'),
    dashboard: 'collector-resources',
    rules: [
      {
        expr: `${of('collector_trend_rapidly_increasing')} == 1`,
        for: '5m',
        keepFiringFor: '15m',
        description: say(
          'Resource {{ $labels.resource }} is rapidly increasing; collector_trend_slope_per_minute tells by how much.',
          '资源 {{ $labels.resource }} 快速增长；增长速度见 collector_trend_slope_per_minute。',
        ),
        cases: [
          fires(
            'the heap grows',
            { [ours('collector_trend_rapidly_increasing', HEAP_TREND)]: steady(1, 8) },
            '6m',
            alertOf('', HEAP_TREND),
          ),
          quiet(
            'the heap grows for a moment',
            {
              [ours('collector_trend_rapidly_increasing', HEAP_TREND)]: sequence(steady(1, 3), steady(0, 6)),
            },
            '4m',
            '8m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorEventLoopLag',
    severity: 'warning',
    summary: say('A process is late with everything', '事件循环延迟过高'),
    dashboard: 'collector-resources',
    rules: [
      {
        expr: `${of('nodejs_eventloop_lag_p99_seconds')} > ${THRESHOLDS.loopLagMs / 1_000}`,
        for: '5m',
        keepFiringFor: '5m',
        description: say(
          `Timers of process {{ $labels.process }} are {{ $value | humanizeDuration }} late at the 99th percentile; the threshold is ${THRESHOLDS.loopLagMs} ms.`,
          `进程 {{ $labels.process }} 的定时器第 99 百分位延迟为 {{ $value | humanizeDuration }}，阈值为 ${THRESHOLDS.loopLagMs} 毫秒。`,
        ),
        cases: [
          fires(
            'timers are 300 ms late',
            { [ours('nodejs_eventloop_lag_p99_seconds', COLLECTOR)]: steady(0.3, 8) },
            '6m',
            alertOf('300ms', COLLECTOR),
          ),
          quiet(
            'timers are 200 ms late',
            { [ours('nodejs_eventloop_lag_p99_seconds', COLLECTOR)]: steady(0.2, 8) },
            '7m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorGcPressure',
    severity: 'warning',
    summary: say('Garbage collection takes much of the time', '垃圾回收占用过多时间'),
    dashboard: 'collector-resources',
    rules: [
      {
        expr: `sum without (kind) (rate(${of('nodejs_gc_duration_seconds_sum')}[5m])) > ${THRESHOLDS.collectionShare}`,
        for: '10m',
        keepFiringFor: '5m',
        description: say(
          `Process {{ $labels.process }} collects garbage for {{ $value | humanizePercentage }} of the time; the threshold is ${percentOf(THRESHOLDS.collectionShare)} %.`,
          `进程 {{ $labels.process }} 有 {{ $value | humanizePercentage }} 的时间用于垃圾回收，阈值为 ${percentOf(THRESHOLDS.collectionShare)}%。`,
        ),
        cases: [
          fires(
            'two kinds of collections take a tenth of the time each',
            {
              [ours('nodejs_gc_duration_seconds_sum', { ...COLLECTOR, kind: 'major' })]: growing(0, 1.5, 18),
              [ours('nodejs_gc_duration_seconds_sum', { ...COLLECTOR, kind: 'minor' })]: growing(0, 1.5, 18),
            },
            '17m',
            alertOf('20%', COLLECTOR),
          ),
          quiet(
            'collections take a tenth of the time',
            {
              [ours('nodejs_gc_duration_seconds_sum', { ...COLLECTOR, kind: 'major' })]: growing(0, 1.5, 18),
            },
            '17m',
          ),
        ],
      },
    ],
  },
  {
    name: 'CollectorDegradationActive',
    severity: 'warning',
    summary: say('The governor leaves data out on purpose', '资源调节器正在主动减少采集'),
    dashboard: 'collector-resources',
    rules: [
      {
        expr: `${of('collector_governor_level')} >= 2`,
        for: '5m',
        keepFiringFor: '5m',
        description: say(
          'The governor is at level {{ $value }} of 4: from level 2 on instruments of the last tier are paused.',
          '资源调节器处于第 {{ $value }} 级（共 4 级）：自第 2 级起暂停最低一档的品种。',
        ),
        cases: [
          fires('level 2 holds', { [LEVEL]: sequence(steady(0, 1), steady(2, 8)) }, '7m', alertOf('2')),
          quiet('level 1 holds', { [LEVEL]: steady(1, 8) }, '7m'),
        ],
      },
    ],
  },
  {
    name: 'CollectorDiskFilling',
    severity: 'critical',
    twin: twinOf(
      { metric: 'collector_disk_free_bytes' },
      { [FREE]: steady(9e11, 5), [TOTAL]: steady(1e12, 5) },
    ),
    summary: say('A disk for records is filling', '数据磁盘即将写满'),
    dashboard: 'delivery',
    rules: [
      {
        expr: `${freeBytes} / (${of('collector_disk_total_bytes')} > 0) < ${THRESHOLDS.diskFreeShare}`,
        for: '15m',
        keepFiringFor: '5m',
        labels: { signal: 'low' },
        description: say(
          `{{ $value | humanizePercentage }} of the disk of {{ $labels.path }} are free; the threshold is ${percentOf(THRESHOLDS.diskFreeShare)} %.`,
          `{{ $labels.path }} 所在磁盘剩余 {{ $value | humanizePercentage }}，阈值为 ${percentOf(THRESHOLDS.diskFreeShare)}%。`,
        ),
        cases: [
          fires(
            'a twentieth of the disk is free',
            { [FREE]: steady(5e10, 20), [TOTAL]: steady(1e12, 20) },
            '16m',
            alertOf('5%', { ...DATA_DISK, signal: 'low' }),
          ),
          quiet(
            'a fifth of the disk is free',
            { [FREE]: steady(2e11, 20), [TOTAL]: steady(1e12, 20) },
            '19m',
          ),
        ],
      },
      {
        // One hour to judge by: a journal that begins on an empty disk grows fast, up to its limit.
        expr: `predict_linear(${freeBytes}[6h], 14400) < 0 and ${freeBytes} offset 1h`,
        for: '15m',
        keepFiringFor: '15m',
        labels: { signal: 'forecast' },
        description: say(
          'At this rate the disk of {{ $labels.path }} is full within 4 hours.',
          '按当前速度，{{ $labels.path }} 所在磁盘将在 4 小时内写满。',
        ),
        cases: [
          fires(
            'the disk loses a tenth of itself in half an hour, for over an hour',
            { [FREE]: growing(9e11, -8.33e8, 80), [TOTAL]: steady(1e12, 80) },
            '78m',
            alertOf('', { ...DATA_DISK, signal: 'forecast' }),
          ),
          quiet(
            'the disk has been filling for half an hour',
            { [FREE]: growing(9e11, -8.33e8, 30), [TOTAL]: steady(1e12, 30) },
            '29m',
          ),
        ],
      },
    ],
  },
]
