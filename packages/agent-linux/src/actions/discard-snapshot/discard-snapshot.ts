import { volumeTag } from '@varve/operations/actions/volume-name'
import { snapshotAddress } from '@varve/operations/actions/volume-snapshot'
import { removeCommand } from '../../tools/lvremove/commands.ts'
import { destroySnapshotCommand } from '../../tools/zfs/volumes.ts'
import { kernelAction } from '../kernel-action.ts'
import { datasetOf } from '../volume-names.ts'

export const discardSnapshot = kernelAction('discard-snapshot', {
  tool: 'lvm',
  others: ['zfs'],
  build(input) {
    const { volume, name } = input
    return volume.kind === 'lvm'
      ? removeCommand({ group: volume.group, name, only: { tag: volumeTag(input) } })
      : destroySnapshotCommand(`${datasetOf(volume)}@${name}`)
  },
  about: snapshotAddress,
  // What has the name and not the mark is somebody else's.
  after: async () => Promise.resolve({}),
})
