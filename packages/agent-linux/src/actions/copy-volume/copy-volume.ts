import { volumeTag } from '@varve/operations/actions/volume-name'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { snapshotCommand } from '../../tools/lvcreate/commands.ts'
import { cloneCommand } from '../../tools/zfs/volumes.ts'
import { deviceSize } from '../device-size.ts'
import { kernelAction } from '../kernel-action.ts'
import { onceShown } from '../once-shown.ts'
import { aboutVolume, datasetOf, namesOf } from '../volume-names.ts'

export const copyVolume = kernelAction('copy-volume', {
  tool: 'lvm',
  others: ['zfs'],
  build(input) {
    const { staged } = namesOf(input)
    const { volume: origin, snapshot } = input.origin
    return origin.kind === 'lvm'
      ? snapshotCommand({
          group: origin.group,
          origin: origin.volume,
          name: staged.volume,
          tag: volumeTag(input),
        })
      : cloneCommand(`${datasetOf(origin)}@${snapshot ?? ''}`, datasetOf(staged))
  },
  about: aboutVolume,
  // Its name is this run's own: an earlier attempt has made it.
  ...onceShown(outcome),
})

function outcome(input: ActionInput<'copy-volume'>) {
  const { stagedDevice: device } = namesOf(input)
  const size = deviceSize(device)
  return size === null ? null : { staging: input.staging, device, size }
}
