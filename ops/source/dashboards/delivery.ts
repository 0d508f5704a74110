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
  states,
  UNIT,
  yellowAndRed,
} from './panels.ts'
import { ageBy, increaseBy, own, quantileBy, rateBy, SINK_LAG } from './queries.ts'
import { TROUBLE_MEANINGS, WORKING_MEANINGS } from './shared-panels.ts'
import { say } from '../alert.ts'
import { percentOf, THRESHOLDS } from '../thresholds.ts'

const FILL = `${own('collector_outbox_bytes')} / (${own('collector_outbox_capacity_bytes')} > 0)`
const FREE = `${own('collector_disk_free_bytes')} / (${own('collector_disk_total_bytes')} > 0)`

const NOW: Row = {
  title: say('At a glance', '概览'),
  panels: [
    stat({
      title: say('Lost or rejected', '丢失或被拒'),
      description: say(
        'Records that are lost for good in the time that is shown, number. Anything but 0: CollectorDataLoss.',
        '所示时段内永久丢失的记录数。不为 0 即触发 CollectorDataLoss。',
      ),
      unit: UNIT.count,
      queries: [
        query(
          `sum(increase(${own('collector_events_dropped_total', 'intentional="false"')}[$__range]))`,
          say('lost', '丢失'),
        ),
      ],
      steps: redFrom(1),
      alerts: ['CollectorDataLoss'],
    }),
    stat({
      title: say('Delivery lag', '交付延迟'),
      description: say(
        'Age of the oldest record that some sink does not have; 0 when all have all.',
        '任一接收端尚未收到的最早记录的时长；全部收到为 0。',
      ),
      unit: UNIT.seconds,
      queries: [query(`max(${SINK_LAG})`, say('oldest', '最早'))],
      steps: yellowAndRed(60, THRESHOLDS.storeSilenceSeconds),
      alerts: ['CollectorStorageStalled', 'CollectorNatsDisconnected'],
    }),
    stat({
      title: say('Outbox', '待交付占用'),
      description: say(
        `Journal that the slowest sink has not read, as a share of what the journal may hold. Over ${percentOf(THRESHOLDS.outboxShare)} % for two minutes: CollectorOutboxFilling.`,
        `最慢接收端未读的日志占日志容量的比例。超过 ${percentOf(THRESHOLDS.outboxShare)}% 持续两分钟触发 CollectorOutboxFilling。`,
      ),
      unit: UNIT.share,
      queries: [query(FILL, say('filled', '已用'))],
      steps: yellowAndRed(0.25, THRESHOLDS.outboxShare),
      alerts: ['CollectorOutboxFilling', 'CollectorOutboxFullSoon'],
    }),
    stat({
      title: say('Sinks in trouble', '异常接收端'),
      description: say('Sinks whose last attempt failed, number.', '最近一次尝试失败的接收端数量。'),
      unit: UNIT.count,
      queries: [
        query(
          `count(${own('collector_sink_trouble')}) or 0 * count(${own('collector_sink_behind_bytes')})`,
          say('in trouble', '异常'),
        ),
      ],
      steps: redFrom(1),
      alerts: ['CollectorSinkFailing', 'CollectorNatsDisconnected'],
    }),
    stat({
      title: say('Journal held', '日志受阻'),
      description: say(
        'Whether the disk takes nothing. What comes meanwhile is lost, and covered by gap records.',
        '磁盘是否无法写入。期间到达的数据会丢失，并由缺口记录说明。',
      ),
      unit: UNIT.state,
      queries: [query(own('collector_journal_held'), say('held', '受阻'))],
      steps: redFrom(1),
      meanings: TROUBLE_MEANINGS,
      alerts: ['CollectorDataLoss', 'CollectorDiskFilling'],
    }),
    stat({
      title: say('Disk free', '磁盘可用'),
      description: say(
        `Free room of the fullest disk that this program writes to. Below ${percentOf(THRESHOLDS.diskFreeShare)} % for 15 minutes: CollectorDiskFilling.`,
        `本程序所写磁盘中最满者的可用比例。低于 ${percentOf(THRESHOLDS.diskFreeShare)}% 持续 15 分钟触发 CollectorDiskFilling。`,
      ),
      unit: UNIT.share,
      queries: [query(`min(${FREE})`, say('free', '可用'))],
      steps: greenFrom(THRESHOLDS.diskFreeShare, 0.2),
      alerts: ['CollectorDiskFilling'],
    }),
  ],
}

const SINKS: Row = {
  title: say('Sinks', '接收端'),
  panels: [
    lines({
      title: say('Delivered', '已交付'),
      description: say(
        'Records that each sink has taken for good, each second.',
        '各接收端每秒确认的记录数。',
      ),
      unit: UNIT.recordsPerSecond,
      queries: [query(rateBy('sink', 'collector_events_acked_total'), '{{sink}}')],
      width: 8,
    }),
    lines({
      title: say('Delivery lag by sink', '各接收端交付延迟'),
      description: say(
        'Age of the oldest record that each sink does not have; 0 for one that has all.',
        '各接收端尚未收到的最早记录的时长；全部收到为 0。',
      ),
      unit: UNIT.seconds,
      queries: [query(SINK_LAG, '{{sink}}')],
      width: 8,
    }),
    lines({
      title: say('Not read yet', '未读日志'),
      description: say('Journal that each sink has not read, bytes.', '各接收端未读的日志字节数。'),
      unit: UNIT.bytes,
      queries: [query(own('collector_sink_behind_bytes'), '{{sink}}')],
      width: 8,
    }),
    bars({
      title: say('Batches that failed', '失败批次'),
      description: say(
        'Batches that a sink did not take, number each minute. They are given again.',
        '接收端未接受的批次数（每分钟）。会再次提交。',
      ),
      unit: UNIT.count,
      queries: [query(increaseBy('sink', 'collector_sink_failures_total'), '{{sink}}')],
      width: 8,
      alerts: ['CollectorStorageErrors'],
    }),
    bars({
      title: say('Failures in a row', '连续失败'),
      description: say(
        'Failures in a row of each sink that does not get on, by what the last one was. For five minutes: CollectorSinkFailing. Empty: none fails.',
        '各异常接收端的连续失败次数，按最近一次的原因。持续五分钟触发 CollectorSinkFailing。为空表示没有失败。',
      ),
      unit: UNIT.count,
      queries: [query(own('collector_sink_trouble'), '{{sink}} {{code}}')],
      noValue: say('no sink fails', '没有接收端失败'),
      width: 8,
      alerts: ['CollectorSinkFailing', 'CollectorNatsDisconnected'],
    }),
    bars({
      title: say('Lost and rejected', '丢失与被拒'),
      description: say(
        'Records that a sink will never have, number each minute: gone from the journal unread, or rejected and kept in its quarantine.',
        '接收端永远不会收到的记录数（每分钟）：未读即被清除，或被拒绝并存入隔离文件。',
      ),
      unit: UNIT.count,
      queries: [
        query(increaseBy('sink', 'collector_sink_lost_total'), say('{{sink}} lost', '{{sink}} 丢失')),
        query(
          increaseBy('sink', 'collector_quarantined_rows_total'),
          say('{{sink}} rejected', '{{sink}} 被拒'),
        ),
      ],
      width: 8,
      alerts: ['CollectorDataLoss'],
    }),
    states({
      title: say('Paused by the governor', '被调节器暂停'),
      description: say(
        'Whether the governor has paused each sink: its cursor keeps its place.',
        '各接收端是否被调节器暂停：游标保持原位。',
      ),
      unit: UNIT.state,
      queries: [query(own('collector_sink_paused'), '{{sink}}')],
      steps: redFrom(1),
      meanings: TROUBLE_MEANINGS,
      height: 6,
      alerts: ['CollectorDegradationActive'],
    }),
    states({
      title: say('NATS connected', 'NATS 连接'),
      description: say(
        'Whether NATS takes records, as far as its last answer tells. Empty: there is no such sink.',
        '根据最近应答，NATS 是否接受记录。为空表示未启用该接收端。',
      ),
      unit: UNIT.state,
      queries: [query(own('collector_nats_connected'), 'NATS')],
      steps: [{ color: 'red' }, { from: 1, color: 'green' }],
      meanings: WORKING_MEANINGS,
      noValue: say('no NATS sink', '未启用 NATS'),
      height: 6,
      alerts: ['CollectorNatsDisconnected'],
    }),
  ],
}

const STORES: Row = {
  title: say('Stores', '存储'),
  panels: [
    lines({
      title: say('Rows written', '写入行数'),
      description: say(
        'Records that each store has taken for good, each second.',
        '各存储每秒确认的记录数。',
      ),
      unit: UNIT.recordsPerSecond,
      queries: [query(rateBy('sink', 'collector_storage_rows_written_total'), '{{sink}}')],
      width: 8,
    }),
    lines({
      title: say('Since the last success', '距上次成功'),
      description: say(
        `Seconds since each store last took something. Over ${THRESHOLDS.storeSilenceSeconds} s, with something to store for ${THRESHOLDS.storeBehindMinutes} minutes and two more: CollectorStorageStalled.`,
        `各存储距上次写入成功的秒数。超过 ${THRESHOLDS.storeSilenceSeconds} 秒，且待写入数据持续 ${THRESHOLDS.storeBehindMinutes} 分钟后再过两分钟，触发 CollectorStorageStalled。`,
      ),
      unit: UNIT.seconds,
      queries: [query(ageBy('sink', 'collector_storage_last_success_timestamp_seconds'), '{{sink}}')],
      mark: THRESHOLDS.storeSilenceSeconds,
      width: 8,
      alerts: ['CollectorStorageStalled'],
    }),
    lines({
      title: say('Write errors', '写入错误'),
      description: say(
        'Batches that a store did not take, each second. Any for five minutes: CollectorStorageErrors.',
        '存储每秒未接受的批次数。持续五分钟触发 CollectorStorageErrors。',
      ),
      unit: UNIT.countsPerSecond,
      queries: [query(rateBy('sink', 'collector_storage_write_errors_total'), '{{sink}}')],
      width: 8,
      alerts: ['CollectorStorageErrors'],
    }),
  ],
}

const JOURNAL: Row = {
  title: say('Journal and disk', '日志与磁盘'),
  panels: [
    lines({
      title: say('Journal written', '日志写入'),
      description: say('Bytes of records written to the journal each second.', '每秒写入日志的记录字节数。'),
      unit: UNIT.bytesPerSecond,
      queries: [
        query(
          `sum(rate(${own('collector_journal_written_bytes_total')}[$__rate_interval]))`,
          say('written', '写入'),
        ),
      ],
      width: 8,
    }),
    lines({
      title: say('Records', '记录'),
      description: say('Records written to the journal each second.', '每秒写入日志的记录数。'),
      unit: UNIT.recordsPerSecond,
      queries: [
        query(
          `sum(rate(${own('collector_journal_records_total')}[$__rate_interval]))`,
          say('records', '记录'),
        ),
      ],
      width: 8,
    }),
    lines({
      title: say('Forcing to disk', '落盘耗时'),
      description: say(
        'Time that forcing the journal to the disk took, median and 99th percentile.',
        '日志强制落盘的耗时，中位数与第 99 百分位。',
      ),
      unit: UNIT.seconds,
      queries: [
        query(quantileBy([], 0.5, 'collector_spool_fsync_seconds'), 'p50'),
        query(quantileBy([], 0.99, 'collector_spool_fsync_seconds'), 'p99'),
      ],
      width: 8,
    }),
    lines({
      title: say('Outbox and journal', '待交付与日志'),
      description: say(
        'Journal that the slowest sink has not read, and all that the journal holds. Dashed: what it may hold.',
        '最慢接收端未读的日志，以及日志总量。虚线为日志容量。',
      ),
      unit: UNIT.bytes,
      queries: [
        query(own('collector_outbox_bytes'), say('outbox', '待交付')),
        query(own('collector_journal_stored_bytes'), say('journal', '日志')),
        limit(own('collector_outbox_capacity_bytes'), say('capacity', '容量')),
      ],
      width: 8,
      alerts: ['CollectorOutboxFilling', 'CollectorOutboxFullSoon'],
    }),
    lines({
      title: say('Disk free', '磁盘可用空间'),
      description: say(
        'Free room of each disk that this program writes to, bytes.',
        '本程序所写各磁盘的可用字节数。',
      ),
      unit: UNIT.bytes,
      queries: [query(own('collector_disk_free_bytes'), '{{path}}')],
      width: 8,
      alerts: ['CollectorDiskFilling'],
    }),
    bars({
      title: say('Removed unread', '未读即清除'),
      description: say(
        'Records of segments that were removed before a sink had read all of them, number each minute: at most so many are lost for it.',
        '在接收端读完之前被清除的段中的记录数（每分钟）：即其丢失数的上限。',
      ),
      unit: UNIT.count,
      queries: [query(increaseBy('sink', 'collector_journal_unread_removed_total'), '{{sink}}')],
      noValue: say('nothing was removed unread', '没有未读即被清除的记录'),
      width: 8,
      alerts: ['CollectorDataLoss'],
    }),
  ],
}

/** From the journal to the sinks. */
export const DELIVERY: Dashboard = {
  uid: 'delivery',
  title: say('Delivery and Storage', '交付与存储'),
  description: say(
    'From the journal to the sinks: what they have, what they lack, and the room that is left.',
    '从日志到各接收端：已交付、未交付与剩余空间。',
  ),
  variables: [],
  rows: [NOW, SINKS, STORES, JOURNAL],
}
