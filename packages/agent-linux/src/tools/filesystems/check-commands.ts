import type { ToolCommand, ToolOutput } from '@varve/agent/tools/tool-command'
import { DiskError } from '@varve/core/problems/disk-error'
import type { ResizedType } from '@varve/operations/actions/filesystem-place'
import { tied } from '../tied.ts'

/** Checks read and say nothing for long. */
const silence = { ms: 600_000, io: true }

interface Check {
  readonly tool: string
  readonly args: readonly string[]
  /** Exit codes by which it says that something is wrong. */
  readonly damaged: readonly number[]
}

const ext: Check = { tool: 'e2fsck', args: ['-f', '-n'], damaged: [1, 2, 4, 5, 6, 7, 12] }

const checks: Readonly<Record<Exclude<ResizedType, 'swap'>, Check>> = {
  ext2: ext,
  ext3: ext,
  ext4: ext,
  xfs: { tool: 'xfs_repair', args: ['-n'], damaged: [1, 2] },
  btrfs: { tool: 'btrfs', args: ['check', '--readonly'], damaged: [1] },
  ntfs: { tool: 'ntfsresize', args: ['--info', '--force', '--no-progress-bar'], damaged: [1] },
}

interface Checked {
  readonly type: Exclude<ResizedType, 'swap'>
  readonly device: string
  /** What people call the image. */
  readonly image: string
}

/** The tool of a filesystem, told to change nothing; throws `refused` when it finds anything wrong. */
export function checkCommand({ type, device, image }: Checked): ToolCommand<null> {
  const { tool, args, damaged } = checks[type]
  return tied({
    tool,
    args: [...args, device],
    expected: [0, ...damaged],
    silence,
    parse(output) {
      if (output.exitCode === 0) return null
      throw new DiskError('refused', {
        file: image,
        reason: `${tool} finds the ${type} on ${device} damaged: ${lastWords(output)}`,
        remedy: 'Start the guest, let it check the filesystem, and shut it down cleanly.',
        finding: 'filesystem-damaged',
        layer: 'L6',
      })
    },
  })
}

/** Characters of what a tool said that stand in a message. */
const mostSaid = 500

function lastWords({ stdout, stderr }: ToolOutput): string {
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim())
  return said
    .filter((text) => text !== '')
    .join(' ')
    .replaceAll(/\s+/gu, ' ')
    .slice(-mostSaid)
}
