import { bytes, u64le } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import { labelOf, signatureOf } from '../binary/text.ts'
import { formatGuid, isNil } from '../binary/uuid.ts'
import type { Partition } from '../guest/guest-contents.ts'
import { guestProblem } from '../guest/guest-problem.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { isDiskError } from '../problems/disk-error.ts'
import type { Problem } from '../problems/problem.ts'
import { checkPlacement } from './check-placement.ts'
import { readGptCopy, type GptCopy, type GptHeader } from './gpt-copy.ts'
import { gptTypeNames } from './gpt-types.ts'
import { readMbrSector, type MbrSector } from './mbr.ts'
import { maxPartitions, type TableScan } from './table-scan.ts'

/** UEFI 2.10 section 5.3.3, table "GPT partition entry". */
const gptEntry = struct('GPT entry', 128, {
  type: [0, bytes(16)],
  uuid: [16, bytes(16)],
  firstSector: [32, u64le],
  lastSector: [40, u64le], // inclusive
  attributes: [48, bytes(8)],
  name: [56, bytes(72)], // UTF-16LE
})

const sectorSizes = [512, 4096] as const
const legacyBootable = 0x04

type GoodCopy = Extract<GptCopy, { kind: 'good' }>

/** Both copies as far as they were found. */
interface Copies {
  readonly sectorSize: number
  readonly primary: GptCopy
  readonly backup: GptCopy
  /** Sector at which the backup was looked for. */
  readonly backupSector: number
}

/**
 * A GPT (UEFI 2.10 section 5.3) of 512- or 4096-byte sectors, announced by a protective MBR; or one without it where
 * sector 0 lists no partitions. A GPT left over under a newer MBR does not count.
 */
export async function readGpt(disk: GuestRegion): Promise<TableScan | null> {
  const mbr = await readMbrSector(disk)
  if (mbr && !mbr.isProtective) return null
  if (mbr === null && !(await hasSignature(disk))) return null
  const copies = await readCopies(disk)
  if (mbr === null && copies.primary.kind !== 'good') return null
  return describeCopies(disk, copies, mbr)
}

/** A GPT of which only the backup is left, for disks on which nothing else was found. */
export async function recoverGpt(disk: GuestRegion): Promise<TableScan | null> {
  const copies = await readCopies(disk)
  return copies.backup.kind === 'good' ? describeCopies(disk, copies, null) : null
}

async function hasSignature(disk: GuestRegion): Promise<boolean> {
  for (const sectorSize of sectorSizes) {
    const found = await disk.peek(sectorSize, 8)
    if (found && signatureOf(found, 0, 8) === 'EFI PART') return true
  }
  return false
}

async function readCopies(disk: GuestRegion): Promise<Copies> {
  let best: Copies | null = null
  for (const sectorSize of sectorSizes) {
    const copies = await readCopiesOf(disk, sectorSize)
    if (copies.primary.kind === 'good') return copies
    const isBetter = best === null || (best.backup.kind !== 'good' && copies.backup.kind === 'good')
    if (isBetter || (best?.primary.kind === 'absent' && copies.primary.kind === 'damaged')) best = copies
  }
  return best ?? (await readCopiesOf(disk, sectorSizes[0]))
}

async function readCopiesOf(disk: GuestRegion, sectorSize: number): Promise<Copies> {
  const primary = await readGptCopy(disk, { sectorSize, sector: 1 })
  const lastSector = Math.floor(disk.length / sectorSize) - 1
  const told = primary.kind === 'good' ? primary.header.otherSector : lastSector
  const backupSector = told > 1 && told <= lastSector ? told : lastSector
  const backup: GptCopy =
    backupSector > 1 ? await readGptCopy(disk, { sectorSize, sector: backupSector }) : { kind: 'absent' }
  return { sectorSize, primary, backup, backupSector }
}

function describeCopies(disk: GuestRegion, copies: Copies, mbr: MbrSector | null): TableScan {
  const { sectorSize, primary, backup } = copies
  const used = primary.kind === 'good' ? primary : backup.kind === 'good' ? backup : null
  if (used === null) return unreadable(disk, copies)
  const { partitions, problems: entryProblems } = readEntries(disk, used, sectorSize)
  const extra = (mbr?.entries ?? []).filter(({ type }) => type !== 0xee).length
  const problems = [
    ...(mbr === null ? [guestProblem('gpt-without-protective-mbr', disk.name, {})] : []),
    ...copyProblems(disk, copies),
    ...entryProblems,
    ...checkPlacement(partitions, disk),
  ]
  const notes = [copyNote(copies), ...(extra > 0 ? [`its MBR lists ${extra} of the partitions too`] : [])]
  return {
    table: {
      kind: extra > 0 ? 'hybrid' : 'gpt',
      sure: problems.some(({ severity }) => severity !== 'info') ? 'damaged' : 'consistent',
      sectorSize,
      id: formatGuid(used.header.diskGuid),
      partitions,
      notes,
    },
    problems,
  }
}

function unreadable(disk: GuestRegion, { sectorSize, primary, backup }: Copies): TableScan {
  const words = (copy: GptCopy) => (copy.kind === 'damaged' ? copy.reason : 'it is not there')
  const reason = `primary: ${words(primary)}; backup: ${words(backup)}`
  return {
    table: {
      kind: 'gpt',
      sure: 'damaged',
      sectorSize,
      id: null,
      partitions: [],
      notes: ['neither copy can be read'],
    },
    problems: [guestProblem('gpt-unreadable', disk.name, { reason })],
  }
}

function copyNote({ primary, backup }: Copies): string {
  if (primary.kind !== 'good') return 'the backup was used'
  if (backup.kind === 'good')
    return sameTable(primary, backup) ? 'both copies agree' : 'its two copies differ'
  return backup.kind === 'damaged' ? 'the backup is damaged' : 'the backup is missing'
}

function copyProblems(disk: GuestRegion, { sectorSize, primary, backup, backupSector }: Copies): Problem[] {
  const { name: file, length: diskSize } = disk
  if (primary.kind !== 'good') {
    const reason = primary.kind === 'damaged' ? primary.reason : 'it is not there'
    return [guestProblem('gpt-primary-damaged', file, { reason })]
  }
  const { otherSector } = primary.header
  const lastSector = Math.floor(diskSize / sectorSize) - 1
  if (otherSector > lastSector) {
    return [guestProblem('gpt-beyond-disk', file, { wanted: (otherSector + 1) * sectorSize, diskSize })]
  }
  const problems: Problem[] = []
  if (backup.kind === 'damaged')
    problems.push(guestProblem('gpt-backup-damaged', file, { reason: backup.reason }))
  if (backup.kind === 'absent') {
    problems.push(guestProblem('gpt-backup-damaged', file, { reason: 'it is not where the primary says' }))
  }
  if (backup.kind === 'good' && !sameTable(primary, backup)) {
    problems.push(guestProblem('gpt-copies-differ', file, {}))
  }
  if (backupSector < lastSector) {
    problems.push(guestProblem('gpt-backup-not-at-end', file, { at: backupSector * sectorSize, diskSize }))
  }
  return problems
}

/** The entries are covered by their checksum; the headers differ only in their places. */
function sameTable({ header: a }: GoodCopy, { header: b }: GoodCopy): boolean {
  const same: readonly (keyof GptHeader)[] = [
    'entriesCrc',
    'entryCount',
    'entrySize',
    'firstUsable',
    'lastUsable',
  ]
  return same.every((key) => a[key] === b[key]) && formatGuid(a.diskGuid) === formatGuid(b.diskGuid)
}

function readEntries(disk: GuestRegion, { header, entries }: GoodCopy, sectorSize: number) {
  const partitions: Partition[] = []
  const problems: Problem[] = []
  for (let slot = 0; slot < header.entryCount; slot += 1) {
    const at = slot * header.entrySize
    if (isNil(entries.subarray(at, at + 16))) continue
    const index = slot + 1
    if (partitions.length === maxPartitions) {
      problems.push(guestProblem('too-many-partitions', disk.name, { limit: maxPartitions }))
      break
    }
    const found = readEntry(entries, at, { index, sectorSize, file: disk.name })
    if (typeof found !== 'string') partitions.push(found)
    else if (problems.length < 16) {
      problems.push(guestProblem('partition-unreadable', disk.name, { index, reason: found }))
    }
  }
  return { partitions, problems }
}

/** The partition of the entry at byte `at`, or why there is none. */
function readEntry(
  entries: Uint8Array,
  at: number,
  { index, sectorSize, file }: { readonly index: number; readonly sectorSize: number; readonly file: string },
): Partition | string {
  try {
    const { type, uuid, firstSector, lastSector, attributes, name } = gptEntry.read(entries, file, at)
    if (lastSector < firstSector) return `it ends at sector ${lastSector}, before its start at ${firstSector}`
    if (!Number.isSafeInteger((lastSector + 1) * sectorSize)) return `its last sector is ${lastSector}`
    const guid = formatGuid(type)
    return {
      index,
      start: firstSector * sectorSize,
      length: (lastSector - firstSector + 1) * sectorSize,
      type: guid,
      typeName: gptTypeNames[guid] ?? 'Unknown type',
      name: labelOf(name, 'utf-16le'),
      uuid: formatGuid(uuid),
      bootable: ((attributes[0] ?? 0) & legacyBootable) !== 0,
      role: 'primary',
    }
  } catch (error) {
    if (isDiskError(error, 'limit-exceeded')) return 'a sector number is impossible'
    throw error
  }
}
