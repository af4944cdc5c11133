import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { baseName } from '../actions/path-words.ts'
import { blocking } from '../blocking.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { refused } from '../volumes/host-problems.ts'
import {
  copyProblems,
  findVolumeToResize,
  keptRemarks,
  sparseThen,
  wholeUnits,
  wholeUnitsRemark,
  type FoundVolume,
} from '../volumes/resized.ts'
import type { ResizeFacts } from './facts.ts'

/** The volume whose disk it is; null: it is a file, or a volume that is refused. */
export function volumeOfResize({ volume }: ResizeFacts): FoundVolume | null {
  if (volume === null) return null
  const found = findVolumeToResize(volume)
  return 'problem' in found ? null : found
}

/** The bytes that a disk gets for which so many are asked: a volume has whole extents or blocks. */
export function sizeThere(facts: ResizeFacts, asked: number): number {
  const found = volumeOfResize(facts)
  return found === null ? asked : wholeUnits(asked, found.unit)
}

/** What people call it: a file by its name alone. */
export function imageName({ image, volume }: ResizeFacts): string {
  return volume === null ? baseName(image.path) : image.path
}

const mib = 1024 ** 2

/** Bytes that are written at most into a copy that shares the others: what describes new room, or what is moved out of the end. */
function writtenIn({ size: before, used }: FoundVolume, size: number | null): number {
  const held = used ?? before
  if (size === null) return held
  if (size > before) return Math.ceil((size - before) / 50) + 16 * mib
  return Math.min(held, before - size) + 16 * mib
}

/** What speaks against another size of this volume, whatever is in it; `size`: null: not known yet. */
export function volumeProblems(facts: ResizeFacts, own: LinkFacts, size: number | null): Problem[] {
  const { volume, image, guest } = facts
  if (volume === null) return []
  const found = volumeOfResize(facts)
  const before = found?.size ?? own.virtualSize ?? 0
  const copying = {
    size: Math.max(before, size ?? before),
    written: found === null ? 0 : writtenIn(found, size),
  }
  const isOtherSectors = volume.sectorSize === 4096 && guest?.table.sectorSize === 512
  return [
    ...copyProblems(volume, copying),
    ...(own.format === 'raw' ? [] : [notRaw(image.path, own.format)]),
    ...(isOtherSectors && guest.table.kind !== 'none' ? [otherSectors(image.path)] : []),
  ]
}

/** That the volume is not the bytes of its disk. */
export function notRaw(file: string, format: string): Problem {
  return {
    ...refused(
      file,
      `it holds a disk as ${format}, and Varve changes volumes whose bytes are the disk`,
      `Write the disk raw into another volume (varve convert ${file} lvm:VG/LV), or the image into a file, and change that.`,
    ),
    layer: 'L2',
    message: `L2 ${quote(file)}: it holds a disk as ${format}, and Varve changes volumes whose bytes are the disk`,
  }
}

function otherSectors(file: string): Problem {
  return blocking(file, {
    id: 'sectors-not-resized',
    layer: 'L4',
    why: 'its partition table counts sectors of 512 bytes, and its device has sectors of 4096',
    remedy: 'Convert it into a file, and change that: varve convert.',
  })
}

/** What is to be known of a volume whose size changes. */
export function volumeRemarks(facts: ResizeFacts, asked: number | null): Problem[] {
  const found = volumeOfResize(facts)
  if (facts.volume === null || found === null) return []
  return [
    ...(asked === null ? [] : wholeUnitsRemark(facts.image.path, asked, found)),
    ...(asked === found.size ? sparseThen(facts.volume, found) : []),
    ...keptRemarks(facts.volume, found),
    ...(facts.guest?.table.kind === 'none' && facts.guest.filesystems.length > 0
      ? [sameUuids(facts.image.path)]
      : []),
  ]
}

/** Who mounts by UUID or label could get the one that is kept. */
export function sameUuids(file: string): Problem {
  return {
    id: 'uuid-twice',
    severity: 'info',
    layer: 'L6',
    file,
    message:
      'Its filesystem is there twice then, with the same UUID and label, as long as the original is kept.',
    remedy: `Where this host mounts it itself, let it do so by its name, not by UUID= or LABEL=.`,
  }
}
