import type { ToolCommand } from '@varve/agent/tools/tool-command'
import type { VolumeAddress } from '@varve/core/image/volume-address'
import { renameCommand } from '../tools/lvrename/commands.ts'
import { renameVolumeCommand } from '../tools/zfs/volumes.ts'
import { datasetOf } from './volume-names.ts'

export function renameVolume(from: VolumeAddress, to: VolumeAddress): ToolCommand<null> {
  return from.kind === 'lvm'
    ? renameCommand({ group: from.group, from: from.volume, to: to.volume })
    : renameVolumeCommand({ from: datasetOf(from), to: datasetOf(to) })
}
