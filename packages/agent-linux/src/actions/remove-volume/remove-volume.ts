import { existsSync } from 'node:fs'
import { assertNotUsed } from '@varve/agent/actions/unused'
import { volumeDevice } from '@varve/core/image/volume-address'
import { DiskError } from '@varve/core/problems/disk-error'
import { removeCommand } from '../../tools/lvremove/commands.ts'
import { destroyVolumeCommand } from '../../tools/zfs/volumes.ts'
import { kernelAction } from '../kernel-action.ts'
import { aboutVolume, datasetOf } from '../volume-names.ts'

export const removeVolume = kernelAction('remove-volume', {
  tool: 'lvm',
  others: ['zfs'],
  build({ volume, uuid }) {
    const { kind, group, volume: name } = volume
    if (kind === 'zfs') return destroyVolumeCommand(datasetOf(volume))
    if (uuid !== null) return removeCommand({ group, name, only: { uuid } })
    const reason = 'a volume of LVM is removed by its UUID'
    throw new DiskError('invalid-request', { file: aboutVolume({ volume }), reason })
  },
  about: aboutVolume,
  async before({ volume }, { ports }) {
    const device = volumeDevice(volume)
    if (existsSync(device)) await assertNotUsed([device], ports)
    return null
  },
  after: async ({ volume }) => Promise.resolve(existsSync(volumeDevice(volume)) ? null : {}),
})
