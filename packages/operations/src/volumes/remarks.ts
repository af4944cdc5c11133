import type { Problem } from '@varve/core/problems/problem'
import { bytesInWords } from '@varve/core/units/format-bytes'

/** Volumes have whole extents or blocks: what the disk does not need stands behind its end. */
export function roundedRemark(file: string, virtualSize: number, size: number): Problem[] {
  if (size === virtualSize) return []
  return [
    {
      id: 'volume-larger',
      severity: 'info',
      layer: 'L1',
      file,
      message: `The volume has ${bytesInWords(size - virtualSize)} more than the disk, as it has whole extents: zeros, behind the end of the disk.`,
      remedy: 'Nothing is to be done; a backup header of a GPT is not at the end of the volume then.',
      details: { size, virtualSize },
    },
  ]
}
