import { isMachineFolder } from '@varve/core/image/is-machine-folder'
import { promisedFormat, readFileEnds, recogniseFormat } from '@varve/core/image/detect-format'
import { formatRules, type FormatName } from '@varve/core/image/format-rules'
import type { ImageFiles } from '@varve/core/image/image-files'
import type { ImageReport } from '@varve/core/image/image-report'

const otherImageEndings = ['.iso']
const imageEndings = new Set([
  ...Object.values(formatRules).flatMap((rules) => rules.extensions as readonly string[]),
  ...otherImageEndings,
])

/**
 * What hypervisors keep beside a disk: change tracking, firmware variables, memory and saved states, descriptions of
 * machines and packages. Some of it has the size and now and then the bytes of a disk.
 */
const companionEndings = [
  '-ctk.vmdk',
  '.mrt',
  '.rct',
  '.nvram',
  '.vmem',
  '.vmss',
  '.vmsn',
  '.vmsd',
  '.vswp',
  '.vmx',
  '.vmxf',
  '.vmtx',
  '.vmcx',
  '.vmrs',
  '.vmgs',
  '.vsv',
  '.sav',
  '.mem',
  '.vbox',
  '.vbox-prev',
  '.pvs',
  '.ovf',
  '.mf',
  '.cert',
  '.log',
]

/** Smaller files without an image's name or marks are not looked at further. */
const smallestDisk = 32 * 1024
const sector = 512

/** True for the name of what belongs to a machine but is no disk. */
export function isCompanionName(name: string): boolean {
  const lower = name.toLowerCase()
  return companionEndings.some((ending) => lower.endsWith(ending))
}

/** True when the name alone says that it is meant as a disk image. */
export function hasImageName(name: string): boolean {
  if (isCompanionName(name)) return false
  const lower = name.toLowerCase()
  for (const ending of imageEndings) if (lower.endsWith(ending)) return true
  return false
}

/** The format that the name promises, else raw; for files that are not opened. */
export function formatByName(name: string): FormatName {
  return promisedFormat(name) ?? 'raw'
}

/**
 * Whether to inspect a file: `yes` for an image by name or by marks, `no` for what cannot be one, `if-disk` for a file
 * that is an image only when a partition table or a filesystem is found in it. What a companion's name says is not
 * believed against the header of an image format.
 */
export async function candidacy(
  files: ImageFiles,
  file: {
    readonly kind: 'file' | 'device' | 'bundle'
    readonly path: string
    readonly name: string
    readonly size: number
  },
): Promise<'yes' | 'no' | 'if-disk'> {
  if (file.kind !== 'file') return 'yes'
  if (hasImageName(file.name)) return file.size === 0 ? 'no' : 'yes'
  if (file.size < sector) return 'no'
  await using opened = await files.open(file.path)
  const ends = await readFileEnds(opened.source)
  const isCompanion = isCompanionName(file.name)
  const format = recogniseFormat(isCompanion ? { ...ends, tail: new Uint8Array() } : ends)
  // Its disks are images of their own.
  if (format !== null) return isMachineFolder(format) ? 'no' : 'yes'
  if (isCompanion) return 'no'
  return file.size >= smallestDisk && file.size % sector === 0 ? 'if-disk' : 'no'
}

/** True when something that only a disk has was found in it. */
export function holdsDisk({ guest }: ImageReport): boolean {
  if (guest === null) return false
  return guest.table.kind !== 'none' || guest.filesystems.length > 0 || guest.volumes.length > 0
}
