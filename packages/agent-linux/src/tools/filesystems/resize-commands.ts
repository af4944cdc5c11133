import type { ToolCommand } from '@varve/agent/tools/tool-command'
import { DiskError } from '@varve/core/problems/disk-error'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { kindOf, optionsOf } from '@varve/operations/mount/filesystems'
import { alone, tied } from '../tied.ts'

type Commands = readonly [ToolCommand<null>, ...ToolCommand<null>[]]
type Resizing = ActionInput<'resize-filesystem'> & {
  /** Of the filesystem itself. */
  readonly at: string
}

/** Data may be moved, which says nothing for long. */
const silence = { ms: 600_000, io: true }

function command(
  tool: string,
  args: readonly string[],
  more: Partial<ToolCommand<null>> = {},
): ToolCommand<null> {
  return { tool, args, silence, parse: () => null, ...more }
}

/** The tools that give a filesystem another size, as its kind has it. */
export function resizeCommands(resizing: Resizing): Commands {
  switch (resizing.type) {
    case 'ext2':
    case 'ext3':
    case 'ext4':
      return extCommands(resizing)
    case 'xfs':
      return xfsCommands(resizing)
    case 'btrfs':
      return btrfsCommands(resizing)
    case 'ntfs':
      return ntfsCommands(resizing)
    case 'swap':
      return swapCommands(resizing)
    case 'filesystem':
      throw new DiskError('invalid-request', {
        file: resizing.image,
        reason: 'nobody said which filesystem it is',
      })
  }
}

/** resize2fs wants a check that it can see; a filesystem that was found clean is only noted as checked by it. */
function extCommands({ at, size }: Resizing): Commands {
  return [
    tied(command('e2fsck', ['-f', '-p', at], { expected: [0, 1] })),
    tied(command('resize2fs', [at, ...(size === null ? [] : [`${Math.ceil(size / 512)}s`])])),
  ]
}

function xfsCommands({ at, size, image }: Resizing): Commands {
  if (size === null) return [mounted('xfs', at, 'exec xfs_growfs "$2"')]
  throw new DiskError('refused', {
    file: image,
    reason: 'an XFS has no way to become smaller',
    remedy: 'Copy its files into a new filesystem of that size.',
    finding: 'filesystem-not-shrunk',
    layer: 'L6',
  })
}

function btrfsCommands({ at, size }: Resizing): Commands {
  return [mounted('btrfs', at, `exec btrfs filesystem resize ${size ?? 'max'} "$2"`)]
}

/** A folder that every Linux has; only the command sees what is mounted there. */
const place = '/run'

/** What works on a mounted filesystem only. */
function mounted(type: 'xfs' | 'btrfs', at: string, work: string): ToolCommand<null> {
  const kind = kindOf(type)
  if (kind === null) throw new RangeError(type)
  const options = optionsOf(kind, { isWritten: true, isThrowAway: false }).join(',')
  const script = `mount -t ${type} -o ${options} "$1" "$2" && ${work}`
  return alone(command('sh', ['-c', script, 'sh', at, place]))
}

function ntfsCommands({ at, size }: Resizing): Commands {
  const to = size === null ? [] : ['--size', String(size)]
  return [tied(command('ntfsresize', ['--force', '--force', '--no-progress-bar', ...to, at]))]
}

function swapCommands({ at, size, swap, image }: Resizing): Commands {
  if (swap === null)
    throw new DiskError('refused', {
      file: image,
      reason: 'the swap space has no UUID that it could go on with',
      remedy: 'Make it anew inside the guest.',
      finding: 'swap-without-uuid',
      layer: 'L6',
    })
  const { uuid, label, pageSize } = swap
  const named = label === null ? [] : ['--label', label]
  const blocks = size === null ? [] : [String(Math.ceil(size / 1024))]
  return [
    tied(command('mkswap', ['--uuid', uuid, ...named, '--pagesize', String(pageSize), '--', at, ...blocks])),
  ]
}
