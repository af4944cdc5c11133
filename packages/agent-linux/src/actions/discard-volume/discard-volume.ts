import { volumeTag } from '@varve/operations/actions/volume-name'
import { removeCommand } from '../../tools/lvremove/commands.ts'
import { destroyVolumeCommand } from '../../tools/zfs/volumes.ts'
import { isVolumeInLibraries } from '../in-libraries.ts'
import { kernelAction } from '../kernel-action.ts'
import { aboutVolume, datasetOf, namesOf } from '../volume-names.ts'
import { volumePulls } from '../volume-pulls.ts'

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
  isOfLibraries: isVolumeInLibraries,
  async before(input) {
    await volumePulls.stop(namesOf(input).stagedDevice)
    return null
  },
  after: async (input) => Promise.resolve(namesOf(input).isStaged() ? null : {}),
})
