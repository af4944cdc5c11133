import { volumeAddress } from '@varve/core/image/volume-address'
import { DiskError } from '@varve/core/problems/disk-error'
import { kernelAction, notThere } from '../kernel-action.ts'
import { renameVolume } from '../rename-volume.ts'
import { aboutVolume, namesOf } from '../volume-names.ts'

export const nameVolume = kernelAction('name-volume', {
  tool: 'lvm',
  others: ['zfs'],
  build(input) {
    const { staged, final } = namesOf(input)
    return renameVolume(staged, final)
  },
  about: aboutVolume,
  async before(input) {
    const { isStaged, isFinal, final, finalDevice } = namesOf(input)
    if (!isFinal()) return Promise.resolve(null)
    if (isStaged()) throw new DiskError('target-exists', { file: volumeAddress(final) })
    return { path: volumeAddress(final), device: finalDevice }
  },
  async after(input) {
    const { isStaged, isFinal, final, finalDevice } = namesOf(input)
    if (isFinal() && !isStaged()) return Promise.resolve({ path: volumeAddress(final), device: finalDevice })
    // As in making it.
    if (final.kind === 'lvm') throw notThere('lvm', volumeAddress(final))
    return Promise.resolve(null)
  },
})
