import { DiskError } from '../problems/disk-error.ts'
import { formatRules, type FormatName } from '../image/format-rules.ts'
import type { ParentImage } from '../image/parent-image.ts'
import { rulesOf, type WritableFormat } from './writable-formats.ts'
import type { WriteChoices } from '../image/image-choices.ts'

export interface WantedOverlay {
  readonly virtualSize: number
  readonly subformat?: string | null | undefined
  /** Bytes of the sectors that somebody asked for; null: nobody did. */
  readonly logicalSectorSize?: number | null | undefined
}

/** What is asked about the image below. */
export interface BelowOverlay {
  readonly format: FormatName
  /** Null: it does not say. */
  readonly virtualSize: number | null
  /** Null: it does not say. */
  readonly logicalSectorSize?: number | null | undefined
}

export interface OverlayFault {
  readonly id:
    | 'overlay-not-written'
    | 'overlay-kind'
    | 'overlay-format-differs'
    | 'overlay-size-differs'
    | 'overlay-sectors-differ'
  /** Half a sentence. */
  readonly reason: string
  readonly remedy: string
}

/** Why an image is not written in `format` as an overlay of `below`; null when it is. Plans and writers ask the same. */
export function overlayFault(
  format: WritableFormat,
  { virtualSize, subformat = null, logicalSectorSize = null }: WantedOverlay,
  below: BelowOverlay,
): OverlayFault | null {
  const { label } = formatRules[format]
  const { overlay } = rulesOf(format)
  if (!overlay)
    return {
      id: 'overlay-not-written',
      reason: `Varve does not write ${label} as an overlay of another image`,
      remedy: 'Take qcow2 for the overlay, or write the whole disk with varve convert.',
    }
  const { kinds, needsSameFormat, needsSameSize } = overlay
  if (subformat !== null && !kinds.includes(subformat))
    return {
      id: 'overlay-kind',
      reason: `a ${format} of the kind ${JSON.stringify(subformat)} is no overlay`,
      remedy:
        kinds.length === 0 ? 'Leave the kind out.' : `Take ${kinds.join(' or ')}, or leave the kind out.`,
    }
  if (needsSameFormat && below.format !== format)
    return {
      id: 'overlay-format-differs',
      reason: `a ${label} stands on ${label} images only, and the one below is ${formatRules[below.format].label}`,
      remedy: `Convert the image below to ${format} first, or take qcow2 for the overlay.`,
    }
  if (needsSameSize && below.virtualSize !== null && below.virtualSize !== virtualSize)
    return {
      id: 'overlay-size-differs',
      reason: `a ${label} has a disk as large as that of its parent, which has ${below.virtualSize} bytes, not ${virtualSize}`,
      remedy: 'Leave the size out, or write the whole disk with varve convert.',
    }
  const { logicalSectorSize: sectorsBelow = null } = below
  if (
    format === 'vhdx' &&
    logicalSectorSize !== null &&
    sectorsBelow !== null &&
    logicalSectorSize !== sectorsBelow
  )
    return {
      id: 'overlay-sectors-differ',
      reason: `the disk below has sectors of ${sectorsBelow} bytes, which its overlays have too, not ${logicalSectorSize}`,
      remedy: 'Leave the size of the sectors out, or write the whole disk with varve convert.',
    }
  return null
}

interface NewOverlay extends WantedOverlay {
  readonly choices?: WriteChoices | undefined
}

/** What a new overlay in `format` is to keep of its parent; null: it is none. Throws `refused` for what `overlayFault` says. */
export function parentOfNew(format: WritableFormat, wanted: NewOverlay): ParentImage | null {
  const { backing } = wanted.choices ?? {}
  if (!backing) return null
  const { parent } = backing
  const refuse = (reason: string, remedy: string) =>
    new DiskError('refused', { file: parent?.path ?? backing.name, reason, remedy })
  if (!parent) throw refuse('nothing is known of the image below', 'Name an image that can be read.')
  const { format: formatBelow, virtualSize } = parent.facts
  const fault = overlayFault(format, wanted, { format: formatBelow, virtualSize })
  if (fault) throw refuse(fault.reason, fault.remedy)
  return parent
}
