import { describeForeign, isBlank } from '../chain/foreign-file.ts'
import type { WalkedLink } from '../chain/walk-chain.ts'
import type { Problem } from '../problems/problem.ts'
import type { GuestContents } from '../guest/guest-contents.ts'

/**
 * What there is to say of a raw disk in which nothing was recognised: what the file really is, that it is blank, or that
 * nothing tells a disk. Raw has no mark of its own, so any file can be read as one; making a new disk of it needs a word,
 * which `raw` said as its format gives, unless the file is known to be something else.
 */
export async function rawContentProblems(
  { file, facts, isDetected, isSealed }: WalkedLink,
  guest: GuestContents | null,
  signal?: AbortSignal,
): Promise<Problem[]> {
  if (facts.format !== 'raw' || isSealed || guest === null) return []
  if (guest.table.kind !== 'none' || guest.filesystems.length > 0 || guest.volumes.length > 0) return []
  const about = { layer: 'L2' as const, file: file.path }
  const foreign = await describeForeign(file.source)
  if (foreign !== null) {
    return [
      {
        ...about,
        id: 'foreign-file',
        severity: 'warn',
        asks: true,
        message: `By its bytes this is ${foreign}, not a raw disk${file.packed ? ' (unpacked)' : ''}; read as raw, they would be the disk.`,
        remedy: 'Name the disk itself: unpack the file, fetch it again, or say with -f what it is.',
      },
    ]
  }
  if (await isBlank(file.source, signal)) {
    return [
      {
        ...about,
        id: 'raw-blank',
        severity: 'info',
        message: 'The disk is blank: it holds nothing but zeros.',
        remedy: 'That is right for a new disk. If it should hold data, look for the image it was made from.',
      },
    ]
  }
  return [
    {
      ...about,
      id: 'raw-unrecognised',
      severity: 'warn',
      ...(isDetected ? { asks: true as const } : {}),
      message:
        'Nothing tells that this is a disk: no format, no partition table, no volume and no filesystem was recognised in it.',
      remedy:
        'Look whether it is damaged, encrypted or no disk at all; say that its format is raw if you know that it is one (-f raw; in a fleet: varve images format).',
    },
  ]
}
