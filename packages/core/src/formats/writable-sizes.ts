import { DiskError } from '../problems/disk-error.ts'
import { formatRules } from '../image/format-rules.ts'
import { rulesOf, type WritableFormat } from './writable-formats.ts'
import type { WriteChoices } from '../image/image-choices.ts'

export interface SizeOfKind {
  readonly virtualSize: number
  readonly subformat?: string | null | undefined
  readonly choices?: Pick<WriteChoices, 'logicalSectorSize'> | undefined
}

/** Why a disk of this size is not written in `format`, as half a sentence; null when it is. Plans and writers ask the same. */
export function sizeFault(
  format: WritableFormat,
  { virtualSize, subformat, choices }: SizeOfKind,
): string | null {
  const { sizes: rules } = rulesOf(format)
  const { least, most, why } = { ...rules, ...rules.kinds?.[subformat ?? ''] }
  const sector = (format === 'vhdx' ? choices?.logicalSectorSize : undefined) ?? rules.sector
  if (!Number.isSafeInteger(virtualSize) || virtualSize < 0)
    return 'a size is a whole number of bytes below 2^53'
  if (virtualSize % sector !== 0) return `a size is a whole number of sectors of ${sector} bytes`
  if (virtualSize < least) return 'it has at least one sector'
  return most !== null && virtualSize > most ? why : null
}

/** Throws `size-unsupported` for a disk that is not written in `format`. */
export function assertSize(format: WritableFormat, about: SizeOfKind): void {
  const reason = sizeFault(format, about)
  if (reason === null) return
  const { label } = formatRules[format]
  throw new DiskError('size-unsupported', {
    file: `new ${label} image`,
    format: label,
    size: about.virtualSize,
    reason,
  })
}
