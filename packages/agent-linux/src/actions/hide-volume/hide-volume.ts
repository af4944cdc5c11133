import { assertNotUsed } from '@varve/agent/actions/unused'
import { volumeAddress } from '@varve/core/image/volume-address'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { proveDevice } from '@varve/engine/disks/prove-device'
import { kernelAction } from '../kernel-action.ts'
import { renameVolume } from '../rename-volume.ts'
import { aboutVolume, namesOf } from '../volume-names.ts'

export const hideVolume = kernelAction('hide-volume', {
  tool: 'lvm',
  others: ['zfs'],
  build(input) {
    const { staged, final } = namesOf(input)
    return renameVolume(final, staged)
  },
  about: aboutVolume,
  async before(input, { ports, signal }) {
    const { isStaged, isFinal, final, finalDevice: path } = namesOf(input)
    // What has the name then is another one.
    if (isStaged()) return {}
    if (!isFinal()) return null
    await assertNotUsed([path], ports)
    const { virtualSize, holds: expected } = input
    await proveDevice({ path, virtualSize, expected }, { signal }).catch((error: unknown) => {
      if (!isDiskError(error) || error.code !== 'digest-mismatch') throw error
      const file = volumeAddress(final)
      throw new DiskError('refused', {
        file,
        reason: 'it does not hold any more what this run wrote: somebody has changed it since',
        remedy: `Remove it by itself, if nobody needs it: varve delete ${file}`,
        layer: 'L1',
      })
    })
    return null
  },
  after: async (input) => Promise.resolve(namesOf(input).isFinal() ? null : {}),
})
