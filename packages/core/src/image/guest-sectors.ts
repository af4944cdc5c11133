import { formatRules, type FormatName } from './format-rules.ts'
import type { ImageFacts } from './image-facts.ts'
import type { LogicalSectorSize } from './image-choices.ts'
import type { GuestContents } from '../guest/guest-contents.ts'

/** The sectors that a guest was set up with, and how that is known. */
export interface GuestSectors {
  readonly size: LogicalSectorSize
  /** As a clause: `its GPT counts in them`. */
  readonly because: string
}

/** How a format says the size of sectors: always 512, in the image (VHDX), or not at all, so that the machine decides. */
export type SectorRule = 512 | 'told' | 'open'

const sectorRules: Readonly<Partial<Record<FormatName, SectorRule>>> = {
  vhdx: 'told',
  vmdk: 512,
  vhd: 512,
  vdi: 512,
  ova: 512,
  parallels: 512,
  pvm: 512,
  utm: 512,
}

export function sectorRuleOf(format: FormatName): SectorRule {
  return sectorRules[format] ?? 'open'
}

const tableWords: Readonly<Record<string, string>> = { gpt: 'GPT', hybrid: 'GPT', mbr: 'MBR' }

/** What the guest's tables say, else its filesystem, else the image; null when nothing says it. */
export function guestSectors({
  guest,
  details,
}: {
  readonly guest: GuestContents | null
  readonly details: ImageFacts['details']
}): GuestSectors | null {
  const table = guest?.table
  if (table && table.kind !== 'none') {
    const word = tableWords[table.kind] ?? 'partition table'
    return ofSize(table.sectorSize, `its ${word} counts in them`)
  }
  const filesystem = guest?.filesystems.find(
    ({ start, sectorSize }) => start === 0 && sectorSize !== undefined,
  )
  const found = ofSize(filesystem?.sectorSize ?? 0, 'its filesystem was made for them')
  return found ?? ofSize(sectorsOfImage(details) ?? 0, 'its image says so')
}

/** The size of sectors that the image itself says, or null. */
export function sectorsOfImage({ logicalSectorSize }: ImageFacts['details']): LogicalSectorSize | null {
  return logicalSectorSize === 512 || logicalSectorSize === 4096 ? logicalSectorSize : null
}

function ofSize(size: number, because: string): GuestSectors | null {
  return size === 512 || size === 4096 ? { size, because } : null
}

/** Why a guest of 4,096-byte sectors does not start from an image of that format, and what to do; null when it does. */
export function sectorsLostIn(
  format: FormatName,
  { because }: Pick<GuestSectors, 'because'>,
): { readonly message: string; readonly remedy: string } | null {
  const rule = sectorRuleOf(format)
  if (rule === 'told') return null
  const guest = `the guest uses sectors of 4,096 bytes (${because})`
  const { label } = formatRules[format]
  if (rule === 512)
    return {
      message: `${guest}, but ${label} images have sectors of 512: the guest will not find its partitions`,
      remedy:
        'Choose VHDX, which keeps 4,096; or raw or qcow2, attached with logical sectors of 4,096 bytes.',
    }
  return {
    message: `${guest}, and ${label} does not say that: where the disk is attached with sectors of 512 bytes, as is usual, the guest will not find its partitions`,
    remedy:
      'Attach it with logical sectors of 4,096 bytes (QEMU: logical_block_size=4096,physical_block_size=4096), or choose VHDX, which keeps them.',
  }
}

/** What is to be said of the guest's sectors when its disk becomes an image of another format. */
export interface SectorFinding {
  readonly id: string
  readonly message: string
  readonly remedy: string
  /** The new image says what the guest uses; that only has to be known. */
  readonly isKept: boolean
}

/** What the new image will not say of the guest's sectors, or says so that not everybody opens it; null when nothing is to be said. */
export function sectorsInTarget(
  report: Parameters<typeof guestSectors>[0],
  { format, told = 512 }: { readonly format: FormatName; readonly told?: LogicalSectorSize | undefined },
): SectorFinding | null {
  const sectors = guestSectors(report)
  if (sectors === null) return null
  const { size, because } = sectors
  if (sectorRuleOf(format) !== 'told') {
    const lost = size === 4096 ? sectorsLostIn(format, sectors) : null
    return lost && { id: 'guest-sectors-4096', ...lost, isKept: false }
  }
  if (told === size)
    return size === 512
      ? null
      : {
          id: 'guest-sectors-kept',
          message: `the new image says sectors of 4,096 bytes, which its guest uses (${because})`,
          remedy:
            'Hyper-V opens it. QEMU opens no VHDX with such sectors: for QEMU choose raw or qcow2 and attach it with logical sectors of 4,096 bytes.',
          isKept: true,
        }
  return {
    id: `guest-sectors-${size}`,
    message: `the guest uses sectors of ${size} bytes (${because}), the new image says ${told}: the guest will not find its partitions`,
    remedy: `Choose --option logical_sector_size=${size}${size === 4096 ? ' for a disk of whole sectors' : ''}.`,
    isKept: false,
  }
}
