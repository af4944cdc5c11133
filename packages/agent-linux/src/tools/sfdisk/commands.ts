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

interface NewGpt {
  readonly disk: string
  readonly partitions: readonly {
    readonly index: number
    /** Bytes. */
    readonly start: number
    readonly length: number
    /** Type GUID. */
    readonly type: string
    readonly isActive: boolean
  }[]
}

/** The first sector that partitions of a new GPT may use, where they let it. */
const usualFirst = 2048

/** A script of sfdisk(8): the number of a partition is what its name ends with. */
export function gptCommand({ disk, partitions }: NewGpt): ToolCommand<null> {
  const starts = partitions.map(({ start }) => start / 512)
  const lines = partitions.map(
    ({ index, start, length, type, isActive }) =>
      `p${index} : start=${start / 512}, size=${length / 512}, type=${type}${isActive ? ', attrs="LegacyBIOSBootable"' : ''}`,
  )
  const head = ['label: gpt', 'unit: sectors', `first-lba: ${Math.min(usualFirst, ...starts)}`]
  return {
    tool: 'sfdisk',
    args: [...quiet, disk],
    stdin: `${[...head, ...lines].join('\n')}\n`,
    parse: () => null,
  }
}

/** `sfdisk --verify`: fails where the table contradicts itself. */
export function verifyCommand(disk: string): ToolCommand<null> {
  return { tool: 'sfdisk', args: ['--verify', disk], parse: () => null }
}
