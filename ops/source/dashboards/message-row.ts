import { bars, lines, query, type Row, states, UNIT } from './panels.ts'
import { ALERTMANAGER, BRIDGE } from './queries.ts'
import { WORKING_MEANINGS } from './shared-panels.ts'
import { say } from '../alert.ts'

const inSteps = (by: string, metric: string, only: string): string =>
  `sum by (${by}) (increase(${metric}{${only}}[$__rate_interval]))`

/** What Alertmanager sends, and what becomes of it. */
export const MESSAGES: Row = {
  title: say('From Alertmanager to DingTalk', 'Alertmanager 到钉钉'),
  panels: [
    bars({
      title: say('Sent by Alertmanager', 'Alertmanager 发送'),
      description: say(
        'Notifications that Alertmanager sent to its webhooks, and those of them that failed: number each minute.',
        'Alertmanager 发送到 webhook 的通知数及其中失败的数量（每分钟）。',
      ),
      unit: UNIT.count,
      queries: [
        query(
          inSteps('integration', 'alertmanager_notifications_total', `${ALERTMANAGER},integration="webhook"`),
          say('sent', '已发送'),
        ),
        query(
          inSteps(
            'integration',
            'alertmanager_notifications_failed_total',
            `${ALERTMANAGER},integration="webhook"`,
          ),
          say('failed', '失败'),
        ),
      ],
      width: 8,
    }),
    bars({
      title: say('Taken by the bridge', '告警桥接收'),
      description: say(
        'Webhooks of Alertmanager at the bridge, number each minute, by result: queued, repeated (nothing to add), unqueued (answered with 503), unreadable (400).',
        '告警桥收到的 webhook 数（每分钟），按结果：queued 已入队，repeated 重复，unqueued 无法入队（503），unreadable 无法解析（400）。',
      ),
      unit: UNIT.count,
      queries: [query(inSteps('result', 'alert_bridge_webhooks_total', BRIDGE), '{{result}}')],
      noValue: say('no bridge', '无告警桥'),
      width: 8,
    }),
    lines({
      title: say('Queue of the bridge', '告警桥队列'),
      description: say(
        'Alerts that the bridge has accepted and not sent, number, by robot. They are on the disk: a restart loses none.',
        '告警桥已接收但尚未发送的告警数量，按机器人。队列存于磁盘，重启不丢失。',
      ),
      unit: UNIT.count,
      queries: [query(`dingtalk_queue_depth{${BRIDGE}}`, '{{robot}}')],
      noValue: say('no bridge', '无告警桥'),
      width: 8,
    }),
    bars({
      title: say('DingTalk results', '钉钉返回结果'),
      description: say(
        'What became of messages to DingTalk, number each minute, by robot, result and error code. 0 is success, 130101 and 410100 are throttling, 310000 is a wrong signature or keyword.',
        '发往钉钉的消息结果（每分钟），按机器人、结果与错误码。0 为成功，130101 与 410100 为限流，310000 为签名或关键词错误。',
      ),
      unit: UNIT.count,
      queries: [
        query(
          `${inSteps('robot, result, errcode', 'dingtalk_notifications_total', BRIDGE)} > 0`,
          '{{robot}} {{result}} {{errcode}}',
        ),
      ],
      noValue: say('no message was sent', '没有发送消息'),
      width: 8,
    }),
    bars({
      title: say('Throttled', '限流'),
      description: say(
        'Times that DingTalk asked for fewer messages, each minute, by robot. The bridge sends at most 18 a minute; DingTalk takes 20.',
        '钉钉要求降低发送频率的次数（每分钟），按机器人。告警桥每分钟最多发送 18 条，钉钉上限 20 条。',
      ),
      unit: UNIT.count,
      queries: [query(inSteps('robot', 'dingtalk_throttled_total', BRIDGE), '{{robot}}')],
      noValue: say('no bridge', '无告警桥'),
      width: 8,
    }),
    lines({
      title: say('Since DingTalk last took a message', '距钉钉上次接收'),
      description: say(
        'Seconds since DingTalk last took a message of each robot. It grows while nothing is to be told, too.',
        '各机器人距钉钉上次成功接收消息的秒数。没有告警时也会增长。',
      ),
      unit: UNIT.seconds,
      queries: [
        query(`time() - max by (robot) (dingtalk_last_success_timestamp_seconds{${BRIDGE}})`, '{{robot}}'),
      ],
      noValue: say('no message yet', '尚未发送'),
      width: 8,
    }),
    states({
      title: say('Robots', '机器人状态'),
      description: say(
        'Whether each robot takes messages. No: its last tries failed, or a person has to mend it.',
        '各机器人是否接受消息。否表示最近的尝试失败，或需要人工修复。',
      ),
      unit: UNIT.state,
      queries: [query(`alert_bridge_robot_up{${BRIDGE}}`, '{{robot}}')],
      steps: [{ color: 'red' }, { from: 1, color: 'green' }],
      meanings: WORKING_MEANINGS,
      noValue: say('no bridge', '无告警桥'),
      height: 6,
    }),
    bars({
      title: say('Heartbeats', '心跳'),
      description: say(
        'Heartbeats of Alertmanager at the bridge, number each minute, by result: forwarded, failed, withheld (nothing can be told), kept (nowhere to forward them to).',
        '告警桥收到的心跳数（每分钟），按结果：forwarded 已转发，failed 失败，withheld 无法告警而扣留，kept 无转发地址。',
      ),
      unit: UNIT.count,
      queries: [query(inSteps('result', 'alert_bridge_heartbeats_total', BRIDGE), '{{result}}')],
      noValue: say('no heartbeat yet', '尚无心跳'),
      height: 6,
    }),
  ],
}
