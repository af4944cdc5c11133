import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'

interface Asked {
  readonly target: string
  readonly noCow: boolean
}

interface Place {
  readonly filesystem: string | null
}

/** Filesystems that copy on write, and whether they leave it off for one file. */
const copying: Readonly<Record<string, boolean>> = {
  btrfs: true,
  zfs: false,
  bcachefs: false,
  refs: false,
  apfs: false,
}

/** What the wish for a file that is written in place comes to: nothing asked, nothing to do, or an attribute that is set. */
export function noCowOf({ noCow }: Asked, { filesystem }: Place): 'none' | 'idle' | 'set' | 'impossible' {
  if (!noCow) return 'none'
  const offers = copying[filesystem?.toLowerCase() ?? 'unknown']
  if (offers !== undefined) return offers ? 'set' : 'impossible'
  return filesystem === null ? 'impossible' : 'idle'
}

/** Refuses what its filesystem cannot do. */
export function noCowRefusals(asked: Asked, place: Place): Problem[] {
  if (noCowOf(asked, place) !== 'impossible') return []
  const { filesystem } = place
  const reason =
    filesystem === null
      ? 'it is not known on which filesystem it would lie'
      : `${filesystem} copies on write, and has no attribute by which one file is written in place`
  return [
    {
      id: 'no-cow-impossible',
      severity: 'block',
      layer: 'L1',
      file: asked.target,
      message: `L1 ${quote(asked.target)}: ${reason}`,
      remedy: 'Leave out --no-cow, or take a folder on Btrfs, ext4 or XFS.',
    },
  ]
}

/** What somebody should know who asked for it. */
export function noCowRemarks(asked: Asked, place: Place): Problem[] {
  const said = { severity: 'info', layer: 'L1', file: asked.target } as const
  switch (noCowOf(asked, place)) {
    case 'set':
      return [
        {
          ...said,
          id: 'no-cow-unchecked',
          message: `L1 ${quote(asked.target)}: a file that ${place.filesystem} writes in place has no checksums and is not compressed.`,
          remedy:
            'Let verify prove the image from time to time. A snapshot of the volume makes the next write of each block copy again.',
        },
      ]
    case 'idle':
      return [
        {
          ...said,
          id: 'no-cow-idle',
          message: `L1 ${quote(asked.target)}: ${place.filesystem} writes files in place already; nothing is set.`,
          remedy: 'Nothing is to be done.',
        },
      ]
    case 'none':
    case 'impossible':
      return []
  }
}
