import type { ChildState } from '../../../src/supervisor/instance.ts'
import {
  type Meaning,
  query,
  redFrom,
  stat,
  type StatPanel,
  states,
  type StatesPanel,
  type Step,
  UNIT,
  yellowAndRed,
} from './panels.ts'
import { FIRING, own } from './queries.ts'
import { type Said, say } from '../alert.ts'

const meaning = (en: string, zh: string, color: Meaning['color']): Meaning => ({ text: say(en, zh), color })

/** Values of collector_health_state. */
export const HEALTH_MEANINGS: Readonly<Record<number, Meaning>> = {
  0: meaning('good', '正常', 'green'),
  1: meaning('degraded', '降级', 'yellow'),
  2: meaning('unhealthy', '不健康', 'red'),
}
export const HEALTH_STEPS = yellowAndRed(1, 2)

/** Values of collector_governor_level. */
export const LEVEL_MEANINGS: Readonly<Record<number, Meaning>> = {
  0: meaning('normal', '正常', 'green'),
  1: meaning('pressure', '有压力', 'yellow'),
  2: meaning('shed', '减载', 'orange'),
  3: meaning('survive', '求生', 'red'),
  4: meaning('restart', '受控重启', 'red'),
}
export const LEVEL_STEPS: readonly Step[] = [
  { color: 'green' },
  { from: 1, color: 'yellow' },
  { from: 2, color: 'orange' },
  { from: 3, color: 'red' },
]

/** A flag that is good while it is not set. */
export const TROUBLE_MEANINGS: Readonly<Record<number, Meaning>> = {
  0: meaning('no', '否', 'green'),
  1: meaning('yes', '是', 'red'),
}

/** A flag that is good while it is set. */
export const WORKING_MEANINGS: Readonly<Record<number, Meaning>> = {
  0: meaning('no', '否', 'red'),
  1: meaning('yes', '是', 'green'),
}

/** A flag of which neither side is a fault. */
export const ACTIVE_MEANINGS: Readonly<Record<number, Meaning>> = {
  0: meaning('off', '未启用', 'gray'),
  1: meaning('on', '已启用', 'orange'),
}

const CHILD_MEANINGS: Readonly<Record<ChildState['name'], Meaning>> = {
  running: meaning('running', '运行中', 'green'),
  stalling: meaning('stalling', '响应迟缓', 'yellow'),
  unhealthy: meaning('unhealthy', '无响应', 'red'),
  waiting: meaning('waiting to restart', '等待重启', 'orange'),
  looping: meaning('crash loop', '反复崩溃', 'red'),
  stopping: meaning('stopping', '停止中', 'gray'),
  stopped: meaning('stopped', '已停止', 'gray'),
}
const CHILD_NAMES = Object.keys(CHILD_MEANINGS)

/** Which state a process is in, as its place in CHILD_NAMES. */
const CHILD_EXPR = `max by (process) (${CHILD_NAMES.map(
  (name, at) => `(${own('collector_child_state', `state="${name}"`)} == 1) * ${at}`,
).join(' or ')})`

export const HEALTH_STAT: StatPanel = stat({
  title: say('Health', '健康状态'),
  description: say(
    'The verdict that /health tells: good and degraded are answered with 200, unhealthy with 503. Where it does not answer scrapes for a minute: CollectorDown.',
    '/health 的结论：正常与降级返回 200，不健康返回 503。抓取无应答持续一分钟触发 CollectorDown。',
  ),
  unit: UNIT.state,
  queries: [query(own('collector_health_state', 'component="overall"'), say('overall', '整体'))],
  steps: HEALTH_STEPS,
  meanings: HEALTH_MEANINGS,
  absent: { text: say('no answer', '无应答'), color: 'red' },
  alerts: ['CollectorUnhealthy', 'CollectorHealthDegraded', 'CollectorDown'],
})

export const FIRING_STAT: StatPanel = stat({
  title: say('Alerts firing', '触发中的告警'),
  description: say(
    'Alerts of all collectors that fire, number, the dead man’s switch left out.',
    '所有采集器正在触发的告警数量，不含心跳告警。',
  ),
  unit: UNIT.count,
  queries: [query(`count(${FIRING}) or vector(0)`, say('alerts', '告警'))],
  steps: redFrom(1),
})

export const PROCESS_STATES: StatesPanel = states({
  title: say('Processes', '进程状态'),
  description: say(
    'Where each process stands. Silent for 5 s: stalling; 10 s: unhealthy; 15 s: killed and started again.',
    '各进程所处的状态。静默 5 秒为响应迟缓，10 秒为无响应，15 秒被终止并重启。',
  ),
  unit: UNIT.state,
  queries: [query(CHILD_EXPR, '{{process}}')],
  steps: [{ color: 'gray' }],
  meanings: Object.fromEntries(Object.values(CHILD_MEANINGS).map((each, at) => [at, each])),
  alerts: ['CollectorPipelineStalled', 'CollectorCrashLooping'],
})

export const FIRING_STATES: StatesPanel = states({
  title: say('Alerts over time', '告警时间线'),
  description: say(
    'When each alert fired, by the venue that it is about: 1 while it does. Empty: none did.',
    '各告警触发的时段（按交易所）：触发时为 1。为空表示没有告警。',
  ),
  unit: UNIT.state,
  queries: [query(`max by (alertname, venue) (${FIRING})`, '{{alertname}} {{venue}}')],
  steps: redFrom(1),
  noValue: say('no alert fired', '没有告警触发'),
})

export const HEALTH_STATES: StatesPanel = states({
  title: say('Health of each component', '各组件健康状态'),
  description: say(
    'State of the whole instance and of each of its components: good, degraded or unhealthy.',
    '整个实例及各组件的状态：正常、降级或不健康。',
  ),
  unit: UNIT.state,
  queries: [query(own('collector_health_state'), '{{component}}')],
  steps: HEALTH_STEPS,
  meanings: HEALTH_MEANINGS,
  alerts: ['CollectorUnhealthy', 'CollectorHealthDegraded'],
})

/** Venue by channel, or channels of one venue: green while fresh, red from a minute on. */
export function freshnessStates(only: string, legend: Said | string): StatesPanel {
  return states({
    title: say('Age of the last message', '最近消息的时效'),
    description: say(
      'Seconds since the last good message of each channel: yellow from 10 s, orange from 30 s, red from 60 s, where CollectorVenueDown begins to count.',
      '各频道最近一条有效消息距今的秒数：10 秒起黄色，30 秒起橙色，60 秒起红色，此时 CollectorVenueDown 开始计时。',
    ),
    unit: UNIT.seconds,
    queries: [
      query(
        `time() - max by (venue, channel) (${own('collector_last_message_timestamp_seconds', only)})`,
        legend,
      ),
    ],
    steps: [
      { color: 'green' },
      { from: 10, color: 'yellow' },
      { from: 30, color: 'orange' },
      { from: 60, color: 'red' },
    ],
    alerts: ['CollectorVenueDown'],
  })
}
