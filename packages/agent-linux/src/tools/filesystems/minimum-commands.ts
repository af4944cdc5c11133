import { stdoutText, type ToolCommand, type ToolOutput } from '@varve/agent/tools/tool-command'
import { DiskError } from '@varve/core/problems/disk-error'
import type { ActionInput } from '@varve/operations/actions/action-table'
import type { ResizedType } from '@varve/operations/actions/filesystem-place'
import { kindOf, optionsOf } from '@varve/operations/mount/filesystems'
import { filesystemRemedy } from '@varve/operations/shrink/remedies'
import { alone, tied } from '../tied.ts'

type Measuring = Pick<ActionInput<'measure-minimum'>, 'image' | 'blockSize'> & {
  readonly type: ResizedType
  /** Of the filesystem itself. */
  readonly at: string
}

/** All of its tables are read, which says nothing for long. */
const silence = { ms: 600_000, io: true }
/** ntfsresize counts in these (ntfsresize(8)). */
const megabyte = 1_000_000

/** The tool of a filesystem, asked for the bytes that it cannot do without; throws `refused` for a kind that does not shrink. */
export function minimumCommand({ type, image, blockSize, at }: Measuring): ToolCommand<number> {
  switch (type) {
    case 'ext2':
    case 'ext3':
    case 'ext4':
      return tied({
        tool: 'resize2fs',
        args: ['-P', at],
        silence,
        parse: numberIn('resize2fs', image, { pattern: /:\s*(\d+)\s*$/u, unit: blockSize ?? 0 }),
      })
    case 'ntfs':
      return tied({
        tool: 'ntfsresize',
        args: ['--info-mb-only', '--force', '--no-progress-bar', at],
        silence,
        parse: numberIn('ntfsresize', image, { pattern: /:\s*(\d+)\s*$/u, unit: megabyte }),
      })
    case 'btrfs':
      return btrfsCommand(image, at)
    case 'xfs':
    case 'swap':
      throw new DiskError('refused', {
        file: image,
        reason: `${type} has no smallest size that it could tell`,
        remedy: type === 'swap' ? 'Say a size: --to.' : filesystemRemedy(image, type),
        finding: 'filesystem-not-shrunk',
        layer: 'L6',
      })
  }
}

/** A folder that every Linux has; only the command sees what is mounted there. */
const place = '/run'

function btrfsCommand(image: string, at: string): ToolCommand<number> {
  const kind = kindOf('btrfs')
  if (kind === null) throw new RangeError('btrfs')
  const options = optionsOf(kind, { isWritten: false, isThrowAway: false }).join(',')
  const script = `mount -t btrfs -o ${options} "$1" "$2" && exec btrfs inspect-internal min-dev-size "$2"`
  return alone({
    tool: 'sh',
    args: ['-c', script, 'sh', at, place],
    silence,
    parse: numberIn('btrfs', image, { pattern: /^(\d+) /u, unit: 1 }),
  })
}

interface Said {
  readonly pattern: RegExp
  /** Bytes. */
  readonly unit: number
}

/** The one number that the tool says, in bytes. */
function numberIn(tool: string, file: string, { pattern, unit }: Said) {
  return (output: ToolOutput): number => {
    const text = stdoutText(output)
    const bytes = Number(pattern.exec(text)?.[1]) * unit
    if (Number.isSafeInteger(bytes) && bytes > 0) return bytes
    throw new DiskError('tool-failed', {
      file,
      tool,
      exitCode: output.exitCode,
      stderr: `it said no size: ${text.slice(0, 200).trim()}`,
    })
  }
}
