import type { GuestRegion } from '../guest/guest-region.ts'
import { findInFolder } from './ntfs-folder.ts'
import { findAttribute, readFileRecord, type FileRecord } from './ntfs-records.ts'
import { readStream } from './ntfs-runs.ts'

const dataAttribute = 0x80

/** What looking at a session needs of its volume. */
export interface NtfsFiles {
  readonly clusterSize: number
  readonly recordSize: number
  /** The records of `$MFT` and of the root folder. */
  readonly fileTable: FileRecord
  readonly rootFolder: FileRecord
}

/** Whether `hiberfil.sys` in the root folder holds a session that Windows will resume; null when that cannot be told. */
export async function holdsSession(region: GuestRegion, files: NtfsFiles): Promise<boolean | null> {
  const { clusterSize, recordSize } = files
  const number = await findInFolder(region, files.rootFolder, { name: 'HIBERFIL.SYS', clusterSize })
  if (number === null) return false
  const table = findAttribute(files.fileTable, dataAttribute)
  if (table?.kind !== 'non-resident') return null
  const place = { at: number * recordSize, length: recordSize }
  const found = await readStream(region, { runs: table.runs, clusterSize }, place)
  const record = found && readFileRecord(found, 0, recordSize)
  const data = record && findAttribute(record, dataAttribute)
  if (!data) return null
  if (data.kind === 'resident') return isSession(data.value)
  const head = await readStream(region, { runs: data.runs, clusterSize }, { at: 0, length: 4 })
  return head ? isSession(head) : null
}

/** `HIBR` and, while resuming, `RSTR`; a session that was resumed is marked `WAKE` or wiped. */
function isSession(head: Uint8Array): boolean {
  const mark = String.fromCharCode(...head.subarray(0, 4)).toUpperCase()
  return mark === 'HIBR' || mark === 'RSTR'
}

const pageSize = 4096
const noClient = 0xffff
const volumeIsClean = 0x0002

/**
 * Whether the journal `$LogFile` must be replayed (Linux-NTFS documentation, "$LogFile"): the newer of its two restart
 * pages names a client at work and does not say that the volume is clean. Null when there is no restart page.
 */
export async function mustReplay(
  region: GuestRegion,
  journal: FileRecord,
  clusterSize: number,
): Promise<boolean | null> {
  const data = findAttribute(journal, dataAttribute)
  if (data?.kind !== 'non-resident') return null
  const pages = await readStream(region, { runs: data.runs, clusterSize }, { at: 0, length: 2 * pageSize })
  if (!pages) return null
  const areas = [0, pageSize].flatMap((at) => restartArea(pages.subarray(at, at + pageSize)) ?? [])
  const [newest] = areas.toSorted((a, b) => (a.sequence < b.sequence ? 1 : -1))
  return newest ? newest.isInUse && !newest.isClean : null
}

/** The first page alone says how large pages are; all that Windows writes have 4 KiB. */
function restartArea(page: Uint8Array) {
  if (String.fromCharCode(...page.subarray(0, 4)) !== 'RSTR') return null
  const view = new DataView(page.buffer, page.byteOffset, page.length)
  const at = view.getUint16(24, true)
  if (at < 30 || at + 16 > 510) return null
  return {
    sequence: view.getBigUint64(at, true),
    isInUse: view.getUint16(at + 12, true) !== noClient,
    isClean: (view.getUint16(at + 14, true) & volumeIsClean) !== 0,
  }
}
