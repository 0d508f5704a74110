import { counter, type Family, gauge } from './metric.ts'

/** How many series there are. Nothing of an instance tells it: whoever renders them counts. */
export const SERIES = gauge('collector_series', 'Series of this exposition, number.', [], () => [])

/** The instance itself and its HTTP server. */
export const INSTANCE_FAMILY: Family = {
  title: 'Instance, disks and HTTP',
  doc: 'Told by the supervisor.',
  metrics: [
    gauge(
      'collector_build_info',
      'Always 1: the labels tell the name of the instance and the version of the program.',
      ['name', 'version'],
      ({ name, version }) => [[name, version, 1]],
    ),
    gauge(
      'collector_config_hash_info',
      'Always 1: the label tells which configuration is in effect.',
      ['hash'],
      ({ configHash }) => [[configHash, 1]],
    ),
    gauge(
      'collector_disk_free_bytes',
      'Room on the disk of a folder that this program may fill, bytes.',
      ['path'],
      ({ disks }) => disks.map(({ path, freeBytes }) => [path, freeBytes]),
    ),
    gauge('collector_disk_total_bytes', 'Size of the disk of a folder, bytes.', ['path'], ({ disks }) =>
      disks.map(({ path, totalBytes }) => [path, totalBytes]),
    ),
    counter(
      'collector_http_requests_total',
      'HTTP requests that were answered, number.',
      ['path', 'code'],
      ({ http }) => http.requests.map(({ path, code, count }) => [path, String(code), count]),
    ),
    counter(
      'collector_http_rejected_total',
      'HTTP connections and requests that were turned away, number.',
      ['reason'],
      ({ http }) => Object.entries(http.rejectedBy),
    ),
    SERIES,
  ],
}
