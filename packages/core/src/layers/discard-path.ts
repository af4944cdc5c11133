import type { LayerNumber } from '../problems/layer-number.ts'
import type { FormatName } from '../image/format-rules.ts'
import type { HostPlace } from '../image/image-files.ts'
import type { GuestContents } from '../guest/guest-contents.ts'
import { isEncrypted, volumeName } from '../guest/guest-names.ts'
import type { VolumeHolder } from './volume-holder.ts'

/** A layer at which discards of the guest are lost, or may be, as far as the disk can tell. */
export interface LostDiscard {
  readonly layer: LayerNumber
  readonly what: string
  readonly reason: string
  readonly remedy: string
}

interface Container {
  readonly format: FormatName
  readonly subformat: string | null
  /** Every byte of the disk has its place in the file. */
  readonly isFixed: boolean
  readonly guest: GuestContents
  readonly place: HostPlace
  readonly snapshots: number
  readonly isOverlay: boolean
  /** What gives it its blocks, where it is a volume. */
  readonly holder: VolumeHolder | null
}

const toDynamic = (format: string) =>
  `Convert it to a kind that grows (varve convert -O ${format}), or to qcow2.`

/** Why no discard ends in a hole: from the guest's volumes down to the host's filesystem. */
export function lostDiscards(container: Container): LostDiscard[] {
  return [...inVolumes(container.guest), ...inContainer(container), ...onHost(container)]
}

function inVolumes({ volumes }: GuestContents): LostDiscard[] {
  const kinds = [...new Set(volumes.map(({ type }) => type))]
  return kinds.flatMap((type): LostDiscard[] => {
    const what = volumeName(type)
    if (type === 'bitlocker') return []
    if (isEncrypted(type))
      return [
        {
          layer: 'L5',
          what,
          reason:
            'discards are lost in it unless the guest allows them: it is opened without them by default',
          remedy:
            "Put discard into the guest's /etc/crypttab (cryptsetup --allow-discards), then run fstrim.",
        },
      ]
    if (type === 'mdraid')
      return [
        {
          layer: 'L5',
          what,
          reason: 'it passes discards on only where all its disks take them',
          remedy: 'Turn on discard for every disk of it.',
        },
      ]
    return []
  })
}

const cannotUnmap: { readonly [Format in FormatName]?: string } = {
  vhd: 'a VHD has no way to say that a block is in no use any more',
  parallels: 'Parallels images give blocks back only when they are compacted',
  udif: 'a disk image of this kind is read only',
}

function inContainer({ format, subformat, isFixed, snapshots, isOverlay }: Container): LostDiscard[] {
  const what = subformat === null ? format : `${format} ${subformat}`
  const lost: LostDiscard[] = []
  const add = (reason: string, remedy: string) => lost.push({ layer: 'L2', what, reason, remedy })
  if (isFixed && format !== 'raw')
    add('every block of the disk has its place in the file, whether it is used or not', toDynamic(format))
  else if (subformat === 'streamOptimized')
    add(
      'it is written once, from beginning to end, and takes no discards',
      toDynamic('vmdk --subformat monolithicSparse'),
    )
  else if (cannotUnmap[format] !== undefined)
    add(cannotUnmap[format], 'varve reclaim gives them back; so does a convert to qcow2.')
  if (snapshots > 0)
    add(
      'what an internal snapshot needs is kept, whatever the guest discards',
      'Delete the snapshots that nobody needs.',
    )
  if (isOverlay)
    add(
      'what its parent holds stays there: a discard only hides it',
      'Flatten it (varve chain flatten) and reclaim it then.',
    )
  return lost
}

/** Filesystems on which a file has no holes. */
const withoutHoles: ReadonlySet<string> = new Set([
  'vfat',
  'msdos',
  'exfat',
  'fat32',
  'fat',
  'hfs',
  'hfsplus',
])

function onHost({ place, holder }: Container): LostDiscard[] {
  if (holder?.kind === 'fixed')
    return [
      {
        layer: 'L1',
        what: 'block device',
        reason: 'all of its blocks are its own, written or not: a discard reaches the disk below at most',
        remedy:
          'Copy it into a thin volume (varve convert SOURCE lvm:VG/LV --thin-pool POOL) or into a file with holes.',
      },
    ]
  const { filesystem } = place
  if (filesystem === null || !withoutHoles.has(filesystem.toLowerCase())) return []
  return [
    {
      layer: 'L1',
      what: filesystem,
      reason:
        'its files have no holes: what the container does not use is given back only where the file becomes shorter',
      remedy: 'Move the image to a filesystem with sparse files (varve move).',
    },
  ]
}
