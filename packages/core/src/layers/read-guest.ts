import type { DiskReader, ReadOptions } from '../formats/disk-reader.ts'
import { filesystemFinding } from '../filesystems/filesystem-finding.ts'
import { filesystemTable } from '../filesystems/filesystem-table.ts'
import { readPartitionTable } from '../partitions/partition-table.ts'
import { isDiskError } from '../problems/disk-error.ts'
import type { LayerNumber } from '../problems/layer-number.ts'
import type { Problem } from '../problems/problem.ts'
import type { VolumeScan } from '../volumes/volume-finding.ts'
import { volumeTable } from '../volumes/volume-table.ts'
import type { FilesystemFinding, GuestContents, PartitionTable, VolumeFinding } from './guest-contents.ts'
import { filesystemName, isEncrypted, volumeName } from './guest-names.ts'
import { guestProblem } from './guest-problem.ts'
import { GuestDisk, type GuestRegion } from './guest-region.ts'

/** Findings that a report carries at most, of each kind. */
const maxFindings = 1024
/** Volumes inside volumes, such as LUKS on LVM on RAID. */
const maxDepth = 4

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
  return new GuestScan(new GuestDisk(disk, options)).run()
}

/** One look at one disk: collects what is found on the way. */
class GuestScan {
  readonly #disk: GuestDisk
  readonly #volumes: VolumeFinding[] = []
  readonly #filesystems: FilesystemFinding[] = []
  readonly #problems: Problem[] = []

  constructor(disk: GuestDisk) {
    this.#disk = disk
  }

  async run(): Promise<GuestContents> {
    const whole = this.#disk.whole()
    const table = await this.#readTable(whole)
    if (table.kind === 'none') await this.#look(whole, 0)
    for (const { start, length, role } of table.partitions) {
      if (role !== 'extended') await this.#look(this.#disk.region([{ start, length }]), 0)
    }
    return {
      table,
      volumes: this.#volumes.slice(0, maxFindings),
      filesystems: this.#filesystems.slice(0, maxFindings),
      problems: this.#problems.slice(0, maxFindings),
    }
  }

  async #readTable(whole: GuestRegion): Promise<PartitionTable> {
    const scan = await this.#guarded('L4', whole, async () => {
      await this.#disk.rememberHead(whole)
      return readPartitionTable(whole)
    })
    this.#problems.push(...(scan?.problems ?? []))
    return scan?.table ?? noTable
  }

  /** Looks for a volume, else for a filesystem, at the start of `region`. */
  async #look(region: GuestRegion, depth: number): Promise<void> {
    if (region.length === 0 || depth > maxDepth) return
    await this.#guarded('L6', region, () => this.#disk.rememberHead(region))
    const scan = await this.#findVolume(region)
    if (scan) {
      this.#addVolume(scan)
      for (const { runs } of scan.inner) await this.#look(this.#disk.region(runs), depth + 1)
      return
    }
    const filesystem = await this.#findFilesystem(region)
    if (filesystem) this.#addFilesystem(filesystem)
  }

  async #findVolume(region: GuestRegion): Promise<VolumeScan | null> {
    for (const { recognise } of volumeTable) {
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
        return filesystemFinding(region, { type, sure: 'damaged', notes: [error.message] })
      }
    }
    return null
  }

  #addVolume({ volume, problems }: VolumeScan): void {
    this.#volumes.push(volume)
    this.#problems.push(...problems)
    if (isEncrypted(volume.type))
      this.#add('volume-encrypted', { type: volumeName(volume.type), start: volume.start })
  }

  #addFilesystem(filesystem: FilesystemFinding): void {
    this.#filesystems.push(filesystem)
    const { start, length, size, label, sure, state, notes } = filesystem
    const type = filesystemName(filesystem.type)
    if (state === 'dirty') this.#add('filesystem-dirty', { type, label, start })
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
      const { message: reason, remedy } = error
      if (!this.#problems.some((problem) => problem.id === 'guest-not-readable' && problem.layer === layer)) {
        this.#add('guest-not-readable', { layer, start: region.start, reason, remedy })
      }
      return null
    }
  }
}
