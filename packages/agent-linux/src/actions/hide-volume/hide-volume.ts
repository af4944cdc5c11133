import { assertNotUsed } from '@varve/agent/actions/unused'
import { isVolumeInLibraries } from '../in-libraries.ts'
import { kernelAction } from '../kernel-action.ts'
import { renameVolume } from '../rename-volume.ts'
import { assertStillHolds } from '../still-holds.ts'
import { aboutVolume, namesOf } from '../volume-names.ts'

export const hideVolume = kernelAction('hide-volume', {
  tool: 'lvm',
  others: ['zfs'],
  build(input) {
    const { staged, final } = namesOf(input)
    return renameVolume(final, staged)
  },
  about: aboutVolume,
  isOfLibraries: isVolumeInLibraries,
  async before(input, { ports, signal }) {
    const { isStaged, isFinal, final, finalDevice: path } = namesOf(input)
    // What has the name then is another one.
    if (isStaged()) return {}
    if (!isFinal()) return null
    await assertNotUsed([path], ports)
    await assertStillHolds({ ...input, volume: final }, signal)
    return null
  },
  after: async (input) => Promise.resolve(namesOf(input).isFinal() ? null : {}),
})
