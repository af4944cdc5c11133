import type { DiskReader, ReadOptions } from '../disk/disk-reader.ts'
import { filesystemFinding } from '../filesystems/filesystem-finding.ts'
import { filesystemTable } from '../filesystems/filesystem-table.ts'
import { recognise as recogniseDisc } from '../filesystems/iso9660.ts'
import { readWideMbr } from '../partitions/mbr.ts'
import { recoverGpt } from '../partitions/gpt.ts'
import { readPartitionTable } from '../partitions/partition-table.ts'
import type { ReadTable } from '../partitions/table-scan.ts'
import { isDiskError, type DiskError } from '../problems/disk-error.ts'
import type { LayerNumber } from '../problems/layer-number.ts'
import type { Problem } from '../problems/problem.ts'
import type { VolumeScan } from '../volumes/volume-finding.ts'
import { closedVolume, volumeFinding } from '../volumes/volume-finding.ts'
import { readLdm } from '../volumes/ldm.ts'
import { recognise as recogniseStorageSpaces } from '../volumes/storage-spaces.ts'
import { recogniseAtEnd as recogniseRaidAtEnd } from '../volumes/mdraid.ts'
import { volumeByPartitionType, volumeTable } from '../volumes/volume-table.ts'
import type {
  FilesystemFinding,
  GuestContents,
  Partition,
  PartitionTable,
  VolumeFinding,
} from '../guest/guest-contents.ts'
import { filesystemName, isEncrypted, volumeName } from '../guest/guest-names.ts'
import { guestProblem } from '../guest/guest-problem.ts'
import { innermostPartitions } from '../guest/partition-names.ts'
import { GuestDisk, type GuestRegion } from '../guest/guest-region.ts'

/** Findings that a report carries at most, of each kind. */
const maxFindings = 1024
const maxProblems = 500
/** Regions and volumes that are looked at: a hostile disk may nest volumes in themselves. */
const maxLooks = 2048
const maxVolumes = 128
/** Volumes inside volumes, such as LUKS on LVM on RAID. */
const maxDepth = 4
/** Bytes behind a filesystem from which a RAID superblock fits there. */
const roomForRaid = 8 * 1024

const noTable: PartitionTable = {
  kind: 'none',
  sure: 'consistent',
  sectorSize: 512,
  id: null,
  partitions: [],
  notes: [],
}

/**
 * L4 to L6 of a disk. Never throws for what the disk holds: each contradiction becomes a problem. Reads the tables and
 * superblocks, and bitmaps up to stated limits; throws only when `signal` says so.
 */
export async function readGuestContents(disk: DiskReader, options: ReadOptions = {}): Promise<GuestContents> {
  return (await scanGuest(disk, options)).contents
}

/** A volume, and where its bytes lie. */
export interface VolumeSite {
  readonly volume: VolumeFinding
  readonly region: GuestRegion
}

/** A filesystem, where its bytes lie, and the volumes that it lies in, the outermost first. */
export interface FilesystemSite {
  readonly filesystem: FilesystemFinding
  readonly region: GuestRegion
  readonly within: readonly Enclosing[]
}

export interface Enclosing {
  readonly volume: VolumeFinding
  /** A snapshot of what lies in it needs bytes that it calls free. */
  readonly isShared: boolean
}

export interface GuestScanned {
  readonly contents: GuestContents
  readonly volumes: readonly VolumeSite[]
  readonly filesystems: readonly FilesystemSite[]
}

export interface ScanOptions extends ReadOptions {
  /** Bytes that are read at most. */
  readonly readLimit?: number
}

/** As `readGuestContents`, with the places of what was found, which can be read further. */
export async function scanGuest(disk: DiskReader, options: ScanOptions = {}): Promise<GuestScanned> {
  return new GuestScan(new GuestDisk(disk, options)).run()
}

/** One look at one disk: collects what is found on the way. */
class GuestScan {
  readonly #disk: GuestDisk
  readonly #volumes: VolumeSite[] = []
  readonly #filesystems: FilesystemSite[] = []
  readonly #problems: Problem[] = []
  #looks = 0

  constructor(disk: GuestDisk) {
    this.#disk = disk
  }

  async run(): Promise<GuestScanned> {
    const whole = this.#disk.whole()
    let table = await this.#readTable(whole, readPartitionTable)
    if (table.kind === 'none') {
      await this.#look(whole, [])
      const isBlank = this.#volumes.length === 0 && this.#filesystems.length === 0
      if (isBlank) table = await this.#readTable(whole, recoverGpt)
    }
    for (const partition of innermostPartitions(table.partitions)) await this.#lookIn(partition)
    if (table.kind === 'mbr') table = (await this.#lookWithWideSectors(whole)) ?? table
    if (table.kind !== 'none') await this.#lookForDisc(whole)
    const contents = {
      table,
      volumes: this.#volumes.slice(0, maxFindings).map(({ volume }) => volume),
      filesystems: this.#filesystems.slice(0, maxFindings).map(({ filesystem }) => filesystem),
      problems: this.#problems.slice(0, maxProblems),
    }
    return { contents, volumes: this.#volumes, filesystems: this.#filesystems }
  }

  /** An MBR does not say how large its sectors are: where nothing is found with 512 bytes, 4,096 are tried. */
  async #lookWithWideSectors(whole: GuestRegion): Promise<PartitionTable | null> {
    if (this.#volumes.length > 0 || this.#filesystems.length > 0) return null
    const before = this.#problems.splice(0)
    const table = await this.#readTable(whole, readWideMbr)
    for (const partition of innermostPartitions(table.partitions)) await this.#lookIn(partition)
    if (this.#volumes.length > 0 || this.#filesystems.length > 0) return table
    this.#problems.splice(0, Infinity, ...before)
    return null
  }

  async #readTable(whole: GuestRegion, read: ReadTable): Promise<PartitionTable> {
    const scan = await this.#guarded('L4', whole, async () => {
      await this.#disk.rememberHead(whole)
      return read(whole)
    })
    this.#problems.push(...(scan?.problems ?? []))
    return scan?.table ?? noTable
  }

  async #lookIn({ start, length, type }: Partition): Promise<void> {
    const region = this.#disk.region([{ start, length }])
    const told = volumeByPartitionType[type]
    if (told === undefined) return this.#look(region, [])
    const seen = await this.#guarded('L5', region, () => this.#readTold(told, region))
    this.#addVolume(seen ?? closedVolume(volumeFinding(region, { type: told, sure: 'signature' })), region)
  }

  /** What a volume whose partition names its type says about itself; null when it says nothing. */
  async #readTold(type: VolumeFinding['type'], region: GuestRegion): Promise<VolumeScan | null> {
    if (type === 'storage-spaces') return recogniseStorageSpaces(region)
    const dynamic = type === 'ldm' ? await readLdm(region, this.#disk.whole()) : null
    return dynamic && closedVolume(dynamic)
  }

  /** Bootable discs carry a partition table too, for starting from a stick: the disc's filesystem begins at the disk's start. */
  async #lookForDisc(whole: GuestRegion): Promise<void> {
    if (this.#filesystems.some(({ filesystem }) => filesystem.start === 0)) return
    const disc = await this.#guarded('L6', whole, () => recogniseDisc(whole))
    if (disc) this.#addFilesystem({ filesystem: disc, region: whole, within: [] })
  }

  /** Looks for a volume, else for a filesystem, at the start of `region`. */
  async #look(region: GuestRegion, within: readonly Enclosing[]): Promise<void> {
    this.#looks += 1
    if (region.length === 0) return
    if (within.length > maxDepth || this.#looks > maxLooks) return this.#reportNesting(maxLooks)
    // Every signature lies in the head: where that can be read, a later failure has a known filesystem at fault.
    const isReadable = await this.#guarded('L6', region, async () => {
      await this.#disk.rememberHead(region)
      return true
    })
    if (isReadable === null) return
    const scan = await this.#findVolume(region)
    if (scan) return this.#lookInside(scan, region, within)
    const filesystem = await this.#findFilesystem(region)
    const room = filesystem ? region.length - (filesystem.size ?? region.length) : region.length
    const mirror =
      room >= roomForRaid ? await this.#guarded('L5', region, () => recogniseRaidAtEnd(region)) : null
    if (mirror) return this.#lookInside(mirror, region, within)
    if (filesystem) this.#addFilesystem({ filesystem, region, within })
  }

  async #lookInside(scan: VolumeScan, region: GuestRegion, within: readonly Enclosing[]): Promise<void> {
    this.#addVolume(scan, region)
    const { volume, filesystem } = scan
    if (filesystem)
      this.#addFilesystem({ filesystem, region, within: [...within, { volume, isShared: false }] })
    for (const { runs, isShared = false } of scan.inner)
      await this.#look(this.#disk.region(runs), [...within, { volume, isShared }])
  }

  async #findVolume(region: GuestRegion): Promise<VolumeScan | null> {
    if (this.#volumes.length >= maxVolumes) {
      this.#reportNesting(maxVolumes)
      return null
    }
    for (const recognise of volumeTable) {
      const scan = await this.#guarded('L5', region, () => recognise(region))
      if (scan) return scan
    }
    return null
  }

  async #findFilesystem(region: GuestRegion): Promise<FilesystemFinding | null> {
    for (const { type, recognise } of filesystemTable) {
      try {
        const finding = await recognise(region)
        if (finding) return finding
      } catch (error) {
        if (!isDiskError(error)) throw error
        if (isDiskError(error, 'truncated') || isDiskError(error, 'limit-exceeded')) {
          return filesystemFinding(region, { type, sure: 'damaged', notes: [error.message] })
        }
        this.#reportUnreadable('L6', region, error)
        return filesystemFinding(region, { type, sure: 'signature', notes: ['it could not be read further'] })
      }
    }
    return null
  }

  #addVolume({ volume, problems }: VolumeScan, region: GuestRegion): void {
    this.#volumes.push({ volume, region })
    this.#problems.push(...problems)
    if (isEncrypted(volume.type))
      this.#add('volume-encrypted', { type: volumeName(volume.type), start: volume.start })
  }

  #addFilesystem(site: FilesystemSite): void {
    this.#filesystems.push(site)
    const { filesystem } = site
    const { start, length, size, label, sure, state, notes } = filesystem
    const type = filesystemName(filesystem.type)
    if (state === 'dirty') this.#add('filesystem-dirty', { type, label, start })
    if (filesystem.isHibernated === true) this.#add('filesystem-hibernated', { type, label, start })
    if (sure === 'damaged') {
      this.#add('filesystem-damaged', { type, start, reason: notes[0] ?? 'its numbers do not add up' })
    }
    if (size !== null && size > length) this.#add('filesystem-larger-than-partition', { type, size, length })
  }

  #add<I extends Parameters<typeof guestProblem>[0]>(
    id: I,
    details: Parameters<typeof guestProblem<I>>[2],
  ): void {
    this.#problems.push(guestProblem(id, this.#disk.name, details))
  }

  /** What `look` finds; null with a problem when a part of the disk cannot be read. */
  async #guarded<T>(layer: LayerNumber, region: GuestRegion, look: () => Promise<T>): Promise<T | null> {
    try {
      return await look()
    } catch (error) {
      if (!isDiskError(error)) throw error
      this.#reportUnreadable(layer, region, error)
      return null
    }
  }

  #reportNesting(limit: number): void {
    const isReported = this.#problems.some(({ id }) => id === 'guest-too-nested')
    if (!isReported) this.#add('guest-too-nested', { limit })
  }

  /** Once per layer: the same fault would come with every structure. */
  #reportUnreadable(
    layer: LayerNumber,
    { start }: GuestRegion,
    { message: reason, remedy }: DiskError,
  ): void {
    if (this.#problems.some((problem) => problem.id === 'guest-not-readable' && problem.layer === layer))
      return
    this.#add('guest-not-readable', { layer, start, reason, remedy })
  }
}
