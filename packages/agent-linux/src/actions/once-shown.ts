import type { VolumeAddress } from '@varve/core/image/volume-address'
import { notThere } from './kernel-action.ts'
import { aboutVolume } from './volume-names.ts'

/** The outcome once the kernel shows the volume as it is to be, also where an earlier attempt has seen to that. */
export function onceShown<Input extends { readonly volume: VolumeAddress }, Outcome>(
  outcome: (input: Input) => Outcome | null,
) {
  return {
    before: async (input: Input) => Promise.resolve(outcome(input)),
    async after(input: Input) {
      const shown = outcome(input)
      // LVM comes back once the kernel and udev have it; ZFS does not wait for udev.
      if (shown === null && input.volume.kind === 'lvm') throw notThere('lvm', aboutVolume(input))
      return Promise.resolve(shown)
    },
  }
}
