import type { Problem } from '@varve/core/problems/problem'
import { formatBytes } from '@varve/core/units/format-bytes'
import { blocking } from '../blocking.ts'

interface Sizes {
  /** Bytes of the disk; null: it does not say. */
  readonly before: number | null
  readonly size: number
}

/** That what is asked for is no growing. */
export function notLarger(file: string, { before, size }: Sizes): Problem {
  return blocking(file, {
    id: 'not-larger',
    layer: 'L2',
    why: `its disk has ${before === null ? 'an unknown size' : formatBytes(before)}, and ${formatBytes(size)} is not more`,
    remedy: 'Say a larger size; varve shrink makes it smaller.',
  })
}
