import type { Config } from '../../config/schema.ts'
import { journalFolders } from '../../config/selection.ts'
import type { VenuePlan } from '../plan.ts'
import { size } from '../screen.ts'
import { type Finding, fault, milliseconds, ok, warning } from './check.ts'
import type { FolderProbe } from './folder-probe.ts'

/** A folder that records go to, and what a day of them takes. */
export interface Store {
  readonly name: 'journal' | 'parquet' | 'capture'
  readonly folder: string
  /** Where its files are, where that is not the folder itself. */
  readonly parts?: readonly string[]
  readonly bytesADay: number
}

/** Segments of the journal become Parquet files of a tenth of their size. */
const PARQUET_SHARE = 0.1
/** Captures of 2024: 158 MB of frames became 19 MB. */
const PACKED_SHARE = 0.12
/** A store grows until somebody makes room: with less than this, somebody should. */
const DAYS_MIN = 7
/** With less room than this a store can take nothing more. */
const ROOM_MIN_BYTES = 64 * 1024 * 1024
/** Half of what may pass between two of them (`journal.fsync_ms`): beyond it the disk holds the journal up. */
const FSYNC_MS = 100
const HOURS_A_DAY = 24

/** The folders that a configuration writes to. */
export function storesOf(config: Config, plans: readonly VenuePlan[]): readonly Store[] {
  const { journal, sinks, capture } = config
  const total = (bytesOf: (plan: VenuePlan) => number): number =>
    plans.reduce((sum, plan) => sum + bytesOf(plan), 0)
  const journalADay = total((plan) => plan.journal_bytes_a_day)
  const packed = capture.compression === 'none' ? 1 : PACKED_SHARE
  const captureADay = total((plan) => plan.received_bytes_a_day) * packed
  return [
    { name: 'journal', folder: journal.folder, parts: journalFolders(config), bytesADay: journalADay },
    ...(sinks.parquet.enabled
      ? [{ name: 'parquet', folder: sinks.parquet.folder, bytesADay: journalADay * PARQUET_SHARE } as const]
      : []),
    ...(capture.enabled
      ? [{ name: 'capture', folder: capture.folder, bytesADay: captureADay } as const]
      : []),
  ]
}

type Writable = Extract<FolderProbe, { readonly name: 'writable' }>

/** What the journal may still take of its disk, and leaves free there in any case. */
interface Reserved {
  readonly device: number
  readonly bytes: number
}

/** A finding for each store, in their order. */
export function judgeStores(
  probes: readonly { readonly store: Store; readonly probe: FolderProbe }[],
  { journal }: Config,
): readonly { readonly store: Store; readonly finding: Finding }[] {
  const reserved = probes.flatMap(({ store, probe }) =>
    store.name === 'journal' && probe.name === 'writable'
      ? [{ device: probe.device, bytes: journal.freeBytes + journalNeed(store, journal) - probe.storedBytes }]
      : [],
  )
  return probes.map(({ store, probe }) => {
    if (probe.name === 'broken') return { store, finding: judgeBroken(store, probe.reason) }
    const finding =
      store.name === 'journal' ? judgeJournal(store, probe, journal) : judgeStore(store, probe, reserved)
    return { store, finding: withDisk(finding, probe) }
  })
}

function judgeBroken({ name, folder }: Store, reason: string): Finding {
  const key = name === 'parquet' ? 'sinks.parquet.folder' : `${name}.folder`
  return fault(`${folder} cannot be written to: ${reason}`, `give this user the right to it, or set ${key}`)
}

/** The most that the journal holds: what comes in the hours that it keeps, or its limit. */
const journalNeed = ({ bytesADay }: Store, journal: Config['journal']): number =>
  Math.min(journal.limitBytes, (bytesADay * journal.keepHours) / HOURS_A_DAY)

function judgeJournal(store: Store, probe: Writable, journal: Config['journal']): Finding {
  const { freeBytes, storedBytes } = probe
  const need = journalNeed(store, journal)
  const figures = `${roomText(probe)}, about ${size(store.bytesADay)} a day, ${size(need)} kept`
  if (freeBytes < journal.freeBytes) {
    const text = `${figures}: less than free_bytes, ${size(journal.freeBytes)}`
    return fault(text, 'make room: the journal drops its oldest segments, also those that no sink has read')
  }
  const room = freeBytes - journal.freeBytes + storedBytes
  if (room >= need) return ok(figures)
  const hours = (room / store.bytesADay) * HOURS_A_DAY
  return warning(
    `${figures}: room for ${hours.toFixed(1)} hours`,
    'make room, or lower journal.keep_hours or journal.limit_bytes: a sink that is down for longer loses records',
  )
}

function judgeStore(store: Store, probe: Writable, reserved: readonly Reserved[]): Finding {
  const taken = reserved.filter(({ device }) => device === probe.device)
  const room = probe.freeBytes - taken.reduce((sum, { bytes }) => sum + Math.max(0, bytes), 0)
  const days = Math.max(0, room / store.bytesADay)
  const lasts = days > 999 ? 'years' : `${days.toFixed(days < 10 ? 1 : 0)} days`
  const text = `${roomText(probe)}, about ${size(store.bytesADay)} a day: lasts ${lasts}`
  const advice = 'make room or use a larger disk: nothing is ever removed from this store by itself'
  if (probe.freeBytes < ROOM_MIN_BYTES) return fault(text, advice)
  return days < DAYS_MIN ? warning(text, advice) : ok(text)
}

const roomText = ({ path, isMissing, freeBytes, totalBytes }: Writable): string =>
  `${isMissing ? 'to be made below ' : ''}${path}: ${size(freeBytes)} of ${size(totalBytes)} free`

/** A slow disk is told where nothing worse is. */
function withDisk(finding: Finding, { fsyncMs }: Writable): Finding {
  const text = `${finding.text}; fsync ${milliseconds(fsyncMs)}`
  if (finding.result === 'ok' && fsyncMs > FSYNC_MS) {
    return warning(text, 'a slow or busy disk: a local one, or one that nothing else uses, is better')
  }
  return { ...finding, text }
}
