import type { ExtentContent } from '../../ranges/extent.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { SparseLayout } from './sparse-header.ts'

/** Grains of one table that a read wants. */
export interface GrainRun {
  readonly table: Uint32Array
  /** Byte of the extent at which the table's first grain starts. */
  readonly tableAt: number
  readonly target: Uint8Array
  /** Byte of the extent at which `target` starts; all of `target` lies under this table. */
  readonly at: number
}

/** What a grain table entry says; throws `corrupt` for one that names the header's own sector. */
export function grainContent(
  entry: number,
  layout: Pick<SparseLayout, 'hasZeroGrains'>,
  place: { file: string; grainAt: number },
): ExtentContent {
  if (entry === 0) return 'absent'
  if (entry !== 1) return 'data'
  if (layout.hasZeroGrains) return 'zero'
  throw new DiskError('corrupt', {
    file: place.file,
    structure: 'VMDK grain table',
    reason: `the entry for byte ${place.grainAt} marks a zero grain, which this image says it has not`,
  })
}
