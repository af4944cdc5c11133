import { volumeTag } from '@varve/operations/actions/volume-name'
import { removeCommand } from '../../tools/lvremove/commands.ts'
import { destroyVolumeCommand } from '../../tools/zfs/volumes.ts'
import { kernelAction } from '../kernel-action.ts'
import { aboutVolume, datasetOf, namesOf } from '../volume-names.ts'

export const discardVolume = kernelAction('discard-volume', {
  tool: 'lvm',
  others: ['zfs'],
  build(input) {
    const { staged } = namesOf(input)
    const { group, volume: name } = staged
    return staged.kind === 'lvm'
      ? removeCommand({ group, name, only: { tag: volumeTag(input) } })
      : destroyVolumeCommand(datasetOf(staged))
  },
  about: aboutVolume,
  after: async (input) => Promise.resolve(namesOf(input).isStaged() ? null : {}),
})
