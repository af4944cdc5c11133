import type { ToolCommand } from '@varve/agent/tools/tool-command'

const quiet = ['--quiet', '--no-tell-kernel', '--no-reread', '--wipe', 'never', '--wipe-partitions', 'never']

/** `sfdisk --relocate`: the second copy of a GPT at the end of the disk. */
export function relocateCommand(disk: string): ToolCommand<null> {
  return { tool: 'sfdisk', args: [...quiet, '--relocate', 'gpt-bak-std', disk], parse: () => null }
}

interface Resized {
  readonly disk: string
  readonly partition: number
  /** Bytes. */
  readonly size: number
}

/** `sfdisk -N`: what is not named stays as it is. */
export function resizeCommand({ disk, partition, size }: Resized): ToolCommand<null> {
  return {
    tool: 'sfdisk',
    args: [...quiet, '-N', String(partition), disk],
    stdin: `size=${Math.max(1, Math.ceil(size / 512))}\n`,
    parse: () => null,
  }
}

interface Placed extends Resized {
  /** Byte of the disk at which it begins. */
  readonly start: number
}

/** `sfdisk -N` with both: what is not named stays as it is. */
export function placeCommand({ disk, partition, size, start }: Placed): ToolCommand<null> {
  return {
    tool: 'sfdisk',
    args: [...quiet, '-N', String(partition), disk],
    stdin: `start=${start / 512}, size=${size / 512}\n`,
    parse: () => null,
  }
}
