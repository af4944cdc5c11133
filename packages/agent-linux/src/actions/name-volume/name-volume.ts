import { dirname } from 'node:path'
import { volumeAddress } from '@varve/core/image/volume-address'
import { DiskError } from '@varve/core/problems/disk-error'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { isVolumeInLibraries } from '../in-libraries.ts'
import { kernelAction, notThere, type KernelContext } from '../kernel-action.ts'
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
  isOfLibraries: isVolumeInLibraries,
  async before(input, context) {
    const { isStaged, isFinal, final } = namesOf(input)
    if (!isFinal()) return Promise.resolve(null)
    if (isStaged()) throw new DiskError('target-exists', { file: volumeAddress(final) })
    return named(input, context)
  },
  async after(input, context) {
    const { isStaged, isFinal, final } = namesOf(input)
    if (isFinal() && !isStaged()) return Promise.resolve(named(input, context))
    // As in making it.
    if (final.kind === 'lvm') throw notThere('lvm', volumeAddress(final))
    return Promise.resolve(null)
  },
})

function named(input: ActionInput<'name-volume'>, { ports }: KernelContext) {
  const { final, finalDevice: device } = namesOf(input)
  ports.onFolderChanged?.(dirname(device))
  return { path: volumeAddress(final), device }
}
