import { existsSync } from 'node:fs'
import { volumeDevice } from '@varve/core/image/volume-address'
import { snapshotAddress } from '@varve/operations/actions/volume-snapshot'
import { volumeTag } from '@varve/operations/actions/volume-name'
import { snapshotCommand as lvmSnapshot } from '../../tools/lvcreate/commands.ts'
import { snapshotCommand as zfsSnapshot } from '../../tools/zfs/volumes.ts'
import { kernelAction, notThere } from '../kernel-action.ts'
import { datasetOf } from '../volume-names.ts'

export const snapshotVolume = kernelAction('snapshot-volume', {
  tool: 'lvm',
  others: ['zfs'],
  build(input) {
    const { volume, name } = input
    const { kind, group, volume: origin } = volume
    return kind === 'lvm'
      ? lvmSnapshot({ group, origin, name, tag: volumeTag(input) })
      : zfsSnapshot(`${datasetOf(volume)}@${name}`)
  },
  about: snapshotAddress,
  async after(input) {
    const { volume, name } = input
    // One of ZFS has no device: its tool alone tells.
    if (volume.kind === 'lvm' && !existsSync(volumeDevice({ ...volume, volume: name })))
      throw notThere('lvm', snapshotAddress(input))
    return Promise.resolve({ snapshot: snapshotAddress(input) })
  },
})
