import { sizeFault } from '@varve/core/formats/writable-sizes'
import { DiskError } from '@varve/core/problems/disk-error'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import { windowsProblems } from '../attach/windows.ts'
import type { ResizeFacts } from './facts.ts'

/** Whether Windows does the work on what is inside. */
export function isOnWindows({ ways }: Pick<ResizeFacts, 'ways'>): boolean {
  return ways.windows !== undefined
}

/** What goes without Windows. */
export const containerInstead = '--partition none changes the container only, without it.'

/** Why this Windows attaches nothing, and what goes without. */
export function windowsHostProblems({ ways, image }: Pick<ResizeFacts, 'ways' | 'image'>): Problem[] {
  return windowsProblems({ ways, image: image.path }).map((problem) => ({
    ...problem,
    remedy:
      problem.id === 'not-elevated'
        ? `Do it in a PowerShell that was started with "Run as administrator"; ${containerInstead}`
        : `Do it on a host that runs Linux (--host NAME); ${containerInstead}`,
  }))
}

/** Why the disk cannot be a VHDX that the work is done on. */
export function workProblems({ image, guest }: ResizeFacts, size: number): Problem[] {
  const logicalSectorSize = guest?.table.sectorSize === 4096 ? 4096 : 512
  const reason = sizeFault('vhdx', { virtualSize: size, subformat: null, choices: { logicalSectorSize } })
  if (reason === null) return []
  return [
    problemFromError(new DiskError('size-unsupported', { file: image.path, format: 'vhdx', size, reason })),
  ]
}
