import type { ToolCommand } from '@varve/agent/tools/tool-command'
import { stagedVolume, type StagedVolume } from '@varve/operations/actions/volume-name'
import { extendCommand } from '../tools/lvextend/commands.ts'
import { reduceCommand, reduceWhateverIsThere } from '../tools/lvreduce/commands.ts'
import { volumeSizeCommand } from '../tools/zfs/volumes.ts'
import { datasetOf } from './volume-names.ts'

interface Resized extends StagedVolume {
  /** Whole extents or blocks. */
  readonly size: number
  readonly isReserved: boolean
}

/** Gives a volume that a run made more length. */
export function extendStaged(input: Resized): ToolCommand<null> {
  const { kind, name, size } = named(input)
  return kind === 'zfs'
    ? volumeSizeCommand(zfsOf(input))
    : extendCommand({ group: input.volume.group, name, size })
}

/** Takes away what lies behind a size; of LVM by the second command, where the first says that it has no such option. */
export function reduceStaged(
  input: Resized,
): readonly [first: ToolCommand<boolean | null>, second: ToolCommand<null> | null] {
  const { kind, name, size } = named(input)
  if (kind === 'zfs') return [volumeSizeCommand(zfsOf(input)), null]
  const reduced = { group: input.volume.group, name, size }
  return [reduceWhateverIsThere(reduced), reduceCommand(reduced)]
}

function named(input: Resized) {
  const { kind, volume: name } = stagedVolume(input)
  return { kind, name, size: input.size }
}

function zfsOf(input: Resized) {
  const { size, isReserved } = input
  return { name: datasetOf(stagedVolume(input)), size, isReserved }
}
