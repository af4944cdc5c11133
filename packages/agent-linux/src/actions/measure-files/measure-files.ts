import { nativeAdapter } from '@varve/agent/actions/native'
import { filesystemAtStart } from '@varve/agent/operations/guest-volumes'
import { xfsVersion } from '@varve/agent/operations/xfs-version'
import { readRecipe } from '@varve/core/filesystems/read-recipe'
import { DiskError } from '@varve/core/problems/disk-error'
import { readGuestContents } from '@varve/core/scan/read-guest'
import { formatBytes } from '@varve/core/units/format-bytes'
import { openInput } from '@varve/engine/run/open-input'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { deviceOf } from '@varve/operations/actions/mount-filesystem'
import { isMade } from '@varve/operations/resize/kinds'
import { neededFor, whyNotMade } from '@varve/operations/shrink/by-files-problems'
import { leastByFiles } from '@varve/operations/shrink/by-files-sizes'
import { copyInstead } from '@varve/operations/shrink/remedies'
import { sizesAround, sizesFor, type ShrunkSizes } from '@varve/operations/shrink/sizes'
import { holdDevice } from '../hold-device.ts'

/** Says of what was locked before what the plan says of everything else. */
export const measureFiles = nativeAdapter('measure-files', {
  calls: 'open(2), pread(2) of the superblock, and mkfs.xfs -V',

  async run(input, context) {
    const { ports, signal } = context
    const { image: file } = input
    const device = deviceOf(input)
    await using _held = await holdDevice(device, ports)
    const source = { kind: 'image', path: device, roots: null, format: 'raw', choices: {} } as const
    await using opened = await openInput(source, { io: 'async', signal })
    const filesystem = filesystemAtStart(await readGuestContents(opened.disk, { signal }))
    if (filesystem === null || !isMade(filesystem.type))
      throw refused(file, {
        finding: 'filesystem-not-by-files',
        why: `it holds ${filesystem?.type ?? 'nothing that is known'}, and Varve copies only ext2, ext3, ext4 and XFS file by file`,
        remedy: `Leave --by-files out where it becomes smaller itself (Btrfs, NTFS, swap). Else: ${copyInstead(file)}`,
      })
    const { uuid, size } = filesystem
    const recipe = await readRecipe(opened.disk, filesystem, signal)
    const version = filesystem.type === 'xfs' ? await xfsVersion(context) : null
    const why = whyNotMade({ file, filesystem, recipe, version })
    if (why !== null || recipe === null || uuid === null)
      throw refused(file, {
        finding: 'filesystem-not-made',
        why: why?.why ?? 'it was not seen how it was made',
        remedy: why?.remedy ?? copyInstead(file),
      })
    const sizes = sizesOf(input, leastByFiles(recipe, filesystem))
    const { least } = neededFor(recipe, filesystem, sizes.filesystem)
    if (sizes.filesystem < least)
      throw refused(file, {
        finding: 'too-small',
        why: `${formatBytes(sizes.filesystem)} would be left for its filesystem, which needs ${formatBytes(least)} at least`,
        remedy: `Choose a larger size (--to ${sizesAround(least, input.place, input.group).disk}), delete files in the guest, or have Varve say one with slack: --min.`,
      })
    return { uuid, recipe, version: version && [version[0], version[1]], before: size ?? 0, ...sizes }
  },
})

/** `least`: what its files need with slack; null: nobody can tell. */
function sizesOf(
  { image, place, group, disk }: ActionInput<'measure-files'>,
  least: number | null,
): ShrunkSizes {
  if (disk !== null) return sizesFor(disk, place, group)
  if (least === null)
    throw refused(image, {
      finding: 'by-files-needs-size',
      why: 'its filesystem does not tell how much of it is in use, so that nobody knows how small it can be',
      remedy: 'Say the size of the disk: --to SIZE.',
    })
  const sizes = sizesAround(least, place, group)
  if (sizes.end < place.start + place.length) return sizes
  throw refused(image, {
    finding: 'not-smaller',
    why: `its files need ${formatBytes(least)} with slack, and would have no smaller disk`,
    remedy: 'Delete files in the guest, or say a size without that slack: --to SIZE.',
  })
}

interface Refusal {
  readonly finding: string
  readonly why: string
  readonly remedy: string
}

function refused(file: string, { finding, why, remedy }: Refusal): DiskError {
  return new DiskError('refused', {
    file,
    reason: why,
    remedy: `Nothing of the image was changed. ${remedy}`,
    finding,
    layer: 'L6',
  })
}
