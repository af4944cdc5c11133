import type { ToolCommand } from '@varve/agent/tools/tool-command'
import { stagedVolume, type StagedVolume } from '@varve/operations/actions/volume-name'
import { extendCommand } from '../tools/lvextend/commands.ts'
import { reduceCommand } from '../tools/lvreduce/commands.ts'
import { volumeSizeCommand } from '../tools/zfs/volumes.ts'
import { datasetOf } from './volume-names.ts'

interface Resized extends StagedVolume {
  /** Whole extents or blocks. */
  readonly size: number
  readonly isReserved: boolean
}

/** Gives a volume that a run made another size. */
export function resizeStaged(input: Resized, way: 'extend' | 'reduce'): ToolCommand<null> {
  const { kind, group, volume: name } = stagedVolume(input)
  const { size, isReserved } = input
  if (kind === 'zfs')
    return volumeSizeCommand({ name: datasetOf({ kind, group, volume: name }), size, isReserved })
  return (way === 'extend' ? extendCommand : reduceCommand)({ group, name, size })
}
