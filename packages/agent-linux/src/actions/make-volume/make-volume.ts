import type { ToolCommand } from '@varve/agent/tools/tool-command'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { volumeTag } from '@varve/operations/actions/volume-name'
import { createCommand } from '../../tools/lvcreate/commands.ts'
import { createVolumeCommand } from '../../tools/zfs/volumes.ts'
import { isVolumeInLibraries } from '../in-libraries.ts'
import { kernelAction } from '../kernel-action.ts'
import { onceShown } from '../once-shown.ts'
import { aboutVolume, datasetOf, namesOf } from '../volume-names.ts'

type Input = ActionInput<'make-volume'>

export const makeVolume = kernelAction('make-volume', {
  tool: 'lvm',
  others: ['zfs'],
  build,
  about: aboutVolume,
  isOfLibraries: isVolumeInLibraries,
  // Its name is this run's own: an earlier attempt has made it.
  ...onceShown(outcome),
})

function build(input: Input): ToolCommand<null> {
  const { size, pool, sparse, blockSize } = input
  const { staged } = namesOf(input)
  return staged.kind === 'lvm'
    ? createCommand({ group: staged.group, name: staged.volume, tag: volumeTag(input), size, pool })
    : createVolumeCommand({ name: datasetOf(staged), size, blockSize: blockSize ?? usualBlock, sparse })
}

/** What ZFS takes where nothing is said, from 2.2 on. */
const usualBlock = 16 * 1024

function outcome(input: Input) {
  const { isStaged, stagedDevice } = namesOf(input)
  return isStaged() ? { staging: input.staging, device: stagedDevice } : null
}
