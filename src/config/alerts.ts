import * as field from './field.ts'
import { FILE, FOLDER, HOST } from './forms.ts'

const MEBIBYTE = 1024 * 1024
const ROBOT_LIMIT = 32
const NAME_PATTERN = /^[a-z][a-z0-9-]{0,39}$/

const NAME: field.TextForm = {
  name: 'a name of 1 to 40 letters, digits and dashes',
  sample: 'collector',
  hint: "lower case letters, digits and '-' only, beginning with a letter",
  accepts: (text) => NAME_PATTERN.test(text),
}

const KEYWORD: field.TextForm = {
  name: 'a keyword of up to 40 characters',
  sample: 'marketprism',
  hint: 'write it as it stands in the security settings of the robot',
  accepts: (text) => text.trim() === text && /^[^\p{Cc}]{1,40}$/u.test(text),
}

const MOBILE: field.TextForm = {
  name: 'the number of a mobile phone in quotes',
  sample: '13800000000',
  hint: 'digits; beyond China with its country, as "+852-12345678"',
  accepts: (text) => /^(\+\d{1,4}-)?\d{5,15}$/.test(text),
}

const TIME_ZONE: field.TextForm = {
  name: 'a time zone of the tz database',
  sample: 'Asia/Shanghai',
  hint: 'as in Asia/Shanghai, Europe/Berlin or UTC',
  accepts: (text) => isTimeZone(text),
}

function isTimeZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== ''
  } catch (cause) {
    if (cause instanceof RangeError) return false
    throw cause
  }
}

const fileOf = (doc: string, sample: string): field.OptionalField<field.TextField> =>
  field.optional({ kind: 'text', doc, form: FILE }, sample)

const ROBOT = field.section(
  'Where alerts are told. Its secrets are in files, or in the variables ALERT_BRIDGE_NAME_URL, ALERT_BRIDGE_NAME_TOKEN and ALERT_BRIDGE_NAME_SECRET of the environment, with the name of the robot in capitals and _ for -. Files are the better way: the system shows the variables that a process was started with (/proc/PID/environ) for as long as it runs.',
  {
    name: field.requiredText('Its name, in metrics and in what is logged.', NAME),
    kind: field.optional(
      field.choice(
        'What it is. dingtalk: a custom robot of a DingTalk group. slack: takes {"text": …}, as Slack, Mattermost and others do. webhook: takes the alerts as JSON. Left out: dingtalk.',
        ['dingtalk', 'slack', 'webhook'],
      ),
      'dingtalk',
    ),
    routes: field.optional(
      field.texts('Routes whose alerts it is told: NAME of /dingtalk/NAME/send. Left out: collector.', NAME, {
        value: ['collector'],
        limit: ROBOT_LIMIT,
      }),
      '[collector]',
    ),
    webhook_url_file: fileOf(
      'File with the whole URL that it is sent to, token included.',
      '/run/secrets/robot-url',
    ),
    token_file: fileOf(
      'Of a DingTalk robot, in place of the URL: file with its access_token.',
      '/run/secrets/robot-token',
    ),
    secret_file: fileOf(
      'Of a DingTalk robot that wants signatures: file with its secret (SEC…).',
      '/run/secrets/robot-secret',
    ),
    keyword: field.optional(
      field.requiredText('Of a robot that wants one: stands in title and text of every message.', KEYWORD),
      'marketprism',
    ),
    language: field.optional(field.choice('As `alerts.language`.', ['en', 'zh']), 'zh'),
    critical_at_mobiles: field.optional(
      field.texts('Whom DingTalk calls for critical alerts, by the mobile number.', MOBILE, {
        value: [],
        limit: 20,
      }),
      '["13800000000"]',
    ),
    critical_at_all: field.optional(
      field.boolean('Whether DingTalk calls everybody of the group for critical alerts.', false),
      'true',
    ),
  },
)

/** Keys of `marketprism alert-bridge`. */
export const ALERTS = field.section(
  'The alert bridge (`marketprism alert-bridge`): takes alerts from Alertmanager at /dingtalk/ROUTE/send and tells them to robots. No other command reads this.',
  {
    host: field.text('Address to listen at, for Alertmanager and Prometheus.', HOST, '127.0.0.1'),
    port: field.integer('Port to listen at; 0: any that is free.', { value: 8_060, min: 0, max: 65_535 }),
    folder: field.text(
      'Where alerts wait until they are told. One bridge a folder.',
      FOLDER,
      './data/alerts',
    ),
    queue_bytes: field.integer(
      'So much may wait for one robot; the last quarter is for critical alerts. Beyond it Alertmanager is told to keep its alerts and to try again.',
      { value: 16 * MEBIBYTE, min: 65_536, max: 1_024 * MEBIBYTE },
    ),
    repeat_seconds: field.integer(
      'A webhook that says what another said within this time is a retry of that one and is told once; after it, a reminder, which is told again. Longer than group_interval of Alertmanager, shorter than its shortest repeat_interval.',
      { value: 150, min: 1, max: 3_600 },
    ),
    language: field.choice('Language of messages. zh takes the annotations summary_zh and description_zh.', [
      'en',
      'zh',
    ]),
    time_zone: field.text('Time zone of times in messages.', TIME_ZONE, 'UTC'),
    heartbeat_url_file: fileOf(
      'File with the URL to which heartbeats of Alertmanager (/heartbeat) are handed on: a service that calls somebody when they stay away. Or the variable ALERT_BRIDGE_HEARTBEAT_URL. They are withheld while the alerts of any route cannot be told.',
      '/run/secrets/heartbeat-url',
    ),
    robots: field.entries('Who is told.', ROBOT, ROBOT_LIMIT),
  },
)

export type AlertsConfig = field.ValueOf<typeof ALERTS>
