import { formatRules } from '@varve/core/image/format-rules'
import { filesystemName } from '@varve/core/guest/guest-names'
import { DiskError, quote } from '@varve/core/problems/disk-error'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { Survey } from '../actions/reclaim-survey.ts'
import type { LinkFacts, ReplacedFacts } from '../chain-change/facts.ts'
import { refusal, replaceProblems } from '../chain-change/problems.ts'
import { dependentsProblem } from '../image-files-problems.ts'
import type { ReclaimRequest } from './request.ts'

interface Asked {
  readonly image: ReplacedFacts
  readonly own: LinkFacts
  readonly below: LinkFacts | null
  readonly zerosOnly: ReclaimRequest['zerosOnly']
}

/** What speaks against the image being written anew without what it holds for nothing. */
export function reclaimProblems(survey: Survey, { image, own, below, zerosOnly }: Asked): Problem[] {
  const { virtualSize } = own
  return [
    ...dependentsProblem(image),
    ...replaceProblems({ ...image, onParts: [] }, { own, virtualSize, isSameDisk: true, below }),
    ...(zerosOnly ? [] : doubtProblems(survey, image.path)),
    ...(zerosOnly ? [] : unseenProblems(survey, image.path)),
    ...(below === null ? [] : overlayProblem(own)),
    ...roomProblem(survey, image.path),
    ...nothingProblem(survey, image.path),
  ]
}

type Doubt = NonNullable<Survey['filesystems'][number]['doubt']>

/** Doubts in what a filesystem says of itself: what is in use may be called free. */
const remedies: { readonly [Kind in Doubt['kind']]?: string } = {
  dirty: 'Start the guest, let it check the filesystem, and shut it down cleanly',
  damaged: 'Check a copy of it with its own tool (e2fsck, xfs_repair, chkdsk, btrfs check) and mend it first',
  bitmap: 'Check a copy of it with its own tool (e2fsck, xfs_repair, chkdsk, btrfs check) and mend it first',
  hibernated: 'Start the guest and shut it down fully',
}

const others: { readonly [Kind in Doubt['kind']]?: string } = {
  unread: 'Run fstrim in the guest with discard on (Windows: Optimize-Volume -ReTrim), and reclaim it then.',
  raid: 'Run fstrim in the guest, which discards on all disks of the array alike.',
  'shadow-copies': 'Delete them in Windows (vssadmin delete shadows /all) when nobody needs them.',
  snapshot: 'Remove the snapshot in the guest (lvremove) when nobody needs it.',
  overlap: 'Look at its partition table (varve info); give each its own place first.',
}

/** What the filesystems call free, and is not believed. */
export function doubtProblems({ filesystems }: Survey, file: string): Problem[] {
  return filesystems.flatMap(({ type, label, start, doubt }): Problem[] => {
    if (doubt === null) return []
    const name = `the ${filesystemName(type)} filesystem${label === null ? '' : ` ${quote(label)}`} at ${formatBytes(start)}`
    const remedy = remedies[doubt.kind]
    if (remedy === undefined) {
      if (type === 'swap' || type === 'iso9660') return []
      return [
        {
          id: 'free-space-kept',
          severity: 'warn',
          layer: 'L6',
          file,
          message: `L6 ${quote(file)}: what ${name} calls free stays as it is: ${doubt.reason}`,
          remedy: others[doubt.kind] ?? '',
          details: { type, start, kind: doubt.kind },
        },
      ]
    }
    return [
      {
        id: 'free-space-doubtful',
        severity: 'block',
        layer: 'L6',
        file,
        message: `L6 ${quote(file)}: what ${name} calls free is not believed: ${doubt.reason}`,
        remedy: `${remedy}; or make holes of zeros only: varve reclaim --zeros-only.`,
        details: { type, start, kind: doubt.kind },
      },
    ]
  })
}

/** Encrypted and other closed volumes: what is free in them nobody sees from outside. */
export function unseenProblems({ closed, filesystems }: Survey, file: string): Problem[] {
  const isAnythingSeen = filesystems.some(({ free }) => free !== null)
  return closed.map(({ what, start, length }) => ({
    id: 'free-space-not-seen',
    severity: isAnythingSeen ? 'warn' : 'block',
    layer: 'L5',
    file,
    message: `L5 ${quote(file)}: what is free in the ${what} volume at ${formatBytes(start)} (${formatBytes(length)}) is not seen from outside; it stays bit by bit as it is`,
    remedy: isAnythingSeen
      ? 'Allow discards in the guest and run fstrim there: those blocks are given back then.'
      : 'Allow discards in the guest and run fstrim there; zeros outside of it become holes with varve reclaim --zeros-only.',
    details: { what, start, length },
  }))
}

/** In an overlay a hole shows what lies below: only a format that can say zeros gives free blocks back. */
function overlayProblem({ path, format }: LinkFacts): Problem[] {
  if (format !== 'vhd') return []
  return [
    refusal({
      id: 'overlay-keeps-zeros',
      file: path,
      message: `a ${formatRules[format].label} that stands on another image has no way to say that a block is zero: a hole in it would show what its parent holds`,
      remedy: `Flatten it first: varve chain flatten ${quote(path)}.`,
    }),
  ]
}

/** Both are there until the original leaves the quarantine. */
function roomProblem({ after, room, copyOnWrite }: Survey, file: string): Problem[] {
  const wanted = after === null ? null : (after.host ?? after.file)
  if (wanted === null || room === null || wanted <= room || copyOnWrite) return []
  return [problemFromError(new DiskError('no-space', { file, wanted, available: room }))]
}

/** That nothing of it can be given back. */
export function nothingProblem({ before, after }: Survey, file: string): Problem[] {
  const host = before.host === null || after?.host === null || after === null ? 0 : before.host - after.host
  if (before.data > 0 || before.file - (after?.file ?? before.file) > 0 || host > 0) return []
  return [
    refusal({
      id: 'nothing-to-reclaim',
      file,
      message: 'it holds nothing that could be given back',
      remedy: 'Nothing is to be done.',
    }),
  ]
}
